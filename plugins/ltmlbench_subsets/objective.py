"""The objective of relational subsets: which partition of the labels is best.

    J = Σ_S [ λ_sem · mean sem(a, b) − λ_co · mean co(a, b) − λ_im · imb(S) ]

over the blocks S, the means over the pairs a < b of a block;

    sem(a, b) = cosine of the labels' prototypes (0 without prototypes)
    co(a, b)  = n_ab / min(n_a, n_b)
    imb(S)    = log(max n / min n over S) / log(max n / min n over all labels)

The terms are the RLKD poster's words (semantic relation, fewer multi-label samples, less
imbalance); the formula and its weights are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ltmlbench_subsets.statistics import Statistics

Floats = npt.NDArray[np.float64]
Assignment = npt.NDArray[np.int64]

FEW = 400  # labels; up to here dense C×C arrays and dense products are quicker


@dataclass(frozen=True)
class Objective:
    """J for C labels that all occur.

    Args:
        rarity: C, log(n_c / max n) <= 0.
        cooccurrence: C×C sparse co, zero diagonal, times λ_co.
        features: C×D prototypes of length sqrt(λ_sem), or None.
        imbalance: λ_im.
    """

    rarity: Floats
    cooccurrence: Any
    features: Floats | None
    imbalance: float

    @classmethod
    def of(
        cls,
        statistics: Statistics,
        features: Floats | None,
        *,
        cooccurrence: float,
        imbalance: float,
        semantics: float,
    ) -> Objective:
        """``features``: C×D unit rows, or None."""
        rarity = np.log(statistics.counts / statistics.counts.max())
        if features is not None:
            features = features * np.sqrt(semantics) if semantics else None
        meeting = statistics.cooccurrence()
        meeting.data *= cooccurrence
        return cls(rarity, meeting, features, imbalance)

    def __len__(self) -> int:
        return len(self.rarity)

    @cached_property
    def span(self) -> float:
        """log(max n / min n) over all labels; 1 if all are as frequent, as imb is then 0."""
        return float(-self.rarity.min()) or 1.0

    @cached_property
    def affinity(self) -> Floats:
        """C×C dense: λ_sem·sem − λ_co·co, zero diagonal. For `FEW` labels only."""
        dense: Floats = -self.cooccurrence.toarray()
        if self.features is not None:
            dense = dense + self.features @ self.features.T
        np.fill_diagonal(dense, 0.0)
        return dense

    def sums(self, onehot: Floats) -> Floats:
        """C×K: summed affinity of every label to the members of every block, itself left out."""
        if len(self) > FEW:  # K times as few additions
            sums: Floats = -(self.cooccurrence @ sparse.csr_array(onehot)).toarray()
        else:
            sums = -(self.cooccurrence @ onehot)
        if self.features is not None:
            squares = (self.features**2).sum(axis=1, keepdims=True)
            sums += self.features @ (self.features.T @ onehot) - squares * onehot
        return sums

    def value(self, pair_sum: Any, size: Any, rarity_range: Any) -> Any:
        """A block's value from the sum of affinities of its pairs, its size (>= 2) and the
        range of its rarities; arrays broadcast."""
        return 2 * pair_sum / (size * (size - 1)) - (self.imbalance / self.span) * rarity_range

    def score(self, blocks: Sequence[Sequence[int]]) -> float:
        """J of a partition given as label sets."""
        onehot = np.zeros((len(self), len(blocks)))
        for k, block in enumerate(blocks):
            onehot[list(block), k] = 1.0
        pair_sums = 0.5 * (self.sums(onehot) * onehot).sum(axis=0)
        ranges = [np.ptp(self.rarity[list(block)]) for block in blocks]
        return float(self.value(pair_sums, onehot.sum(axis=0), np.array(ranges)).sum())
