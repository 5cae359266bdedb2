"""Curves of stored predictions: are probabilities true, what does a threshold cost, which precision
comes with which recall. N samples, C labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats
from ltmlbench.evaluation.paired import wilson

THRESHOLDS: Floats = np.arange(1, 40) / 40
RECALLS: Floats = np.arange(1, 21) / 20
BINS = 10


class Bin(NamedTuple):
    """Decisions whose probability lies in one tenth of 0..1: its mean, how many there are, and the
    share of positives with Wilson's 95 % interval."""

    probability: float
    share: float
    low: float
    high: float
    decisions: int


def reliability(truth: npt.ArrayLike, scores: npt.ArrayLike) -> list[Bin]:
    """The bins of equal width that hold a decision, lowest first.

    The intervals take decisions as independent; those of one sample are not, so they are narrow.

    Args:
        truth: 0 and 1, of any shape; it is flattened.
        scores: in 0..1, of the same shape.
    """
    y, p = np.asarray(truth).ravel(), np.asarray(scores, dtype=np.float64).ravel()
    place = np.minimum((p * BINS).astype(np.int64), BINS - 1)
    found = []
    for bin_ in np.unique(place):
        inside = place == bin_
        hits, count = int(y[inside].sum()), int(inside.sum())
        low, high = wilson(hits, count)
        found.append(Bin(float(p[inside].mean()), hits / count, low, high, count))
    return found


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error: mean distance of share and probability, weighted by count (Naeini
    et al., AAAI 2015); NaN without a bin."""
    total = sum(bin_.decisions for bin_ in bins)
    distance = sum(bin_.decisions * abs(bin_.share - bin_.probability) for bin_ in bins)
    return distance / total if total else float("nan")


def threshold_curve(truth: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1 of the positive class over all decisions, at each of `THRESHOLDS`
    (decided if above). NaN where nothing is decided (precision) or positive.

    Args:
        truth: 0 and 1, of any shape; it is flattened.
        scores: in 0..1, of the same shape.
    """
    y, p = np.asarray(truth).ravel().astype(bool), np.asarray(scores, dtype=np.float64).ravel()
    positive, every = np.sort(p[y]), np.sort(p)
    hits = len(positive) - np.searchsorted(positive, THRESHOLDS, side="right")
    decided = len(every) - np.searchsorted(every, THRESHOLDS, side="right")
    count = np.full(len(THRESHOLDS), len(positive))
    f1 = _ratio(2 * hits, np.where(count > 0, count + decided, 0))
    return _ratio(hits, decided), _ratio(hits, count), f1


def precision_at_recall(truth: npt.ArrayLike, scores: npt.ArrayLike) -> Floats:
    """Precision at the highest threshold that reaches each of `RECALLS`; not interpolated, ties as
    one threshold. NaN where there is no positive.

    Args:
        truth, scores: N of one label.
    """
    y, p = np.asarray(truth).astype(bool), np.asarray(scores, dtype=np.float64)
    order = np.argsort(-p, kind="stable")
    ranked, hits = p[order], np.cumsum(y[order])
    total = int(y.sum())
    if total == 0:
        return np.full(len(RECALLS), np.nan)
    ends = np.append(ranked[1:] != ranked[:-1], True)
    hits, taken = hits[ends], np.flatnonzero(ends) + 1
    first = np.searchsorted(hits, np.ceil(RECALLS * total - 1e-9))
    return np.asarray(hits[first] / taken[first])


def _ratio(above: npt.ArrayLike, below: npt.NDArray[np.int64]) -> Floats:
    quotient: Floats = np.divide(
        above, below, out=np.full(below.shape, np.nan), where=np.asarray(below) > 0
    )
    return quotient
