"""The best partition of few labels, by dynamic programming over label sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import Floats
from ltmlbench_subsets.objective import Assignment, Objective, Sizes

MOST = 12
"""Labels for which every set partition is weighed: 3^12 divisions of a set and its rest."""


def best(objective: Objective, numbers: Sequence[int], sizes: Sizes) -> Iterator[Assignment]:
    """The optimum for each number of blocks; the first in lexicographic order among equals."""
    full = (1 << len(objective)) - 1
    cost = _block_costs(objective, sizes)
    lowest = np.full((max(numbers) + 1, full + 1), np.inf)
    lowest[0, 0] = 0.0
    choice = np.zeros(lowest.shape, dtype=np.int64)
    for mask in range(1, full + 1):
        parts = _parts_with_lowest_bit(mask)
        totals = cost[parts] + lowest[:-1, mask ^ parts]
        lowest[1:, mask] = totals.min(axis=1)
        choice[1:, mask] = parts[np.argmax(totals <= lowest[1:, mask, None] + 1e-12, axis=1)]
    for n_blocks in numbers:
        assignment, mask = np.zeros(len(objective), dtype=np.int64), full
        for k in range(n_blocks, 0, -1):
            part = int(choice[k, mask])
            assignment[[c for c in range(len(objective)) if part >> c & 1]] = k - 1
            mask ^= part
        yield assignment


def _block_costs(objective: Objective, sizes: Sizes) -> Floats:
    """2^C: what each set of labels adds to J as a block; infinite where its size is not allowed."""
    bits = ((np.arange(1 << len(objective))[:, None] >> np.arange(len(objective))) & 1) > 0
    held = bits.astype(np.float64)
    size = held.sum(axis=1)
    met = 0.5 * ((held @ objective.meeting) * held).sum(axis=1)
    sums = held @ objective.points
    squares = held @ (objective.points**2).sum(axis=1)
    cost = met + squares - (sums**2).sum(axis=1) / np.maximum(size, 1)
    cost[(size < sizes.least) | (size > sizes.most)] = np.inf
    return np.asarray(cost)


def _parts_with_lowest_bit(mask: int) -> npt.NDArray[np.int64]:
    low = mask & -mask
    parts = np.array([low], dtype=np.int64)
    rest = mask ^ low
    while rest:
        bit = rest & -rest
        parts = np.concatenate([parts, parts | bit])
        rest ^= bit
    return parts
