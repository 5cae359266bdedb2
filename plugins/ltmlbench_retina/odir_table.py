"""Reads one annotation sheet of ODIR-5K (xlsx or CSV) and cleans its cells."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltmlbench.plugin import DataError, printable, refuse_unless_regular

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {
    "id": "id",
    "patientage": "age",
    "patientsex": "sex",
    "leftfundus": "left_file",
    "rightfundus": "right_file",
    "leftdiagnostickeywords": "left_keywords",
    "rightdiagnostickeywords": "right_keywords",
}
_NEEDED = ("id", "left_file", "right_file", "left_keywords", "right_keywords")
_OFFICIAL = {  # copies of the sheet rename the label columns
    "n": "N",
    "normal": "N",
    "d": "D",
    "diabetes": "D",
    "g": "G",
    "glaucoma": "G",
    "c": "C",
    "cataract": "C",
    "a": "A",
    "amd": "A",
    "agerelatedmaculardegeneration": "A",
    "h": "H",
    "hypertension": "H",
    "m": "M",
    "myopia": "M",
    "pathologicalmyopia": "M",
    "o": "O",
    "other": "O",
    "others": "O",
    "otherdiseases": "O",
    "otherdiseasesabnormalities": "O",
}
_HEAD = 2**16
_PLAIN_ID = re.compile(r"[^\W_][\w-]*(\.[\w-]+)*")
_NUMBER = re.compile(r"[+-]?\d+\.\d*|[+-]?\d+(\.\d*)?e[+-]?\d+", re.IGNORECASE)
_YEARS = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*-?(?:y|yrs?|years?|岁)?\.?(?:\s*old)?", re.IGNORECASE)


def read_table(path: Path) -> tuple[pd.DataFrame, list[str]] | None:
    """The sheet under our column names, one row per patient, and notes; None if it is some other
    table. Columns: ``id, left_file, right_file, left_keywords, right_keywords`` as text; where they
    are there ``age`` (years, NaN unknown), ``sex`` (text) and N ... O (1, 0 or NaN).

    Raises:
        DataError: the sheet is damaged, has no rows, lacks columns, or gives one ID twice.
    """
    notes: list[str] = []
    found = [
        (tab, table)
        for tab, raw in _tables(path, notes)
        if (table := _our_columns(path, raw)) is not None
    ]
    if not found:
        return None
    tab, table = found[0]
    if len(found) > 1:
        others = ", ".join(printable(name) for name, _ in found[1:])
        notes.append(f"several tabs are annotation sheets; {printable(tab)} is used, not {others}")
    table = _clean(path, table, notes)
    return table, [f"{path.name}: {note}" for note in notes]


def _tables(path: Path, notes: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and cells of every tab; a CSV is one tab, and only read if its heading may be ours."""
    import pandas as pd

    try:
        refuse_unless_regular(path)
        if path.suffix == ".csv":
            table = _read_csv(path, notes)
            yield from [] if table is None else [("", table)]
            return
        tabs = pd.read_excel(path, sheet_name=None, dtype=object, na_filter=False)
    except DataError:
        raise
    except Exception as error:  # a damaged sheet raises anything from BadZipFile to KeyError
        cause = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: damaged sheet ({cause}): get the file again") from error
    yield from ((str(name), tab) for name, tab in tabs.items())


def _read_csv(path: Path, notes: list[str]) -> pd.DataFrame | None:
    """Cells as text; None if the heading is of some other table."""
    import pandas as pd

    with open(path, "rb") as file:
        head = file.read(_HEAD)
    heading, _ = _decoded(head[: head.rfind(b"\n") + 1 or None], errors="ignore")
    separator = max(",;\t|", key=lambda sep: len(_known(_cells(heading, sep)[:1])))
    if len(_known(_cells(heading, separator)[:1])) < 2:
        return None
    text, encoding = _decoded(path.read_bytes())
    if encoding not in ("utf-8", "utf-8-sig"):
        notes.append(f"not UTF-8, read as {encoding}")
    if separator != ",":
        notes.append(f"separated by {separator!r}")
    names, *rows = _cells(text, separator)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names) and any(cell.strip() for cell in row[len(names) :] or row):
            raise DataError(
                f"{path}: row {number} has {len(row)} cells, the heading {len(names)}: a cell that "
                f"holds {separator!r} has to be in quotes"
            )
    width = len(names)
    return pd.DataFrame([row[:width] for row in rows if len(row) >= width], columns=names)


