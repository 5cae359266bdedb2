"""What people hand to the estimator, made into label matrices and rows of length 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import DataError, Floats, LabelMatrix, unit_rows
from ltmlbench_subsets.statistics import Statistics


def label_matrix(Y: Any, names: Sequence[str] | None) -> LabelMatrix:
    if isinstance(Y, LabelMatrix):
        return Y if names is None else LabelMatrix(Y.sparse, names)
    column = getattr(Y, "ndim", 0) == 1 and Y.dtype.kind == "O"  # of a table
    if isinstance(Y, list | tuple) or column:
        rows = list(Y)
        if any(_holds_tags(row) for row in rows):
            return LabelMatrix.from_tags(rows, names)
    return LabelMatrix(Y, names)


def _holds_tags(row: Any) -> bool:
    if isinstance(row, str | set | frozenset):
        return True
    return isinstance(row, Iterable) and any(isinstance(x, str) for x in row)


def one_per_group(labels: LabelMatrix, groups: npt.NDArray[Any]) -> LabelMatrix:
    """One row per group, holding every label one of its samples holds."""
    from scipy import sparse

    if groups.shape != (labels.n_samples,):
        raise DataError(f"groups: {groups.shape} does not fit {labels.n_samples} samples")
    try:
        values, index = np.unique(groups, return_inverse=True)
    except TypeError:
        raise DataError("groups: numbers or strings are needed, not both, and no gaps") from None
    if (values != values).any():
        raise DataError("groups: NaN found; every sample needs a group")
    member: Any = sparse.csr_array((np.ones(len(index), np.int32), (index, np.arange(len(index)))))
    return LabelMatrix((member @ labels.sparse) > 0, labels.names)


def unit_prototypes(prototypes: Any, statistics: Statistics) -> Floats | None:
    """C×D rows of length 1; a row of zeros, or of a label that never occurs, may stay zeros."""
    if prototypes is None:
        return None
    try:
        given = np.asarray(prototypes.toarray() if hasattr(prototypes, "toarray") else prototypes)
        rows = given.astype(np.float64, casting="unsafe" if given.dtype == object else "same_kind")
    except (TypeError, ValueError):
        raise DataError("prototypes: a table of numbers is needed, one row per label") from None
    if rows.ndim != 2 or rows.shape[0] != len(statistics.names) or rows.shape[1] == 0:
        raise DataError(
            f"prototypes: {' × '.join(map(str, rows.shape))} does not fit "
            f"{len(statistics.names)} labels; one row of features per label is needed"
        )
    broken = np.isnan(rows.sum(axis=1) * 0)  # NaN or infinite
    if (bad := np.flatnonzero(broken & (statistics.counts > 0))).size:
        name = statistics.names[bad[0]]
        raise DataError(f"prototypes: NaN or infinite values in the row of label {name!r}")
    return unit_rows(np.where(broken[:, None], 0.0, rows))
