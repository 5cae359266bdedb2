"""Finds and reads the annotation sheets of ODIR-5K in the layouts people have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltmlbench.errors import DataError

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


@dataclass(frozen=True)
class Sheet:
    """One annotation sheet and the official part it is of. Columns: ``id, left_file, right_file,
    left_keywords, right_keywords``; where they are there ``age, sex`` and N ... O per patient."""

    path: Path
    part: str
    table: pd.DataFrame


def read_sheets(folder: Path) -> list[Sheet]:
    """All sheets below a folder: one for each part (train, offsite, onsite).

    Raises:
        DataError: there is none, one is damaged, or one ID has two rows that differ.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder: --data-dir names the folder of ODIR-5K")
    chosen: dict[str, Sheet] = {}
    problems = []
    for path in _candidates(folder):
        part = _part(path)
        if part in chosen:
            continue
        try:
            table = _read(path)
        except DataError as error:
            problems.append(str(error))
            continue
        if table is not None:
            chosen[part] = Sheet(path, part, table)
    if not chosen:
        raise DataError(
            problems[0]
            if problems
            else f"{folder}: no ODIR-5K sheet (xlsx or full_df.csv with keyword columns) is in it: "
            "give the folder that holds the sheet and the images"
        )
    return [chosen[part] for part in ("train", "offsite", "onsite") if part in chosen]


def _candidates(folder: Path) -> list[Path]:
    """Sheets below the folder: xlsx before csv, English before others, shallow before deep."""
    paths = [p for s in ("xlsx", "csv") for p in folder.rglob(f"*.{s}") if p.name[0] not in "~."]

    def rank(path: Path) -> tuple[bool, bool, int, str]:
        name = path.name.lower()
        chinese = "chinese" in name or re.search("[\u4e00-\u9fff]", name) is not None
        return path.suffix == ".csv", chinese, len(path.parts), str(path)

    return sorted(paths, key=rank)


def _part(path: Path) -> str:
    for name in (path.name.lower(), *(parent.name.lower() for parent in path.parents[:2])):
        flat = re.sub("[^a-z]", "", name)
        if "offsite" in flat:
            return "offsite"
        if "onsite" in flat:
            return "onsite"
    return "train"


def _read(path: Path) -> pd.DataFrame | None:
    """The sheet under our column names; None if it is some other table."""
    import pandas as pd

    try:
        raw = pd.read_excel(path) if path.suffix == ".xlsx" else pd.read_csv(path)
    except Exception as error:  # a damaged sheet raises anything from BadZipFile to KeyError
        if path.suffix == ".csv":
            return None
        cause = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: damaged sheet ({cause}): get the file again") from error
    names = {column: re.sub("[^a-z]", "", str(column).lower()) for column in raw.columns}
    known = {c: _COLUMNS.get(flat) or _OFFICIAL.get(flat) for c, flat in names.items()}
    table = raw[[c for c, name in known.items() if name]].rename(columns=known)
    table = table.loc[:, ~table.columns.duplicated()]
    missing = [name for name in _NEEDED if name not in table.columns]
    if len(missing) == len(_NEEDED) or (missing and path.suffix == ".csv"):
        return None
    if missing:
        raise DataError(
            f"{path}: columns are missing ({', '.join(missing)}): not the official sheet"
        )
    table = table.dropna(subset=["id"]).drop_duplicates()
    table["id"] = [_plain(value) for value in table["id"]]
    twice = table["id"][table["id"].duplicated()].unique()
    if len(twice):
        raise DataError(
            f"{path}: {len(twice)} IDs have two rows that differ ({_first(twice)}): keep one each"
        )
    text = ["left_file", "right_file", "left_keywords", "right_keywords"]
    table[text] = table[text].fillna("").astype(str)
    return table.reset_index(drop=True)


def _plain(value: Any) -> str:
    return (
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    )


def _first(values: Iterable[str], n: int = 3) -> str:
    names = list(values)
    return ", ".join(names[:n]) + (", ..." if len(names) > n else "")
