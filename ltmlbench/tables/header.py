"""Does the first line name the columns? And what are their names?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ltmlbench.errors import DataError
from ltmlbench.tables.words import listed

GAPS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "none", "?", "<NA>")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_ZERO_ONE = re.compile(r"-?[01](\.0*)?")


def names_columns(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool | None:
    """Whether the first row names the columns of the others; None if nothing tells.

    A first row of numbers is data, unless it counts 0, 1, 2 … or its numbers stand above columns
    that hold only 0 and 1.
    """
    numeric = [NUMBER.fullmatch(cell.strip()) is not None for cell in first]
    columns = [[row[c].strip() for row in body if c < len(row)] for c in range(len(first))]
    held = [[cell for cell in cells if cell not in GAPS] for cells in columns]
    if _counts(first):
        return True
    text, years, data = False, False, False
    for cell, is_number, cells in zip(first, numeric, held, strict=True):
        if not cells or not all(NUMBER.fullmatch(other) for other in cells):
            continue
        if not is_number:
            text |= cell.strip() not in GAPS  # text above numbers
        elif all(map(_ZERO_ONE.fullmatch, cells)) and not _ZERO_ONE.fullmatch(cell.strip()):
            years = True  # 2019 above a column of 0 and 1
        else:
            data = True
    if not body and any(numeric):
        return False if all(numeric) else None
    return True if text else False if data else True if years else None


def _counts(first: Sequence[str]) -> bool:
    """0, 1, 2 … or 1, 2, 3 …, as pandas writes nameless columns; an index stands before them."""
    cells = [cell.strip() for cell in first]
    if cells and cells[0] == "":
        cells = cells[1:]
    if len(cells) < 3:
        return len(cells) == 2 and len(first) == 3 and cells == ["0", "1"]
    return any(cells == [str(c + start) for c in range(len(cells))] for start in (0, 1))


def cleaned(names: Sequence[str]) -> list[str]:
    """Without blanks around; a column without a name is called as pandas calls it."""
    stripped = [name.strip().strip("\ufeff").strip() for name in names]
    return [name or f"Unnamed: {c}" for c, name in enumerate(stripped)]


def check_unique(names: Sequence[str]) -> None:
    """Raises:
    DataError: a name repeats.
    """
    if repeated := [name for name, times in Counter(names).items() if times > 1]:
        raise DataError(f"column names repeat: {listed(repeated)}")


def numbered(width: int) -> list[str]:
    """Names of columns that have none."""
    return [str(c) for c in range(width)]
