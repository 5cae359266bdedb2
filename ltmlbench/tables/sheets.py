"""The first sheet of an Excel file."""

from __future__ import annotations

import io
from collections.abc import Collection
from typing import Any

from ltmlbench.errors import DataError
from ltmlbench.tables.header import check_unique, cleaned, names_columns, numbered
from ltmlbench.tables.options import FileOptions
from ltmlbench.tables.packed import Packed
from ltmlbench.tables.table import HowRead, Table
from ltmlbench.tables.words import listed, short


def read_sheet(packed: Packed, options: FileOptions, texts: Collection[str]) -> Table:
    """An .xlsx file; rows and columns without a value are left out."""
    import pandas as pd

    with pd.ExcelFile(io.BytesIO(packed.content()), engine="openpyxl") as book:
        sheets = [str(name) for name in book.sheet_names]
        cells = book.parse(0, header=None, dtype=object, keep_default_na=False, na_values=[""])
    cells = cells.dropna(how="all").dropna(how="all", axis="columns")
    if cells.empty:
        raise DataError(f"the sheet {sheets[0]!r} is empty")
    notes = []
    if len(sheets) > 1:
        others = listed(sheets[1:])
        notes.append(f"the first sheet, {sheets[0]!r}, is read; not {others}: save another alone")
    if len(cells) > 2 and cells.shape[1] > 2 and cells.iloc[0].notna().sum() == 1:
        title = cells.iloc[0].dropna().iloc[0]
        notes.append(f"the line above the names is skipped: {short(title)}")
        cells = cells.iloc[1:].dropna(how="all", axis="columns")
    rows = [[_text(cell) for cell in row] for row in cells.head(1000).itertuples(index=False)]
    header = options.header
    if header is None:
        header = names_columns(rows[0], rows[1:]) is not False
    names = cleaned(rows[0]) if header else numbered(len(rows[0]))
    check_unique(names)
    frame = (cells.iloc[1:] if header else cells).reset_index(drop=True)
    if frame.empty:
        raise DataError("there is no row of data below the names")
    frame.columns = pd.Index(names)
    for name in names:
        if name.lower() in texts:
            frame[name] = frame[name].map(_text)
    how = HowRead("Excel", header=header, notes=tuple(notes))
    return Table(packed.path, how, frame.infer_objects())


def _text(cell: Any) -> str:
    """A cell as a person sees it: Excel keeps 7 as 7.0."""
    if cell is None or cell != cell:
        return ""
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell).strip()
