"""Plain lists: a picture and the numbers of its labels per line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ltmlbench.plugin import DataError, printable, refuse_unless_regular


@dataclass(frozen=True)
class Listed:
    """A picture as the list names it, and the places of its labels, counted from 0."""

    path: str
    indices: tuple[int, ...]


def read_list(path: Path, n_labels: int, notes: list[str]) -> list[Listed]:
    """``path number number ...`` per line; a line may have no number.

    Raises:
        DataError: it cannot be read, or what follows the path is no label number.
    """
    rows = []
    trailing = 0
    for line, text in _lines(path):
        name, *numbers = text.split()
        trailing += text != text.rstrip()
        for number in numbers:
            if not number.isdecimal() or int(number) >= n_labels:
                raise DataError(
                    f"{path}, line {line}: {printable(number)!r} is no number of a label "
                    f"(0 to {n_labels - 1})"
                )
        rows.append(Listed(name, tuple(map(int, numbers))))
    if not rows:
        raise DataError(f"{path}: the list is empty: get the file again")
    bare = [row for row in rows if not row.indices]
    if bare:
        notes.append(
            f"{path.name}: {len(bare)} of {len(rows)} pictures have no label (such as "
            f"{printable(bare[0].path)}): negatives of all labels"
        )
    if trailing:
        notes.append(f"{path.name}: blanks at the end of {trailing} lines, without meaning")
    return rows


def read_names_of_pictures(path: Path) -> list[str]:
    """The first word of every line.

    Raises:
        DataError: it cannot be read, or is empty.
    """
    names = [text.split()[0] for _, text in _lines(path)]
    if not names:
        raise DataError(f"{path}: the list is empty: get the file again")
    return names


def read_names(path: Path, n_labels: int) -> list[str]:
    """``name number`` per line, names with blanks in them: the names in the order of the numbers.

    Raises:
        DataError: it cannot be read, or the numbers are not 0 to ``n_labels`` - 1, once each.
    """
    named: dict[int, str] = {}
    for line, text in _lines(path):
        name, _, number = text.strip().rpartition(" ")
        if not name or not number.isdecimal() or int(number) in named:
            raise DataError(f"{path}, line {line}: a name and a number of its own are needed")
        named[int(number)] = name.strip()
    if sorted(named) != list(range(n_labels)):
        raise DataError(f"{path}: {len(named)} labels, 0 to {n_labels - 1} are needed")
    return [named[index] for index in range(n_labels)]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of the lines that are not empty."""
    try:
        refuse_unless_regular(path)
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}): get the file again") from error
    for line, text in enumerate(content.splitlines(), start=1):
        if text.strip():
            yield line, text