def _cells(text: str, separator: str) -> list[list[str]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    return [row for row in rows if row]


def _decoded(data: bytes, errors: str = "strict") -> tuple[str, str]:
    """Text and its encoding. GB18030 is what a Chinese Excel writes; Latin-1 reads anything."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors), "UTF-16"
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding, errors), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "Latin-1"


def _flat(heading: object) -> str:
    return re.sub("[^a-z]", "", str(heading).lower())


def _known(rows: Sequence[Sequence[str]]) -> set[str]:
    """Which of our columns, but for the labels', a heading has."""
    return (
        {_COLUMNS[flat] for cell in rows[0] if (flat := _flat(cell)) in _COLUMNS} if rows else set()
    )


def _our_columns(path: Path, raw: pd.DataFrame) -> pd.DataFrame | None:
    names = {c: _COLUMNS.get(_flat(c)) or _OFFICIAL.get(_flat(c)) for c in raw.columns}
    table = raw[[c for c, name in names.items() if name]].rename(columns=names)
    table = table.loc[:, ~table.columns.duplicated()]
    missing = [name for name in _NEEDED if name not in table.columns]
    if len(missing) > 3:
        return None
    if missing:
        raise DataError(
            f"{path}: columns are missing ({', '.join(missing)}): not the official sheet"
        )
    if table.empty:
        raise DataError(f"{path}: the sheet has a heading and no rows: get the file again")
    return table


def _clean(path: Path, table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """One row per patient, every cell of the type `read_table` names."""
    import pandas as pd

    table = table.copy()
    raw_ids = [_text(value) for value in table["id"]]
    for name in ("left_file", "right_file", "left_keywords", "right_keywords", "sex"):
        if name in table:
            table[name] = [_text(value) for value in table[name]]
    used = [any(row) for row in zip(*(table[name] for name in _NEEDED[1:]), strict=True)]
    table["id"] = [_plain_id(value) for value in table["id"]]
    nameless = [not raw and filled for raw, filled in zip(raw_ids, used, strict=True)]
    if any(nameless):
        notes.append(f"{sum(nameless)} rows left out: they have no ID")
    odd = [raw for raw, plain in zip(raw_ids, table["id"], strict=True) if raw and not plain]
    if odd:
        notes.append(
            f"{len(odd)} rows left out: their ID is no whole number and no plain name "
            f"({first(map(repr, map(printable, odd)))})"
        )
    if "age" in table:
        table["age"] = _ages(list(table["age"]), notes)
    for label in dict.fromkeys(_OFFICIAL.values()):
        if label in table:
            table[label] = pd.to_numeric(table[label], errors="coerce")
    table = table[table["id"] != ""].drop_duplicates()
    if table.empty:
        raise DataError(f"{path}: no row of the sheet has a usable ID: get the file again")
    twice = table["id"][table["id"].duplicated()].unique()
    if len(twice):
        raise DataError(
            f"{path}: {len(twice)} IDs have two rows that differ ({first(twice)}): keep one each"
        )
    return table.reset_index(drop=True)


def _text(value: Any) -> str:
    """A cell as text; empty for what spreadsheets leave in empty cells."""
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if missing else str(value).strip()


def _plain_id(value: Any) -> str:
    """An ID that may stand in file names and tables; empty if the cell holds none. IDs that a
    spreadsheet spoiled (1.9E+38) or turned into dates are none."""
    if isinstance(value, bool) or (isinstance(value, int | float) and abs(value) >= 2**53):
        return ""  # numbers that long have lost their last digits
    text = re.sub(r"(?<=\d)\.0+\Z", "", _text(value))
    plain = _PLAIN_ID.fullmatch(text) and not _NUMBER.fullmatch(text) and len(text) <= 64
    return text if plain and text.isprintable() else ""


def _ages(cells: Sequence[Any], notes: list[str]) -> list[float]:
    """Years; NaN for what is no age."""
    ages, odd = [], []
    for cell in map(_text, cells):
        match = _YEARS.fullmatch(cell)
        age = float(match[1]) if match else math.nan
        ages.append(age if age <= 130 else math.nan)
        if cell and math.isnan(ages[-1]) and cell.lower() not in ("unknown", "nan", "n/a", "na"):
            odd.append(cell)
    if odd:
        examples = first(map(repr, map(printable, dict.fromkeys(odd))))
        notes.append(f"{len(odd)} ages are taken as unknown ({examples})")
    return ages


def first(values: Any, n: int = 3) -> str:
    """The first few of some names, for a note."""
    names = list(values)
    return ", ".join(map(str, names[:n])) + (", ..." if len(names) > n else "")
