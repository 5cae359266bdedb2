"""Groups, official parts and names of the samples of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from ltmlbench.plugin import DataError, Labelled, did_you_mean

Told = tuple[str, str]
"""A line on what was taken, and the column it came from ("" if none)."""

_GROUPS = ("group_id", "group", "patient_id", "patientid", "patient", "subject_id", "subj_id")
_PARTS = ("split", "part", "subset", "official")
_IDS = ("image_id", "sample_id", "id", "name")
_TRAIN = {"train": "train", "training": "train", "tr": "train"}


def groups_of(found: Labelled, asked: str | None) -> tuple[tuple[str, ...] | None, Told]:
    """A group name per sample; None: every sample is a group of its own."""
    name = asked or _named(found, _GROUPS)
    if name is None:
        return None, ("groups: none; every sample stands alone (table[group=...])", "")
    values = tuple(map(str, _cells(found, name, "group")))
    return values, (f"groups: {name!r}, {len(set(values))} different", name)


def parts_of(found: Labelled, asked: str | None) -> tuple[tuple[str, ...] | None, Told]:
    """The official part of every sample, "train" and others; None where there is none."""
    name = asked or _named(found, _PARTS)
    if name is None and "train" in found.table.arrays:
        name = "train"
    if name is None:
        return None, ("official parts: none (table[split=...])", "")
    cells = _cells(found, name, "split")
    if np.asarray(cells).dtype.kind == "b" or set(map(str, cells)) <= {"0", "1", "True", "False"}:
        parts = tuple("train" if str(cell) in ("1", "True") else "test" for cell in cells)
    else:
        parts = tuple(_TRAIN.get(str(cell).strip().lower(), str(cell).strip()) for cell in cells)
    counts = ", ".join(f"{part} {parts.count(part)}" for part in dict.fromkeys(parts))
    return parts, (f"official parts: {name!r} ({counts}; --folds official uses them)", name)


def ids_of(found: Labelled) -> tuple[tuple[str, ...], Told]:
    """A name per sample: of the id column, or of a column that looks like one, or the row."""
    if found.ids is not None:
        return found.ids, ("", "")
    name = _named(found, _IDS)
    if name is not None:
        values = tuple(map(str, _cells(found, name, "id")))
        if len(set(values)) == len(values):
            return values, (f"names of samples: {name!r}", name)
    return tuple(f"row {row}" for row in found.rows), ("names of samples: their rows", "")


def _named(found: Labelled, known: tuple[str, ...]) -> str | None:
    """The first column of one of these names."""
    columns = {str(name).strip().lower(): str(name) for name in found.rest.columns}
    return next((columns[name] for name in known if name in columns), None)


def _cells(found: Labelled, name: str, option: str) -> Any:
    if name in found.rest.columns:
        cells = found.rest[name]
        if cells.isna().any():
            row = int(np.flatnonzero(cells.isna())[0])
            raise DataError(f"{found.table.path}: column {name!r} ({option}) is empty in row {row}")
        return cells.tolist()
    if name in found.table.arrays:
        return found.array(name).tolist()
    names = [*map(str, found.rest.columns), *found.table.arrays]
    raise DataError(
        f"{found.table.path}: there is no column or array {name!r} for table[{option}=...]"
        f"{did_you_mean(name, names)}"
    )
