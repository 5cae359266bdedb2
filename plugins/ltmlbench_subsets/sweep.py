"""Partitions of many labels: rounds of single moves along the sparse co-occurrences.

Weighing a move costs K; making it costs as much as the label has others that it occurs with.
"""

from __future__ import annotations

import numpy as np

from ltmlbench.plugin import Floats, meetings
from ltmlbench_subsets.objective import Assignment, Objective, Sizes

_WORTH = 1e-9
_PER_ROUND = 3000
_ROUNDS = 12


class Blocks:
    """A partition and the sums that its moves are weighed by.

    Attributes:
        home: C, block of each label.
        met: C×K, how often each label occurs with the other labels of each block.
    """

    def __init__(self, objective: Objective, home: Assignment, n_blocks: int) -> None:
        self.objective, self.home = objective, home.copy()
        self.met = meetings(objective.pairs, home)
        self.sizes = np.bincount(home, minlength=n_blocks).astype(np.float64)
        onehot = np.arange(n_blocks)[:, None] == home
        self.sums: Floats = onehot @ objective.points

    def costs(self, labels: slice | int) -> Floats:
        """... × K: what the labels add to J in each block, or would add if they entered."""
        points, home = self.objective.points[labels], self.home[labels]
        means = self.sums / self.sizes[:, None]
        squares = (points**2).sum(axis=-1)[..., None] + (means**2).sum(axis=1)
        distance = squares - 2 * points @ means.T
        inside = np.arange(len(self.sizes)) == np.asarray(home)[..., None]
        factor = np.where(
            inside, self.sizes / np.maximum(self.sizes - 1, 1), self.sizes / (self.sizes + 1)
        )
        return np.asarray(self.objective.share * self.met[labels] + factor * distance)

    def move(self, c: int, k: int) -> None:
        """Label ``c`` moves to block ``k``."""
        pairs, h = self.objective.pairs, int(self.home[c])
        row = slice(pairs.indptr[c], pairs.indptr[c + 1])
        near, times = pairs.indices[row], pairs.data[row]
        self.met[near, h] -= times
        self.met[near, k] += times
        own = self.objective.diagonal[c]  # a label does not meet itself
        self.met[c, h] += own
        self.met[c, k] -= own
        self.sizes[h] -= 1
        self.sizes[k] += 1
        self.sums[h] -= self.objective.points[c]
        self.sums[k] += self.objective.points[c]
        self.home[c] = k


def sweep(objective: Objective, assignment: Assignment, n_blocks: int, sizes: Sizes) -> Assignment:
    """Rounds of single moves: a round weighs all moves at once, then makes the best `_PER_ROUND`
    one by one, each weighed again as things stand."""
    blocks = Blocks(objective, assignment, n_blocks)
    for _ in range(_ROUNDS):
        costs = blocks.costs(slice(None))
        gains = costs[np.arange(len(objective)), blocks.home] - costs.min(axis=1)
        wanted = np.flatnonzero(gains > _WORTH)
        wanted = wanted[np.argsort(-gains[wanted], kind="stable")][:_PER_ROUND]
        if not sum(_moved(blocks, c, sizes) for c in wanted.tolist()):
            break
    return blocks.home


def _moved(blocks: Blocks, c: int, sizes: Sizes) -> bool:
    """Moves label ``c`` where that gains most; whether it did."""
    h = int(blocks.home[c])
    if blocks.sizes[h] <= sizes.least:
        return False
    costs = blocks.costs(c)
    stays = costs[h]
    costs[blocks.sizes >= sizes.most] = np.inf
    k = int(costs.argmin())
    if k == h or costs[k] >= stays - _WORTH:
        return False
    blocks.move(c, k)
    return True
