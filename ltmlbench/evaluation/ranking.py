"""Exact metrics of binary labels, for all columns of a label matrix at once. NumPy only.

Every function takes N×C values and returns C, or takes N values and returns one, in any form that
`ltmlbench.inputs` reads. Nothing is smoothed and nothing is set to zero: what is
undefined is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats
from ltmlbench.inputs import binary, binary_and_numbers

Counts = npt.NDArray[np.int64]
Shape = tuple[int, ...]


def roc_auc(y: npt.ArrayLike, scores: npt.ArrayLike) -> Floats:
    """Area under the ROC curve: the chance that a positive outscores a negative; ties count half.

    Computed from mid-ranks (Mann-Whitney U). NaN where one of the two classes is missing.

    Raises:
        DataError: shapes or names differ, labels are not 0/1, or scores are not finite.
    """
    truth, values, shape = _columns(y, scores)
    order, first, last = _tie_groups(values)
    ranked = np.take_along_axis(truth, order, axis=0)
    midrank = len(ranked) - (first + last) / 2  # ascending, from 1
    positives = ranked.sum(axis=0)
    negatives = len(ranked) - positives
    wins = (ranked * midrank).sum(axis=0) - positives * (positives + 1) / 2
    return _ratio(wins, positives * negatives, shape)


def average_precision(y: npt.ArrayLike, scores: npt.ArrayLike) -> Floats:
    """Average precision, Σ_k (R_k − R_{k−1}) P_k over the distinct thresholds k, not interpolated.

    Each positive contributes the precision at its own score: at the end of its group of ties, so
    that the order among equal scores does not matter. NaN where there is no positive.

    Raises:
        DataError: shapes or names differ, labels are not 0/1, or scores are not finite.
    """
    truth, values, shape = _columns(y, scores)
    order, _, last = _tie_groups(values)
    ranked = np.take_along_axis(truth, order, axis=0)
    found = np.take_along_axis(np.cumsum(ranked, axis=0), last, axis=0)
    precision = found / (last + 1)
    return _ratio((ranked * precision).sum(axis=0), ranked.sum(axis=0), shape)


def f1(y: npt.ArrayLike, decisions: npt.ArrayLike) -> Floats:
    """F1 of the positive class, 2TP / (2TP + FP + FN). NaN where there is no positive in ``y``.

    Raises:
        DataError: shapes or names differ, or anything but 0 and 1 is found.
    """
    truth, decided, shape = _decisions(y, decisions)
    hits, positives = (truth * decided).sum(axis=0), truth.sum(axis=0)
    total = positives + decided.sum(axis=0)  # 2TP + FP + FN
    return _ratio(2 * hits, np.where(positives > 0, total, 0), shape)


def cohen_kappa(y: npt.ArrayLike, decisions: npt.ArrayLike) -> Floats:
    """Cohen's kappa, (p_o − p_e) / (1 − p_e). NaN where both sides are the same constant.

    Raises:
        DataError: shapes or names differ, or anything but 0 and 1 is found.
    """
    truth, decided, shape = _decisions(y, decisions)
    n = len(truth)
    agree = (truth == decided).sum(axis=0)
    positives, chosen = truth.sum(axis=0), decided.sum(axis=0)
    by_chance = positives * chosen + (n - positives) * (n - chosen)  # n² p_e
    return _ratio(n * agree - by_chance, n * n - by_chance, shape)


def _tie_groups(values: Floats) -> tuple[Counts, Counts, Counts]:
    """Per column: the order of descending scores and, per place of that order, the first and the
    last place that hold the same score."""
    order = np.argsort(-values, axis=0, kind="stable")
    ranked = np.take_along_axis(values, order, axis=0)
    starts = np.ones(ranked.shape, dtype=bool)
    starts[1:] = ranked[1:] != ranked[:-1]
    ends = np.ones(ranked.shape, dtype=bool)
    ends[:-1] = starts[1:]
    place = np.arange(len(ranked), dtype=np.int64)[:, None]
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=0)
    backwards = np.where(ends, place, len(ranked))[::-1]
    return order, first, np.minimum.accumulate(backwards, axis=0)[::-1]


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any], shape: Shape) -> Floats:
    """Quotients of that shape, (C,) or (), NaN where the denominator is 0."""
    undefined = np.full(np.shape(below), np.nan)
    quotient = np.divide(above, below, out=undefined, where=below != 0)
    shaped: Floats = quotient.reshape(shape)[()]
    return shaped


def _columns(y: npt.ArrayLike, values: npt.ArrayLike) -> tuple[Counts, Floats, Shape]:
    """Both sides as N×C, and the shape of the answer."""
    truth, given = binary_and_numbers(y, values)
    answer = truth.shape[1:]
    columns = (len(truth), *(answer or (1,)))
    return truth.reshape(columns), given.reshape(columns), answer


def _decisions(y: npt.ArrayLike, decisions: npt.ArrayLike) -> tuple[Counts, Counts, Shape]:
    """Both sides as N×C of 0 and 1, and the shape of the answer."""
    truth, given, answer = _columns(y, decisions)
    return truth, binary(given, "a decision"), answer
