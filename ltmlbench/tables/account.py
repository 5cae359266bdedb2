"""What is printed about a file before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ltmlbench.tables.table import HowRead
from ltmlbench.tables.words import listed, short

_GROUPS = 6  # reasons that are told one by one


@dataclass(frozen=True)
class Account:
    """How a file was read and its labels taken.

    Args:
        how: how it was read.
        size: rows and columns, in words.
        taken: what became labels, in words: "4 columns of 0 and 1".
        names: of the labels.
        passed: column -> why it is no label.
        notes: what was guessed, skipped or looks odd, a line each.
        otherwise: the flags that say otherwise.
    """

    how: HowRead
    size: str
    taken: str
    names: Sequence[str]
    passed: Mapping[str, str]
    notes: Sequence[str]
    otherwise: str

    def lines(self) -> list[str]:
        """A few lines, however many columns there are."""
        shown = [
            f"read: {self.how}, {self.size}",
            f"labels: {self.taken}: {listed(self.names, 12)}",
            f"no labels: {self._passed()}",
            *(f"note: {short(note, 300)}" for note in self.notes),
            f"to say otherwise: {self.otherwise}",
        ]
        return shown

    def _passed(self) -> str:
        """Columns with the same reason together."""
        groups: dict[str, list[str]] = {}
        for name, why in self.passed.items():
            groups.setdefault(why, []).append(name)
        if len(groups) > _GROUPS:  # ranges of numbers all differ
            merged: dict[str, list[str]] = {}
            for why, names in groups.items():
                word = "numbers" if why.startswith("numbers") else why
                word = "texts" if word.endswith("different texts") else word
                merged.setdefault(word, []).extend(names)
            groups = merged
        told = [f"{listed(names, 6)} ({why})" for why, names in groups.items()]
        return "; ".join(told) or "no other column"
