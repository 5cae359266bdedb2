"""The CSV files in which data sets hand out their labels."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ltmlbench.data.files import refuse_unless_regular
from ltmlbench.data.folders import squeezed
from ltmlbench.errors import DataError, printable

_FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True}


def csv_rows(
    path: Path, *, delimiter: str = ",", encodings: Sequence[str] = ("utf-8-sig",)
) -> list[list[str]]:
    """The cells of a CSV file, as they are written.

    Args:
        encodings: the first that fits is used.

    Raises:
        DataError: it cannot be read, or is no text in any of the encodings.
    """
    problem: Exception | None = None
    for encoding in encodings:
        try:
            refuse_unless_regular(path)
            with open(path, newline="", encoding=encoding) as file:
                return list(csv.reader(file, delimiter=delimiter, skipinitialspace=True))
        except UnicodeDecodeError as error:
            problem = error
        except (OSError, csv.Error) as error:
            problem = error
            break
    cause = "not text in UTF-8" if isinstance(problem, UnicodeDecodeError) else str(problem)
    raise DataError(f"{path}: damaged sheet ({cause}): get the file again") from problem


@dataclass(frozen=True)
class Sheet:
    """A table of text. Cells are without blanks at their ends; empty lines are left out.

    ``lines``: the row's number in the file, counted from 1, for whoever has to mend it.
    """

    path: Path
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def has(self, *names: str) -> bool:
        """Whether there is a column of one of these names."""
        return bool(self._places(names))

    def column(self, *names: str) -> tuple[str, ...]:
        """The cells of the column with one of these names; case, blanks and punctuation do not
        count.

        Raises:
            DataError: there is no such column, or several.
        """
        places = self._places(names)
        if len(places) != 1:
            problem = "is missing" if not places else f"is there {len(places)} times"
            raise DataError(f"{self.path}: column {names[0]!r} {problem}: get the file again")
        return tuple(row[places[0]] for row in self.rows)

    def labels(self, columns: Mapping[str, str]) -> list[tuple[str, ...]]:
        """The labels of every row, from columns of 0 and 1.

        Args:
            columns: heading of a column, as it is -> the label it is of.

        Raises:
            DataError: a column is missing, or a cell holds anything but 0 and 1.
        """
        missing = [name for name in columns if name not in self.heading]
        if missing:
            named = ", ".join(map(printable, missing[:5])) + (", ..." if len(missing) > 5 else "")
            raise DataError(f"{self.path}: label columns are missing: {named}")
        places = [(self.heading.index(name), label) for name, label in columns.items()]
        return [tuple(self._flagged(row, line, places)) for row, line in self._numbered()]

    def take(self, keep: Sequence[bool]) -> Sheet:
        """Some of the rows."""
        rows = tuple(row for row, kept in zip(self.rows, keep, strict=True) if kept)
        lines = tuple(line for line, kept in zip(self.lines, keep, strict=True) if kept)
        return Sheet(self.path, self.heading, rows, lines)

    def _numbered(self) -> Iterator[tuple[tuple[str, ...], int]]:
        return zip(self.rows, self.lines, strict=True)

    def _flagged(
        self, row: Sequence[str], line: int, places: Sequence[tuple[int, str]]
    ) -> Iterator[str]:
        for place, label in places:
            flag = _FLAGS.get(row[place])
            if flag is None:
                raise DataError(
                    f"{self.path}, line {line}: {printable(self.heading[place])} is "
                    f"{printable(row[place])!r}, 0 or 1 is needed"
                )
            if flag:
                yield label

    def _places(self, names: Sequence[str]) -> list[int]:
        wanted = {squeezed(name) for name in names}
        return [place for place, cell in enumerate(self.heading) if squeezed(cell) in wanted]


def read_sheet(
    path: Path, *, delimiter: str = ",", encodings: Sequence[str] = ("utf-8-sig",)
) -> Sheet:
    """A CSV file whose first line names the columns.

    Columns without a name and cells behind the last column may be there if they are empty.

    Raises:
        DataError: it cannot be read, has no rows, or a row is longer than the heading.
    """
    cells = csv_rows(path, delimiter=delimiter, encodings=encodings)
    stripped = [(line, [cell.strip() for cell in row]) for line, row in enumerate(cells, start=1)]
    filled = [(line, row) for line, row in stripped if any(row)]
    if len(filled) < 2:
        raise DataError(f"{path}: the sheet holds no rows: get the file again")
    (_, heading), *body = filled
    width = len(heading)
    for line, row in body:
        if any(row[width:]):
            raise DataError(
                f"{path}, line {line}: {len(row)} cells, the heading has {width}: a cell that "
                f"holds {delimiter!r} has to be in quotes"
            )
    rows = tuple(tuple(row[:width] + [""] * (width - len(row))) for _, row in body)
    return Sheet(path, tuple(heading), rows, tuple(line for line, _ in body))
