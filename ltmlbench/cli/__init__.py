"""The command line. Only the module of the verb in use is imported, so help starts at once."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from inspect import cleandoc

VERBS = {
    "run": ("ltmlbench.cli.run", "run a benchmark; one that was stopped goes on"),
    "plan": ("ltmlbench.cli.plan", "what would run, what is stored already, how long is left"),
    "report": ("ltmlbench.cli.report", "table and report again, from the stored predictions"),
    "explain": ("ltmlbench.cli.explain", "a picture of where the network of a run looks"),
    "why": ("ltmlbench.cli.why", "how the identities of two results differ"),
    "list": ("ltmlbench.cli.catalog:list", "components that can be named, by kind"),
    "info": ("ltmlbench.cli.catalog:info", "options, defaults, source of one component"),
    "plugins": ("ltmlbench.cli.catalog:plugins", "installed plugins, and what broke"),
    "subsets": ("ltmlbench.cli.subsets", "divide the labels of any file into relational subsets"),
    "data": ("ltmlbench.cli.data", "check a data folder, write its labels, draw samples of it"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb. Returns the exit code: 0 done, 1 some runs failed, 2 the request was wrong."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):  # a terminal may lack a letter of a label's name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if given[:1] in (["-V"], ["--version"]):
        from ltmlbench import __version__

        print(f"ltmlbench {__version__}")
        return 0
    if not given or given[0] in ("-h", "--help"):
        print(_help())
        return 0 if given else 2
    verb = given[0]
    if verb not in VERBS:
        import difflib

        close = difflib.get_close_matches(verb, VERBS, n=1)
        hint = f", did you mean {close[0]!r}?" if close else ""
        print(
            f"ltmlbench: there is no command {verb!r}{hint} See ltmlbench --help", file=sys.stderr
        )
        return 2
    return _run_verb(verb, given[1:])


def _run_verb(verb: str, given: Sequence[str]) -> int:
    from ltmlbench.cli.arguments import Parser
    from ltmlbench.errors import LtmlbenchError

    # Threads that wait for one another sleep instead of spinning: beside any other busy process
    # spinning made a training step 16 times slower (2 cores). Read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    target, summary = VERBS[verb]
    name, _, attribute = target.partition(":")
    module = import_module(name)
    command = getattr(module, f"{attribute}_command") if attribute else module.command
    parser = Parser(
        prog=f"ltmlbench {verb}",
        description=cleandoc(command.__doc__ or summary),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    try:
        code: int = command(parser, given)
    except LtmlbenchError as error:
        print(f"ltmlbench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "\nltmlbench: stopped; the same command goes on from here"
            if verb == "run"
            else "\nltmlbench: stopped",
            file=sys.stderr,
        )
        return 130
    except BrokenPipeError:  # `ltmlbench list | head`
        sys.stderr.close()
        return 0
    return code


def _help() -> str:
    lines = [
        "usage: ltmlbench COMMAND [options]",
        "",
        "Runs long-tailed multi-label recognition methods side by side and prints an honest table.",
        "",
        "commands:",
        *(f"  {verb:<9} {summary}" for verb, (_, summary) in VERBS.items()),
        "",
        "`ltmlbench run` alone compares four methods on an embedded, simulated data set.",
        "`ltmlbench COMMAND --help` lists the options of one command.",
    ]
    return "\n".join(lines)
