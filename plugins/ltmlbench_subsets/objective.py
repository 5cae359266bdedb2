"""What the search minimises: the weighted shares of `ltmlbench.division.shares`, as kept sums.

    J = λ_co R_co + λ_im R_im + λ_sem R_sem

R_co is additive over pairs; R_im and R_sem are sums of squared distances to block means, as in
k-means. Scaled coordinates make one sum of the two, so that

    J = Σ_S [ Σ_{a<b∈S} share · n_ab + Σ_{c∈S} ‖z_c − mean_S z‖² ]

The terms are the RLKD poster's words (semantic relation, fewer multi-label samples, less
imbalance); the formula and its weights are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import Floats, meetings
from ltmlbench_subsets.statistics import Statistics

Assignment = npt.NDArray[np.int64]


class Sizes(NamedTuple):
    """How many labels a block may hold."""

    least: int
    most: int


@dataclass(frozen=True)
class Objective:
    """J for C labels that all occur.

    Args:
        pairs: C×C sparse, symmetric: samples that hold both labels; the diagonal does not matter.
        share: what one co-occurrence inside a block adds to J.
        points: C×D coordinates z, centred.
    """

    pairs: Any
    share: float
    points: Floats

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
        """``features``: C×D unit rows, or None. The keywords are the weights λ."""
        pairs = statistics.pairs.tocsr()
        met = int(pairs.data.sum(dtype=np.int64)) - int(pairs.diagonal().sum(dtype=np.int64))
        rarity = np.log(statistics.counts / statistics.counts.max())
        columns = [_scaled(rarity[:, None], imbalance)]
        if features is not None and semantics:
            columns.append(_scaled(features, semantics))
        return cls(pairs, 2 * cooccurrence / met if met else 0.0, np.hstack(columns))

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def diagonal(self) -> npt.NDArray[np.int64]:
        """C: what ``pairs`` holds of each label with itself."""
        return np.asarray(self.pairs.diagonal(), dtype=np.int64)

    @cached_property
    def meeting(self) -> Floats:
        """C×C dense: share · n_ab, zero diagonal. For few labels only."""
        dense: Floats = self.pairs.toarray() * self.share
        np.fill_diagonal(dense, 0.0)
        return dense

    @cached_property
    def products(self) -> Floats:
        """C×C dense: dot products of ``points``. For few labels only."""
        products: Floats = self.points @ self.points.T
        return products

    def value(self, assignment: Assignment) -> float:
        """J of a partition: C block numbers, 0 to K − 1, none unused."""
        met = meetings(self.pairs, assignment)[np.arange(len(self)), assignment].sum() / 2
        spread = sum(
            float(((inside - inside.mean(axis=0)) ** 2).sum())
            for inside in (self.points[assignment == k] for k in range(int(assignment.max()) + 1))
        )
        return self.share * float(met) + spread


def _scaled(rows: Floats, weight: float) -> Floats:
    """Centred, with ``weight`` as the sum of squares; zeros where all rows are alike."""
    centred = rows - rows.mean(axis=0)
    spread = float((centred**2).sum())
    if spread <= 1e-12 * float((rows**2).sum()):
        return np.zeros_like(rows)
    return np.asarray(centred * np.sqrt(weight / spread))
