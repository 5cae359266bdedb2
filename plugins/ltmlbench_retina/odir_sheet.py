"""Finds the annotation sheets of ODIR-5K in the layouts people have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ltmlbench.plugin import DataError, walk
from ltmlbench_retina.odir_table import first, read_table

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("train", "offsite", "onsite")


@dataclass(frozen=True)
class Sheet:
    """One annotation sheet and the official part it is of; columns as `odir_table.read_table`."""

    path: Path
    part: str
    table: pd.DataFrame
    notes: tuple[str, ...] = ()


def files_below(folder: Path) -> list[Path]:
    """All files below the folder of the data set, links to folders followed.

    Raises:
        DataError: it is no folder.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder: --data-dir names the folder of ODIR-5K")
    return list(walk(folder))


def read_sheets(folder: Path, files: Sequence[Path] | None = None) -> list[Sheet]:
    """All sheets below a folder: one for each part (train, offsite, onsite).

    Args:
        files: what `files_below` found, if it is known already.

    Raises:
        DataError: there is none, one is damaged, or one ID has two rows that differ.
    """
    files = files_below(folder) if files is None else files
    candidates = _candidates(files)
    chosen: dict[str, Sheet] = {}
    problems, others = [], []
    for path in candidates:
        part = _part(path)
        if part in chosen:
            continue
        try:
            read = read_table(path)
        except DataError as error:
            problems.append(str(error))
            continue
        if read is None:
            others.append(path.name)
        else:
            chosen[part] = Sheet(path, part, read[0], tuple(read[1]))
    if not chosen:
        looked = f" ({first(others)}: no keyword columns)" if others else ""
        raise DataError(
            problems[0]
            if problems
            else f"{folder}: no ODIR-5K sheet (xlsx or full_df.csv with keyword columns) is in it"
            f"{looked}: give the folder that holds the sheet and the images"
        )
    sheets = [chosen[part] for part in PARTS if part in chosen]
    told = (*(f"not used: {problem}" for problem in problems), *sheets[0].notes)
    return [replace(sheets[0], notes=told), *sheets[1:]]


def _candidates(files: Sequence[Path]) -> list[Path]:
    """Sheets among the files: xlsx before csv, English before others, shallow before deep."""
    paths = [p for p in files if p.suffix in (".xlsx", ".csv") and p.name[0] not in "~."]

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
