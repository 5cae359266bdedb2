"""``ltmlbench completion``, and what the Tab key is answered.

The shell starts ``ltmlbench`` at every Tab, with variables of argcomplete in the environment. So
names of plugins complete as soon as they are installed, and the parsers are those of the verbs.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import NoReturn

from ltmlbench.hooks import KINDS
from ltmlbench.registry import registry

# option or argument -> the kinds of components whose names it takes
_TAKES = {
    "methods": ("method",),
    "dataset": ("dataset",),
    "backbones": ("backbone",),
    "metrics": ("metric",),
    "metric": ("metric",),
    "engine": ("engine",),
    "tracker": ("tracker",),
    "source": ("dataset",),
    "name": tuple(KINDS),
    "names": tuple(KINDS),
}


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Prints what a shell has to read so that the Tab key completes commands, options, and the
    names of components, those of plugins too.

    Example, once per shell:

    bash    ltmlbench completion bash >> ~/.bashrc
    zsh     ltmlbench completion zsh >> ~/.zshrc
    fish    ltmlbench completion fish > ~/.config/fish/completions/ltmlbench.fish
    """
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))
    shell = parser.parse_args(given).shell

    from argcomplete.shell_integration import shellcode

    print(shellcode(["ltmlbench"], shell=shell))
    return 0


def answer(verbs: Sequence[str], parser_of: Callable[[str], argparse.ArgumentParser]) -> NoReturn:
    """Tells the shell how the words before the cursor may go on, and ends the process.

    Args:
        parser_of: the parser of a verb, with its options.
    """
    import argcomplete

    before = os.environ["COMP_LINE"][: int(os.environ["COMP_POINT"])]
    words = before.split()
    if len(words) < 2 or (len(words) == 2 and not before[-1].isspace()):
        parser = argparse.ArgumentParser("ltmlbench")
        parser.add_argument("command", choices=verbs)
    else:
        os.environ["_ARGCOMPLETE"] = "2"  # the verb is part of what is called
        parser = parser_of(words[1])
        for action in parser._actions:
            if completer := _completer(words[1], action.dest):
                action.completer = completer  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)
    raise SystemExit(1)  # argcomplete has ended the process, unless it was not asked at all


def _completer(verb: str, argument: str) -> Callable[..., list[str]] | None:
    if argument == "kind":
        return lambda **_: list(KINDS)
    if argument not in _TAKES or verb == "new":  # which asks for a name nobody has yet
        return None
    return lambda prefix, **_: completed(_TAKES[argument], prefix)


def completed(kinds: Sequence[str], prefix: str) -> list[str]:
    """Names of components that ``prefix`` may go on with: one, another after a comma, or one after
    its kind.

    >>> completed(["feed"], "")
    ['pictures', 'vectors']
    >>> completed(["feed", "loss"], "feed/")
    ['feed/pictures', 'feed/vectors']
    >>> "ib,cb" in completed(["sampler"], "ib,c")
    True
    """
    cut = max(prefix.rfind(","), prefix.rfind("/")) + 1
    kind = prefix[:cut].rstrip("/")
    chosen = [kind] if kind in kinds else kinds
    return sorted({prefix[:cut] + name for one in chosen for name in _names(one)})


def _names(kind: str) -> list[str]:
    return [name for e in registry().entries(kind) for name in registry().typed(e)]
