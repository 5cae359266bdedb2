"""Random numbers that are a hash of what they are for, so that nothing has to be remembered.

The view of a sample is a function of (seed, epoch, sample, how often it came before in this epoch):
neither batches, order nor processes change it, and every method of a fold sees the same ones.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats, Rows


def occurrences(order: Rows) -> Rows:
    """How often each entry came earlier in ``order``.

    >>> occurrences(np.array([5, 7, 5, 5])).tolist()
    [0, 0, 1, 2]
    """
    by_value = np.argsort(order, kind="stable")  # equal entries side by side, in their own order
    ordered = order[by_value]
    changed = np.ones(len(ordered), dtype=bool)
    changed[1:] = ordered[1:] != ordered[:-1]
    first = np.flatnonzero(changed)
    lengths = np.diff(np.append(first, len(ordered)))
    count = np.empty(len(order), dtype=np.int64)
    count[by_value] = np.arange(len(order)) - np.repeat(first, lengths)
    return count


def uniform(
    seed: int,
    epoch: int,
    rows: Rows,
    occurrence: Rows,
    n: int,
) -> Floats:
    """B×n numbers in [0, 1), a function of the arguments alone (splitmix64, Steele et al. 2014)."""
    state = np.full((len(rows), n), np.uint64(seed % 2**64))
    for part in (np.uint64(epoch), rows[:, None], occurrence[:, None], np.arange(n)[None, :]):
        state = _splitmix(state ^ _splitmix(np.asarray(part).astype(np.uint64)))
    return (state >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _splitmix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        z = x + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
