"""Which of a table's columns or arrays are features."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import DataError, Labelled, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

_ARRAYS = ("x", "features", "data", "embeddings", "inputs")
"""Names of arrays that are taken for features when nobody says."""


@dataclass(frozen=True)
class Features:
    """N×D float32 numbers, D names, and a line on what was taken and passed over."""

    values: npt.NDArray[np.float32]
    names: tuple[str, ...]
    note: str


def features_of(found: Labelled, asked: str | None, used: Collection[str]) -> Features:
    """The features of a table.

    Args:
        asked: names of columns with commas between, or of one array; None: the array ``X``, or all
            columns of numbers that are neither labels nor ``used``.
        used: columns that are ids, groups or parts.

    Raises:
        DataError: there is no such column or array, it holds no numbers, or nothing is left.
    """
    rest, arrays = found.rest, found.table.arrays
    if asked is not None:
        names = [name.strip() for name in asked.split(",")]
        if len(names) == 1 and names[0] in arrays and names[0] not in rest:
            return _array(found, names[0])
        return _columns(found, rest, names, "as asked")
    for name in arrays:
        if name.lower() in _ARRAYS and name not in found.columns:
            return _array(found, name)
    numbers = [c for c in rest.columns if c not in used and _is_number(rest[c])]
    if not numbers:
        held = ", ".join(map(str, rest.columns)) or ", ".join(arrays) or "nothing"
        raise DataError(
            f"{found.table.path}: no column of numbers is left for features (besides labels there "
            f"are: {held}): name them with table[features=...], or pictures with "
            "table[pictures=...]"
        )
    return _columns(found, rest, numbers, "all other numbers")


def _is_number(column: pd.Series[Any]) -> bool:
    return bool(column.dtype.kind in "biuf" and column.notna().any())


def _columns(found: Labelled, rest: pd.DataFrame, names: Sequence[str], why: str) -> Features:
    for name in names:
        if name not in rest.columns:
            hint = did_you_mean(name, map(str, rest.columns))
            raise DataError(
                f"{found.table.path}: there is no column {name!r} to be a feature{hint}"
            )
        if not _is_number(rest[name]):
            raise DataError(
                f"{found.table.path}: column {name!r} holds no numbers: a feature is a number"
            )
    values = rest[list(names)].to_numpy(dtype=np.float32, na_value=np.nan)
    return Features(values, tuple(names), f"features: {len(names)} columns ({why})")


def _array(found: Labelled, name: str) -> Features:
    array = found.array(name)
    dense = array.toarray() if hasattr(array, "toarray") else np.asarray(array)
    if dense.ndim < 2 or dense.dtype.kind not in "biuf":
        raise DataError(
            f"{found.table.path}: array {name!r} is {dense.ndim}-dimensional of {dense.dtype}: "
            "features are numbers, a row per sample"
        )
    flat = dense.reshape(len(dense), -1).astype(np.float32)
    names = tuple(f"{name}[{i}]" for i in range(flat.shape[1]))
    return Features(flat, names, f"features: array {name!r}, {flat.shape[1]} numbers per sample")
