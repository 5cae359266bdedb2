"""The command line. Only the module of the verb in use is imported, so help starts at once.

Plugins add verbs (`ltmlbench_commands`); a verb of the bench itself is never theirs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING

from ltmlbench.cli.arguments import Filled, Parser, Unasked
from ltmlbench.cli.ending import exit_code

if TYPE_CHECKING:
    from ltmlbench.hooks import Command
    from ltmlbench.plugins import Plugin

Verb = Callable[[argparse.ArgumentParser, Sequence[str]], int]

VERBS = {
    "run": ("ltmlbench.cli.run", "run a benchmark, or resume one that was stopped"),
    "plan": ("ltmlbench.cli.plan", "what would run, what is stored, how long it will take"),
    "report": ("ltmlbench.cli.report", "rewrite table and report from the stored predictions"),
    "merge": ("ltmlbench.cli.merge", "one output folder of several, and what differs between them"),
    "audit": ("ltmlbench.cli.audit", "which numbers of a published table contradict each other"),
    "compare": ("ltmlbench.cli.compare", "which differences are decided, and how small one can be"),
    "leaderboard": ("ltmlbench.cli.leaderboard", "rows of several output folders in one metric"),
    "explain": ("ltmlbench.cli.explain", "draw where the network of a run looks"),
    "why": ("ltmlbench.cli.why", "how the identities of two results differ"),
    "list": ("ltmlbench.cli.catalog:list", "the components you can name, by kind"),
    "info": ("ltmlbench.cli.catalog:info", "options, defaults and source of a component"),
    "plugins": ("ltmlbench.cli.catalog:plugins", "installed plugins, and what is broken in them"),
    "new": ("ltmlbench.cli.new", "a plugin package to start from, for any kind of component"),
    "check": ("ltmlbench.cli.check", "whether a component does what its kind promises"),
    "doctor": ("ltmlbench.cli.doctor", "what is installed, on which machine, and what is amiss"),
    "cache": ("ltmlbench.cli.cache", "what is stored, and removing what no result refers to"),
    "completion": ("ltmlbench.cli.completion", "completes commands and names with the Tab key"),
    "data": ("ltmlbench.cli.data", "check a data folder, write its labels, draw samples"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb. Returns the exit code (see `ltmlbench.cli.ending`)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return exit_code(lambda: _answer(given), given[0] if given else "")


def _answer(given: Sequence[str]) -> int:
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what the Tab key may complete
        from ltmlbench.cli.completion import answer

        answer([*VERBS, *(command.verb for command, _ in _added())], parser_of)
    if list(given[:1]) in (["-V"], ["--version"]):
        from ltmlbench import __version__

        print(f"ltmlbench {__version__}")
        return 0
    if not given or given[0] in ("-h", "--help"):
        print(_help())
        return 0 if given else 2
    return _run_verb(given[0], given[1:])


def _run_verb(verb: str, given: Sequence[str]) -> int:
    # Threads that wait for one another sleep instead of spinning: beside any other busy process
    # spinning made a training step 16 times slower (2 cores). Read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    command = _command(verb)
    return command(_parser(Parser, verb, command), given)


def parser_of(verb: str) -> argparse.ArgumentParser:
    """The parser of a verb, its options added; nothing is parsed or done.

    Raises:
        RequestError: there is no such verb.
    """
    command = _command(verb)
    parser = _parser(Unasked, verb, command)
    with suppress(Filled):
        command(parser, [])
    return parser


def _parser(cls: type[Parser], verb: str, command: Verb) -> Parser:
    return cls(
        prog=f"ltmlbench {verb}",
        description=cleandoc(command.__doc__ or ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _command(verb: str) -> Verb:
    return _built_in(verb) if verb in VERBS else _of_a_plugin(verb)


def _built_in(verb: str) -> Verb:
    name, _, attribute = VERBS[verb][0].partition(":")
    module = import_module(name)
    command: Verb = getattr(module, f"{attribute}_command" if attribute else "command")
    return command


def _of_a_plugin(verb: str) -> Verb:
    from ltmlbench.errors import RequestError, did_you_mean
    from ltmlbench.plugins import OWN, folder_kept, isolated

    added = _added()
    found = [(command, plugin) for command, plugin in added if command.verb == verb]
    found = [one for one in found if one[1].distribution == OWN] or found
    if not found:
        hint = did_you_mean(verb, [*VERBS, *(command.verb for command, _ in added)])
        raise RequestError(f"there is no command {verb!r}{hint}; see ltmlbench --help")
    if len(found) > 1:
        owners = " and ".join(repr(plugin.distribution) for _, plugin in found)
        raise RequestError(f"command {verb!r} is claimed by {owners}: only one may be installed")
    ((command, plugin),) = found
    module, _, name = command.target.partition(":")
    target: Verb | None = None
    causes: list[str] = []
    with isolated(causes.append), folder_kept(plugin):
        target = getattr(import_module(module), name)
    if target is None:
        raise RequestError(
            f"command {verb!r} of {plugin.distribution!r} cannot be loaded from "
            f"{command.target!r}: {causes[0]}"
        )
    return target


def _added() -> list[tuple[Command, Plugin]]:
    """The verbs that plugins add."""
    from ltmlbench.registry import registry

    return registry().commands(VERBS)


def _help() -> str:
    verbs = [(verb, summary) for verb, (_, summary) in VERBS.items()]
    verbs += [(command.verb, command.summary) for command, _ in _added()]
    width = max(len(verb) for verb, _ in verbs)
    lines = [
        "usage: ltmlbench COMMAND [options]",
        "",
        "Runs long-tailed multi-label recognition methods side by side and prints an honest table.",
        "",
        "commands:",
        *(f"  {verb:<{width}}  {summary}" for verb, summary in verbs),
        "",
        "`ltmlbench run` alone compares four methods on an embedded, simulated data set.",
        "`ltmlbench COMMAND --help` lists the options of one command.",
    ]
    return "\n".join(lines)
