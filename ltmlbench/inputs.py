"""Where truth and scores enter a metric, in whatever form people hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats, of_tensor
from ltmlbench.errors import DataError
from ltmlbench.labels import LabelMatrix

Truth = npt.NDArray[np.int64]


def truth_and_scores(Y: Any, scores: Any) -> tuple[Truth, Floats]:
    """N×C truth (0 and 1) and N×C scores in 0..1, checked; N values on both sides are one label.

    Either side is an array, list, DataFrame, SciPy sparse matrix, torch tensor (of any device and
    type, with or without gradients) or `LabelMatrix`. For every metric to call.

    Raises:
        DataError: shapes or label names differ, truth is not 0/1, or a score is not in 0..1 (one
            line).
    """
    truth, values = binary_and_numbers(Y, scores)
    if values.size and (values.min() < 0 or values.max() > 1):
        raise DataError(
            f"scores lie in {values.min():.3g}..{values.max():.3g}, not in 0..1: a metric is given "
            "probabilities, so apply the sigmoid to logits"
        )
    columns = truth.shape[1:] or (1,)
    return truth.reshape(len(truth), *columns), values.reshape(len(truth), *columns)


def binary_and_numbers(Y: Any, values: Any) -> tuple[Truth, Floats]:
    """Truth of 0 and 1 and finite numbers of the same shape, N or N×C.

    Raises:
        DataError: they are not such (one line).
    """
    _same_names(Y, values)
    truth, numbers = as_array(Y, "truth"), as_array(values, "scores")
    if truth.shape != numbers.shape or truth.ndim not in (1, 2):
        raise DataError(
            f"truth {truth.shape} and scores {numbers.shape}: both have to be N, or both N×C"
        )
    if bad := int((~np.isfinite(numbers)).sum()):
        raise DataError(f"{bad} of {numbers.size} scores are NaN or infinite")
    return binary(truth, "truth"), numbers.astype(np.float64)


def binary(values: npt.NDArray[Any], what: str) -> Truth:
    """The values as integers.

    Raises:
        DataError: one is neither 0 nor 1.
    """
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise DataError(f"{what} holds only 0 and 1; {values[place]:g} (row {place[0]}) found")
    return values.astype(np.int64)


def as_array(values: Any, what: str) -> npt.NDArray[Any]:
    """Real numbers or bools in the shape they are given in.

    Raises:
        DataError: they are text, gaps, complex, or rows of different length.
    """
    from scipy.sparse import issparse

    if isinstance(values, LabelMatrix):
        return values.dense
    if np.ma.is_masked(values):
        raise DataError(f"{what} with masked elements: leave out the samples that are not known")
    try:
        if issparse(values):
            matrix: Any = values
            values = matrix.toarray()
        elif hasattr(values, "detach"):
            values = of_tensor(values)
        array = np.asarray(values)
        if array.dtype == object:  # columns that pandas allows gaps in
            array = array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise DataError(_no_table(what)) from None
    if array.dtype.kind not in "biuf":
        raise DataError(_no_table(what))
    return array


def _no_table(what: str) -> str:
    return (
        f"{what} has to be a table of numbers, samples × labels; text, gaps, complex numbers, or "
        "rows of different length found"
    )


def _same_names(Y: Any, values: Any) -> None:
    """Columns and rows of named tables are compared by place, so they have to be the same ones."""
    for what, of in (("labels", _labels_of), ("samples", _samples_of)):
        a, b = of(Y), of(values)
        if a is not None and b is not None and len(a) == len(b) and a != b:
            i = next(i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y)
            raise DataError(
                f"truth and scores name different {what}: number {i} is {a[i]!r} and {b[i]!r}; "
                "bring them into one order"
            )


def _labels_of(values: Any) -> list[str] | None:
    """Names of the columns; None if nobody gave any."""
    names = values.names if isinstance(values, LabelMatrix) else getattr(values, "columns", None)
    if names is None:
        return None
    found = [str(name) for name in names]
    return None if found == [str(i) for i in range(len(found))] else found


def _samples_of(values: Any) -> list[Any] | None:
    """The index of a DataFrame or Series; None if it only counts."""
    if not hasattr(values, "iloc"):
        return None
    index = list(values.index)
    return None if index == list(range(len(index))) else index
