"""``ltmlbench check``: whether a component does what its kind promises."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ltmlbench.cli.catalog import find
from ltmlbench.errors import RequestError
from ltmlbench.hooks import KINDS
from ltmlbench.registry import registry

if TYPE_CHECKING:
    from ltmlbench.contracts import Component


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Checks components against the contract of their kind, on tiny data made on the fly.

    A line per check that does not hold: what was expected, what was found, and why it matters. The
    same checks are tests in `ltmlbench.testing.ComponentContract`.

    Exit code: 0, or 1 if a check does not hold.

    Example: ltmlbench check "loss/focal[gamma=3]" sampler/cb
    """
    parser.add_argument(
        "names", nargs="+", metavar="KIND/NAME", help="options in brackets: loss/focal[gamma=3]"
    )
    parser.add_argument("--fast", action="store_true", help="leave out checks that take seconds")
    arguments = parser.parse_args(given)
    chosen = [one for name in arguments.names for one in _kinds(name)]
    loaded = [(f"{kind}/{name}", registry().load(kind, name)) for kind, name in chosen]
    return max([_check(title, component, arguments.fast) for title, component in loaded])


def _kinds(text: str) -> list[tuple[str, str]]:
    """(kind, name with options) of what a user typed; without a kind, every kind of that name."""
    kind, slash, name = text.partition("/")
    if slash and "[" not in kind:
        if kind not in KINDS:
            raise RequestError(f"there is no kind {kind!r}; kinds: {', '.join(KINDS)}")
        return [(kind, name)]
    return [(entry.kind, text) for entry in find(text)]


def _check(title: str, component: Component, fast: bool) -> int:
    """Prints what does not hold; 1 if anything does not."""
    from ltmlbench.testing import NotApplicable, checks_of

    held, left, flaws = 0, [], 0
    for check in checks_of(component):
        if fast and check.slow:
            continue
        try:
            flaw = check.flaw(component)
        except NotApplicable as cause:
            left.append(f"  - {check.name}: not looked at: {cause}")
            continue
        if flaw:
            flaws += 1
            print(f"{title}  FAILED: {check.name}\n    {flaw}")
        else:
            held += 1
    print(f"{title}  {held} checks hold" + (f", {flaws} DO NOT" if flaws else ""))
    print(*left, sep="\n", end="\n" * bool(left))
    return 1 if flaws else 0
