"""Checks of a component: named sentences that hold or say in one line what does not, and why that
matters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ltmlbench.plugins import cause_of, one_line


class Unmet(AssertionError):
    """What a check expected is not so; the text says what was expected and what was found."""


class NotApplicable(Exception):
    """A check has nothing to look at; the text says what it would need."""


def expect(met: bool, expected: str, found: object = "") -> None:
    """Goes on if ``met``.

    Args:
        expected: what should be so, to follow the word "expected".
        found: what is so instead; empty if that goes without saying.

    Raises:
        Unmet: it is not.
    """
    if not met:
        raise Unmet(f"expected {expected}" + (f", found {found}" if str(found) else ""))


@dataclass(frozen=True)
class Check:
    """One property of a kind of component.

    Args:
        kinds: the kinds it is for; empty: every kind.
        name: the property, a sentence.
        why: what goes wrong without it.
        look: raises if a component lacks it.
        slow: whether it takes seconds.
    """

    kinds: tuple[str, ...]
    name: str
    why: str
    look: Callable[[Any], None]
    slow: bool = False

    def __str__(self) -> str:
        return self.name

    def flaw(self, component: Any) -> str:
        """Why a component does not pass, one line; empty if it passes.

        Raises:
            NotApplicable: there is nothing to look at.
        """
        try:
            self.look(component)
        except NotApplicable:
            raise
        except Unmet as unmet:
            found = str(unmet)
        except Exception as error:  # the component's own code may raise anything
            found = f"it raised {cause_of(error)}"
        else:
            return ""
        return f"{one_line(found, 400)} ({self.why})"


ALL: list[Check] = []
"""Every check, in the order in which they are made."""


def check(
    *kinds: str, name: str, why: str, slow: bool = False
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Makes a function a `Check` of some kinds; of every kind if none is given."""

    def note(look: Callable[[Any], None]) -> Callable[[Any], None]:
        ALL.append(Check(kinds, name, why, look, slow))
        return look

    return note
