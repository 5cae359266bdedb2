"""Metrics of thousands of resamples of one test set, without sorting anything again.

A resample draws whole groups with replacement, so it is a whole number of times that
each group counts. Thresholds matter only at the scores of positives: the samples are put into bins
between them once, and the weight of every bin in R resamples is one product of a sparse matrix
(bins × groups) with the weights (groups × R). Sums of whole numbers are exact, ties and labels
without positives included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats

Weights = npt.NDArray[np.uint16]

_CELLS = 1 << 17
"""Bins × resamples held at once: 1 MiB of float64, which stays in the cache."""
_WIDTH = 32
"""Most resamples at once, so that the weights of 10,000 groups stay in the cache too."""


def draw_groups(n_groups: int, count: int, seed: int) -> Weights:
    """How often each group is in each resample: count × n_groups; every row sums to n_groups."""
    rng = np.random.default_rng(seed)
    weights = np.empty((count, n_groups), dtype=np.uint16)
    for row in weights:
        row[:] = np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)
    return weights


class Resamples:
    """Labels and scores of one test set under R vectors of group weights.

    Two rows of a table that are given the same weights are paired: their differences are those of
    the same groups.

    Args:
        Y: N×C of 0 and 1.
        scores: N×C, finite.
        groups: N group names.
        weights: R×G, as `draw_groups` gives them; columns in the order of the sorted names.

    Raises:
        ValueError: the shapes do not fit.
    """

    def __init__(
        self, Y: npt.ArrayLike, scores: npt.ArrayLike, groups: Sequence[str], weights: Weights
    ) -> None:
        self.truth = np.asarray(Y).astype(bool)
        self.scores = np.asarray(scores, dtype=np.float64)
        names, self.group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
        self.weights = weights
        n = len(self.truth)
        if self.truth.ndim != 2 or self.scores.shape != self.truth.shape or len(self.group) != n:
            raise ValueError(
                f"labels {self.truth.shape}, scores {self.scores.shape}, {len(self.group)} groups: "
                "N×C, N×C and N are needed"
            )
        if weights.ndim != 2 or weights.shape[1] != len(names):
            raise ValueError(f"weights {weights.shape} for {len(names)} groups: R×G are needed")

    def __len__(self) -> int:
        return len(self.weights)

    def sample(self, resample: int) -> tuple[npt.NDArray[np.bool_], Floats]:
        """Labels and scores of one resample, written out: what any metric can be called with."""
        rows = np.repeat(np.arange(len(self.truth)), self.weights[resample][self.group])
        return self.truth[rows], self.scores[rows]

    def accuracy(self, threshold: float) -> Floats:
        """R shares of the N×C decisions (score above the threshold) that are right."""
        right, _, _, total = self._flat(threshold)
        return right / total

    def kappa(self, threshold: float) -> Floats:
        """R values of Cohen's kappa over the N×C decisions; NaN where it is undefined."""
        right, positive, decided, total = self._flat(threshold)
        chance = positive * decided + (total - positive) * (total - decided)
        return _ratio(total * right - chance, total**2 - chance)

    def micro_f1(self, threshold: float) -> Floats:
        """R values of the F1 of the positive class over the N×C decisions."""
        right, positive, decided, total = self._flat(threshold)
        hits = (right - total + positive + decided) / 2
        return _ratio(2 * hits, np.where(positive > 0, positive + decided, 0))

    def f1(self, threshold: float) -> Floats:
        """R×C values of the F1 of the positive class; NaN where there is no positive."""
        decided = self.scores > threshold
        hits, positive = self._sum(self.truth & decided), self._sum(self.truth)
        return _ratio(2 * hits, np.where(positive > 0, positive + self._sum(decided), 0))

    def average_precision(self) -> Floats:
        """R×C values of the average precision; NaN where there is no positive."""
        return self._per_label(_Bins.average_precision)

    def roc_auc(self) -> Floats:
        """R×C areas under the ROC curve; NaN where one of the two classes is missing."""
        return self._per_label(_Bins.roc_auc)

    def flat_auc(self) -> Floats:
        """R areas under the ROC curve of all N×C scores together."""
        owner = np.repeat(self.group, self.truth.shape[1])
        bins = _Bins(self.truth.ravel(), self.scores.ravel(), owner, self.weights.shape[1])
        return np.concatenate([bins.roc_auc(part) for part in self._parts(bins)])

    def _per_label(self, metric: Any) -> Floats:
        columns = []
        for truth, scores in zip(self.truth.T, self.scores.T, strict=True):
            bins = _Bins(truth, scores, self.group, self.weights.shape[1])
            columns.append(np.concatenate([metric(bins, part) for part in self._parts(bins)]))
        return np.stack(columns, axis=1)

    def _parts(self, bins: _Bins) -> Iterator[Floats]:
        """The weights as G×r, for r resamples at a time."""
        width = int(np.clip(_CELLS // max(bins.count, 1), 1, _WIDTH))
        for start in range(0, len(self.weights), width):
            part = self.weights[start : start + width].T
            yield np.ascontiguousarray(part, dtype=np.float64)

    def _sum(self, flags: npt.NDArray[np.bool_]) -> Floats:
        """R×K sums of N×K flags, weighted."""
        per_group = np.zeros((self.weights.shape[1], flags.shape[1]))
        np.add.at(per_group, self.group, flags)
        starts = range(0, len(self.weights), _WIDTH)
        parts = (self.weights[s : s + _WIDTH].astype(np.float64) @ per_group for s in starts)
        return np.concatenate(list(parts))

    def _flat(self, threshold: float) -> tuple[Floats, Floats, Floats, Floats]:
        """R weights each: right decisions, positives, decided ones, all."""
        decided = self.scores > threshold
        counts = [x.sum(axis=1) for x in (self.truth == decided, self.truth, decided)]
        counts.append(np.full(len(self.truth), self.truth.shape[1]))
        right, positive, chosen, total = self._sum(np.stack(counts, axis=1)).T
        return right, positive, chosen, total


class _Bins:
    """One column of scores, cut at the scores of its positives, highest first.

    A sample is in the bin of the highest positive's score that is not above its own; those below
    all positives are in none.
    """

    def __init__(
        self,
        truth: npt.NDArray[np.bool_],
        scores: Floats,
        group: npt.NDArray[np.intp],
        n_groups: int,
    ) -> None:
        cuts = -np.unique(scores[truth])[::-1]  # ascending, so that searchsorted can be used
        self.count = len(cuts)
        place = np.searchsorted(cuts, -scores)
        tied = (place < self.count) & (np.append(cuts, np.nan)[place] == -scores)

        def matrix(chosen: npt.NDArray[np.bool_]) -> Any:
            at = (place[chosen], group[chosen])
            shape = (self.count, n_groups)
            from scipy.sparse import csr_array

            return csr_array((np.ones(len(at[0])), at), shape=shape)

        self._positive = matrix(truth)
        self._negative = matrix(~truth & (place < self.count))
        self._tied = matrix(~truth & tied)
        self._negatives = np.bincount(group[~truth], minlength=n_groups).astype(np.float64)

    def average_precision(self, weights: Floats) -> Floats:
        """r values for weights G×r."""
        positive = self._positive @ weights
        found = np.cumsum(positive, axis=0)
        taken = found + np.cumsum(self._negative @ weights, axis=0)
        # A threshold above every drawn sample has taken nothing: 0/0, and it finds nothing either.
        precision = np.divide(found, taken, out=np.zeros_like(found), where=taken > 0)
        total = found[-1] if self.count else np.zeros(weights.shape[1])
        return _ratio((positive * precision).sum(axis=0), total)

    def roc_auc(self, weights: Floats) -> Floats:
        """r values for weights G×r."""
        positive = self._positive @ weights
        negatives = self._negatives @ weights
        above = np.cumsum(self._negative @ weights, axis=0) - (self._tied @ weights) / 2
        wins = (positive * (negatives - above)).sum(axis=0)
        return _ratio(wins, positive.sum(axis=0) * negatives)


def _ratio(above: Floats, below: Floats) -> Floats:
    """Quotients, NaN where the denominator is 0."""
    quotient: Floats = np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0)
    return quotient
