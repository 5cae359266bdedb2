"""Exact metrics of binary labels, for all columns of a label matrix at once. NumPy only.

Every function takes N×C values and returns C, or takes N values and returns one. Nothing is
smoothed and nothing is set to zero: what is undefined is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats

Counts = npt.NDArray[np.int64]


def roc_auc(y: npt.ArrayLike, scores: npt.ArrayLike) -> Floats:
    """Area under the ROC curve: the chance that a positive outscores a negative; ties count half.

    Computed from mid-ranks (Mann-Whitney U). NaN where one of the two classes is missing.

    Raises:
        ValueError: shapes differ, labels are not 0/1, or scores are not finite.
    """
    truth, values = _columns(y, scores, np.float64)
    order, first, last = _tie_groups(values)
    ranked = np.take_along_axis(truth, order, axis=0)
    midrank = len(ranked) - (first + last) / 2  # ascending, from 1
    positives = ranked.sum(axis=0)
    negatives = len(ranked) - positives
    wins = (ranked * midrank).sum(axis=0) - positives * (positives + 1) / 2
    return _ratio(wins, positives * negatives, like=y)


def average_precision(y: npt.ArrayLike, scores: npt.ArrayLike) -> Floats:
    """Average precision, Σ_k (R_k − R_{k−1}) P_k over the distinct thresholds k, not interpolated.

    Each positive contributes the precision at its own score: at the end of its group of ties, so
    that the order among equal scores does not matter. NaN where there is no positive.

    Raises:
        ValueError: shapes differ, labels are not 0/1, or scores are not finite.
    """
    truth, values = _columns(y, scores, np.float64)
    order, _, last = _tie_groups(values)
    ranked = np.take_along_axis(truth, order, axis=0)
    found = np.take_along_axis(np.cumsum(ranked, axis=0), last, axis=0)
    precision = found / (last + 1)
    return _ratio((ranked * precision).sum(axis=0), ranked.sum(axis=0), like=y)


def f1(y: npt.ArrayLike, decisions: npt.ArrayLike) -> Floats:
    """F1 of the positive class, 2TP / (2TP + FP + FN). NaN where there is no positive in ``y``.

    Raises:
        ValueError: shapes differ, or anything but 0 and 1 is found.
    """
    truth, decided = _columns(y, decisions, np.int64)
    hits, positives = (truth * decided).sum(axis=0), truth.sum(axis=0)
    total = positives + decided.sum(axis=0)  # 2TP + FP + FN
    return _ratio(2 * hits, np.where(positives > 0, total, 0), like=y)


def cohen_kappa(y: npt.ArrayLike, decisions: npt.ArrayLike) -> Floats:
    """Cohen's kappa, (p_o − p_e) / (1 − p_e). NaN where both sides are the same constant.

    Raises:
        ValueError: shapes differ, or anything but 0 and 1 is found.
    """
    truth, decided = _columns(y, decisions, np.int64)
    n = len(truth)
    agree = (truth == decided).sum(axis=0)
    positives, chosen = truth.sum(axis=0), decided.sum(axis=0)
    by_chance = positives * chosen + (n - positives) * (n - chosen)  # n² p_e
    return _ratio(n * agree - by_chance, n * n - by_chance, like=y)


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


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any], like: npt.ArrayLike) -> Floats:
    """C quotients, NaN where the denominator is 0; a scalar if ``like`` is one column."""
    undefined = np.full(np.shape(below), np.nan)
    quotient = np.divide(above, below, out=undefined, where=below != 0)
    shaped: Floats = quotient.reshape(np.shape(like)[1:])[()]
    return shaped


def _columns(
    y: npt.ArrayLike, values: npt.ArrayLike, dtype: type[np.generic]
) -> tuple[Counts, npt.NDArray[Any]]:
    """Both sides as N×C arrays; ``values`` are decisions if ``dtype`` is an integer."""
    truth, given = np.asarray(y), np.asarray(values)
    if truth.shape != given.shape or truth.ndim not in (1, 2):
        raise ValueError(f"labels {truth.shape} and values {given.shape}: both N, or both N×C")
    for side in (truth, given) if issubclass(dtype, np.integer) else (truth,):
        if side.dtype != np.bool_ and not np.isin(side, (0, 1)).all():
            raise ValueError("labels and decisions hold only 0 and 1")
    if not np.isfinite(given).all():
        raise ValueError("scores hold NaN or infinity")
    shape = (len(truth), *(truth.shape[1:] or (1,)))
    return truth.astype(np.int64).reshape(shape), given.astype(dtype).reshape(shape)
