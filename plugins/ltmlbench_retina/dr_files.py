"""Folders, pictures and lists of grades, as the data sets of diabetic retinopathy lay them out."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ltmlbench.plugin import DataError, refuse_unless_regular

_PICTURES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"}


def squeezed(name: str) -> str:
    """A name without what differs between copies: case, blanks, punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def subfolders(folder: Path, depth: int = 3) -> Iterator[Path]:
    """The folder and what is below it, nearest first."""
    level = [folder]
    for _ in range(depth + 1):
        yield from level
        level = [sub for parent in level for sub in _entries(parent, folders=True)]


def _entries(folder: Path, *, folders: bool) -> list[Path]:
    """Its folders or its files, sorted, without hidden ones."""
    try:
        names = [name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    # False for a link that loops; what is neither is refused when it is read
    return [path for name in sorted(names) if (path := folder / name).is_dir() == folders]


def folder_below(folder: Path, *names: str, depth: int = 3) -> Path | None:
    """The nearest folder with one of the (squeezed) names: the folder itself or one below it."""
    return next((sub for sub in subfolders(folder, depth) if squeezed(sub.name) in names), None)


def file_below(folder: Path, name: str, depth: int = 3) -> Path | None:
    """The nearest file of that (squeezed) name."""
    for sub in subfolders(folder, depth):
        for path in _entries(sub, folders=False):
            if squeezed(path.name) == name:
                return path
    return None


def pictures_in(folder: Path) -> dict[str, Path]:
    """Name without extension -> path of the pictures that lie directly in a folder, sorted."""
    paths = _entries(folder, folders=False)
    return {path.stem: path for path in paths if path.suffix.lower() in _PICTURES}


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
    rows = _rows(sheet, delimiter)
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


def _rows(sheet: Path, delimiter: str) -> list[list[str]]:
    try:
        refuse_unless_regular(sheet)
        with open(sheet, newline="", encoding="utf-8-sig") as file:
            return list(csv.reader(file, delimiter=delimiter, skipinitialspace=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        cause = "not text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise DataError(f"{sheet}: damaged sheet ({cause}): get the file again") from error
