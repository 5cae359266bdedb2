"""Lists of grades and of masks, as the data sets of diabetic retinopathy lay them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ltmlbench.plugin import DataError, csv_rows, pictures_in, squeezed


def masks_in(folder: Path | None, suffix: str = "") -> dict[str, Path] | None:
    """Name of the photograph -> its mask of one lesion; None where the lesion was not looked for:
    there is no folder, or nothing in it."""
    masks = pictures_in(folder) if folder else {}
    return {name.removesuffix(suffix): path for name, path in masks.items()} or None


def listed(folder: Path, *named: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """Name and path of the pictures in a folder, then of those that sheets or masks name but that
    are not there (their paths do not exist)."""
    pictures = pictures_in(folder) if folder.is_dir() else {}
    yield from pictures.items()
    for name in dict.fromkeys(name for names in named for name in names):
        if name not in pictures:
            yield name, folder / name


def read_grades(
    sheet: Path, columns: tuple[str, str] | None, *, delimiter: str = ",", top: int = 4
) -> dict[str, int]:
    """Name of the photograph without extension -> grade, 0 to ``top``.

    Args:
        columns: headings of name and grade; None: no heading, they are the first two columns.

    Raises:
        DataError: not text, a column is missing, a grade is none, or one name has two.
    """
    rows = csv_rows(sheet, delimiter=delimiter)
    name, grade, first = 0, 1, 1
    if columns is not None:
        heading = [squeezed(cell) for cell in rows[0]] if rows else []
        if not {squeezed(column) for column in columns} <= set(heading):
            raise DataError(f"{sheet}: columns {columns[0]!r} and {columns[1]!r} are needed")
        name, grade = (heading.index(squeezed(column)) for column in columns)
        rows, first = rows[1:], 2
    found: dict[str, int] = {}
    for number, row in enumerate(rows, start=first):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) <= max(name, grade) or cells[grade] not in map(str, range(top + 1)):
            raise DataError(f"{sheet}, line {number}: a grade from 0 to {top} is needed")
        photograph = Path(cells[name]).stem
        if found.setdefault(photograph, int(cells[grade])) != int(cells[grade]):
            raise DataError(f"{sheet}, line {number}: {photograph} has another grade above")
    return found
