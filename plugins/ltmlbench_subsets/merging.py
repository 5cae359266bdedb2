"""Greedy agglomeration of labels: a start of the search, and what it has to beat."""

from __future__ import annotations

import numpy as np

from ltmlbench_subsets.objective import Assignment, Floats, Objective


def merge(objective: Objective, n_blocks: int, max_labels: int) -> Assignment | None:
    """Unites the two blocks whose union gains most, until ``n_blocks`` are left.

    A single label counts 0; where that would leave one alone, single labels are united before all
    others. None where even that leaves one, as ``max_labels`` is too tight. C×C memory; time grows
    with C² to C³.
    """
    united = _united(_Blocks(objective, max_labels), n_blocks)
    if united is None:
        united = _united(_Blocks(objective, max_labels, singles_first=True), n_blocks)
    return united


class _Blocks:
    """C blocks of one label each, and what is left of them; block a goes by its first label."""

    def __init__(
        self, objective: Objective, max_labels: int, *, singles_first: bool = False
    ) -> None:
        n = len(objective)
        self.objective, self.max_labels = objective, max_labels
        self.between: Floats = objective.affinity.copy()
        self.pairs, self.sizes, self.values = np.zeros(n), np.ones(n), np.zeros(n)
        self.high, self.low = objective.rarity.copy(), objective.rarity.copy()
        most = objective.imbalance + float(np.abs(self.between).max())  # of a block's value
        self.bonus = 4 * (most + 1) if singles_first else 0.0

    def gains(self, a: int) -> Floats:
        """C: what J gains when block a is united with each other; -inf where it may not be."""
        total = self.sizes[a] + self.sizes
        values = self.objective.value(
            self.pairs[a] + self.pairs + self.between[a], total, self._span(a)
        )
        gains = values - (self.values[a] + self.values)
        gains += self.bonus * ((self.sizes == 1) + float(self.sizes[a] == 1))
        gains[total > self.max_labels] = -np.inf
        gains[a] = -np.inf
        return np.asarray(gains)

    def _span(self, a: int) -> Floats:
        span = np.maximum(self.high[a], self.high) - np.minimum(self.low[a], self.low)
        return np.asarray(span)

    def unite(self, a: int, b: int) -> None:
        """Block b becomes a part of block a."""
        self.pairs[a] += self.pairs[b] + self.between[a, b]
        self.high[a], self.low[a] = max(self.high[a], self.high[b]), min(self.low[a], self.low[b])
        self.sizes[a] += self.sizes[b]
        self.sizes[b] = np.inf  # gone: too large for any union
        span = self.high[a] - self.low[a]
        self.values[a] = self.objective.value(self.pairs[a], self.sizes[a], span)
        self.between[a] += self.between[b]
        self.between[:, a] = self.between[a]


def _united(blocks: _Blocks, n_blocks: int) -> Assignment | None:
    n = len(blocks.sizes)
    gains = np.stack([blocks.gains(a) for a in range(n)])
    best = gains.argmax(axis=1)
    top = gains[np.arange(n), best]
    assignment = np.arange(n)
    for _ in range(n - n_blocks):
        a = int(top.argmax())
        b = int(best[a])
        if top[a] == -np.inf:
            return None
        blocks.unite(a, b)
        assignment[assignment == b] = a
        gains[a] = gains[:, a] = row = blocks.gains(a)
        gains[b] = gains[:, b] = -np.inf
        closer = row > top
        best[closer], top[closer] = a, row[closer]
        stale = np.flatnonzero(np.isin(best, (a, b)) | (np.arange(n) == a))
        best[stale] = gains[stale].argmax(axis=1)
        top[stale] = gains[stale, best[stale]]
    labels, sizes = np.unique(assignment, return_counts=True)
    if sizes.min() < 2:
        return None
    return np.searchsorted(labels, assignment).astype(np.int64)
