"""Finds the partition of the labels that is best by the objective.

Up to `EXACT` labels: the optimum, by dynamic programming over label sets (every set partition is
covered). Up to `FEW` labels: local search (move one label, swap two), kicked out of its optimum and
repeated. Beyond: single moves along the sparse co-occurrences; up to `MANY` labels, greedy merging
is a start as well.
All of it is deterministic; labels come in the order given by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from ltmlbench_subsets.merging import merge
from ltmlbench_subsets.objective import FEW, Assignment, Floats, Objective

EXACT = 12
MANY = 1500
_GAIN = 1e-9  # what counts as better, beyond rounding
_WORTH = 1e-7  # the same where many labels each move a mean by very little
_PER_ROUND = 3000
_NEIGHBOURS = 8
_RANDOM = 8  # partitions to choose a start from
_KICKS = 150  # per start


def partition(
    objective: Objective, n_blocks: int, max_labels: int, generator: np.random.Generator
) -> list[list[int]]:
    """The best partition found: ``n_blocks`` blocks of 2 to ``max_labels`` labels.

    The labels must be sorted from frequent to rare.
    """
    if len(objective) <= EXACT:
        return exact(objective, n_blocks, max_labels)
    if len(objective) <= FEW:
        assignment = climb(objective, n_blocks, max_labels, generator)
    else:
        starts = [
            by_frequency(objective, n_blocks, max_labels),
            best_pairs(objective, n_blocks, max_labels),
            merge(objective, n_blocks, max_labels) if len(objective) <= MANY else None,
        ]
        swept = [sweep(objective, start, max_labels) for start in starts if start is not None]
        assignment = max(swept, key=lambda found: found[1])[0]
    return blocks_of(assignment)


def blocks_of(assignment: Assignment) -> list[list[int]]:
    """Label sets, in the order of their first labels."""
    order = np.argsort(assignment, kind="stable")
    cuts = np.flatnonzero(np.diff(assignment[order])) + 1
    return sorted(block.tolist() for block in np.split(order, cuts))


def exact(objective: Objective, n_blocks: int, max_labels: int) -> list[list[int]]:
    """The optimum; the first in lexicographic order among equals."""
    n = len(objective)
    masks = np.arange(1 << n)
    bits = ((masks[:, None] >> np.arange(n)) & 1).astype(np.float64)
    size = bits.sum(axis=1)
    pairs = 0.5 * ((bits @ objective.affinity) * bits).sum(axis=1)
    highest = np.where(bits > 0, objective.rarity, -np.inf).max(axis=1)
    lowest = np.where(bits > 0, objective.rarity, np.inf).min(axis=1)
    fits = (size >= 2) & (size <= max_labels)
    value = np.full(len(masks), -np.inf)
    value[fits] = objective.value(pairs[fits], size[fits], (highest - lowest)[fits])
    best = np.full((n_blocks + 1, len(masks)), -np.inf)
    best[0, 0] = 0.0
    choice = np.zeros((n_blocks + 1, len(masks)), dtype=np.int64)
    for mask in range(1, len(masks)):
        parts = _subsets_with_lowest_bit(mask)
        totals = value[parts] + best[:-1, mask ^ parts]
        top = totals.max(axis=1)
        best[1:, mask] = top
        choice[1:, mask] = parts[np.argmax(totals >= top[:, None] - 1e-12, axis=1)]
    blocks, mask = [], len(masks) - 1
    for k in range(n_blocks, 0, -1):
        part = int(choice[k, mask])
        blocks.append([c for c in range(n) if part >> c & 1])
        mask ^= part
    return sorted(blocks)


def _subsets_with_lowest_bit(mask: int) -> npt.NDArray[np.int64]:
    low = mask & -mask
    parts = np.array([low], dtype=np.int64)
    rest = mask ^ low
    while rest:
        bit = rest & -rest
        parts = np.concatenate([parts, parts | bit])
        rest ^= bit
    return parts


def by_frequency(objective: Objective, n_blocks: int, max_labels: int) -> Assignment:
    """Contiguous blocks of the labels sorted by frequency that minimise the summed imbalance.

    Exact for blocks of neighbours, by dynamic programming in C × K steps.
    """
    x, n = objective.rarity, len(objective)
    left = n - np.arange(n + 1)
    best = np.full(n + 1, -np.inf)  # best[j]: the first j labels divided into k blocks
    best[0] = 0.0
    openings = []
    for k in range(1, n_blocks + 1):
        opened = np.append(best[:-1] - x, -np.inf)  # opened[i]: block k starts with label i
        openings.append(opened)
        best = _window_max(opened, max_labels) + np.append(-np.inf, x)
        later = n_blocks - k
        best[(left < 2 * later) | (left > max_labels * later)] = -np.inf
    assignment = np.empty(n, dtype=np.int64)
    stop = n
    for k in range(n_blocks - 1, -1, -1):
        low = max(0, stop - max_labels)
        start = low + int(np.argmax(openings[k][low : stop - 1]))
        assignment[start:stop] = k
        stop = start
    return assignment


def _window_max(values: Floats, width: int) -> Floats:
    """Per j the largest of ``values[j - width : j - 1]``."""
    n = len(values)
    padded = np.append(np.full(width, -np.inf), values)
    if width >= n - 1:
        top = np.maximum.accumulate(values)
        return np.append(np.full(2, -np.inf), top[:-2])
    size = width - 1  # window j covers padded[j : j + size]
    tops = maximum_filter1d(padded, size, mode="constant", cval=-np.inf)
    return np.asarray(tops[size // 2 : size // 2 + n])


@dataclass
class _State:
    """A partition and what its gains are made of. ``sums``: C×K, affinity of a label to a block."""

    assignment: Assignment
    sums: Floats
    pair_sums: Floats
    sizes: Floats
    values: Floats
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    high_without: Floats
    low_without: Floats


def _state(objective: Objective, assignment: Assignment, n_blocks: int) -> _State:
    x, n = objective.rarity, len(assignment)
    onehot = np.zeros((n, n_blocks))
    onehot[np.arange(n), assignment] = 1.0
    sums = objective.sums(onehot)
    sizes = onehot.sum(axis=0)
    order = np.argsort(assignment, kind="stable")
    ends = np.cumsum(sizes).astype(np.int64)
    starts = ends - sizes.astype(np.int64)
    first, second = order[starts], order[starts + 1]
    last, before = order[ends - 1], order[ends - 2]
    index = np.arange(n)
    high = np.where(first[assignment] == index, x[second[assignment]], x[first[assignment]])
    low = np.where(last[assignment] == index, x[before[assignment]], x[last[assignment]])
    pair_sums = 0.5 * (sums * onehot).sum(axis=0)
    values = objective.value(pair_sums, sizes, x[first] - x[last])
    return _State(assignment, sums, pair_sums, sizes, values, first, last, high, low)


def _move_gains(objective: Objective, s: _State, max_labels: int) -> Floats:
    """C×K: what J gains when one label moves to another block; -inf where it may not."""
    x, index, home = objective.rarity, np.arange(len(s.assignment)), s.assignment
    own = s.sums[index, home]
    small = s.sizes[home] <= 2
    left = np.maximum(s.sizes[home] - 1, 2)
    without = s.high_without - s.low_without
    leaves = objective.value(s.pair_sums[home] - own, left, without) - s.values[home]
    leaves = np.where(small, -np.inf, leaves)
    span = np.maximum(x[s.first], x[:, None]) - np.minimum(x[s.last], x[:, None])
    enters = objective.value(s.pair_sums + s.sums, s.sizes + 1, span) - s.values
    gains = leaves[:, None] + np.where(s.sizes < max_labels, enters, -np.inf)
    gains[index, home] = -np.inf
    return np.asarray(gains)


def _swap_gains(objective: Objective, s: _State) -> Floats:
    """C×C: what J gains when two labels of different blocks change places."""
    x, home = objective.rarity, s.assignment
    index = np.arange(len(home))
    own = s.sums[index, home]
    pairs = (s.pair_sums[home] - own)[:, None] + s.sums[:, home].T - objective.affinity
    span = np.maximum(s.high_without[:, None], x) - np.minimum(s.low_without[:, None], x)
    replaced = objective.value(pairs, s.sizes[home][:, None], span) - s.values[home][:, None]
    gains = replaced + replaced.T
    gains[home[:, None] == home] = -np.inf
    return np.asarray(gains)


def _ascend(
    objective: Objective, assignment: Assignment, n_blocks: int, max_labels: int
) -> tuple[Assignment, float]:
    """Best moves, and where none is left the best swap, until none is left either."""
    assignment = assignment.copy()
    while True:
        state = _state(objective, assignment, n_blocks)
        moves = _move_gains(objective, state, max_labels)
        a, k = np.unravel_index(np.argmax(moves), moves.shape)
        if moves[a, k] > _GAIN:
            assignment[a] = k
            continue
        swaps = _swap_gains(objective, state)
        a, b = np.unravel_index(np.argmax(swaps), swaps.shape)
        if swaps[a, b] <= _GAIN:
            return assignment, float(state.values.sum())
        assignment[a], assignment[b] = assignment[b], assignment[a]


def climb(
    objective: Objective, n_blocks: int, max_labels: int, generator: np.random.Generator
) -> Assignment:
    """Iterated local search, twice: from the best of three built partitions, and from the best of
    some random ones, as the two often end apart."""
    built = [
        by_frequency(objective, n_blocks, max_labels),
        merge(objective, n_blocks, max_labels),
        best_pairs(objective, n_blocks, max_labels),
    ]
    random = [scatter(len(objective), n_blocks, max_labels, generator) for _ in range(_RANDOM)]
    found = []
    for starts in (built, random):
        climbed = [_ascend(objective, s, n_blocks, max_labels) for s in starts if s is not None]
        best, score = max(climbed, key=lambda found: found[1])
        for _ in range(_KICKS):
            kicked = _exchanged(best, n_blocks, generator)
            tried, value = _ascend(objective, kicked, n_blocks, max_labels)
            if value > score + _GAIN:
                best, score = tried, value
        found.append((best, score))
    return max(found, key=lambda found: found[1])[0]


def _exchanged(assignment: Assignment, n_blocks: int, generator: np.random.Generator) -> Assignment:
    """One block, chosen at random, changes its labels (at most a fifth of all) for others."""
    inside = assignment == generator.integers(n_blocks)
    leaving = generator.permutation(np.flatnonzero(inside))
    entering = generator.permutation(np.flatnonzero(~inside))
    number = min(len(leaving), len(entering), max(2, len(assignment) // 5))
    changed = assignment.copy()
    changed[leaving[:number]] = assignment[entering[:number]]
    changed[entering[:number]] = assignment[leaving[:number]]
    return changed


def deal(n: int, n_blocks: int, generator: np.random.Generator) -> Assignment:
    """A random partition into blocks of equal size (± 1)."""
    return generator.permutation(np.arange(n, dtype=np.int64) % n_blocks)


def scatter(n: int, n_blocks: int, max_labels: int, generator: np.random.Generator) -> Assignment:
    """A random partition into blocks of random size, 2 to ``max_labels``."""
    extra = np.minimum(max_labels, n) - 2
    room = np.repeat(np.arange(n_blocks), extra)
    weight = np.repeat(generator.random(n_blocks) + 1e-3, extra)
    more = room[np.argsort(generator.exponential(size=len(room)) / weight)[: n - 2 * n_blocks]]
    return generator.permutation(np.concatenate([np.tile(np.arange(n_blocks), 2), more]))


def sweep(
    objective: Objective, assignment: Assignment, max_labels: int, rounds: int = 4
) -> tuple[Assignment, float]:
    """Rounds of single moves, the most promising labels first.

    A round weighs all moves at once, then makes the best `_PER_ROUND` one by one, each weighed
    again as things stand: the cost of a move grows with the labels it occurs with, not with C.
    """
    assignment = assignment.copy()
    n_blocks = int(assignment.max()) + 1
    for _ in range(rounds):
        state = _state(objective, assignment, n_blocks)
        gains = _move_gains(objective, state, max_labels).max(axis=1)
        wanted = np.flatnonzero(gains > _WORTH)
        promising = wanted[np.argsort(-gains[wanted], kind="stable")][:_PER_ROUND]
        if not _move_each(objective, state, promising, max_labels):
            break
    return assignment, float(state.values.sum())


def _move_each(
    objective: Objective, s: _State, labels: npt.NDArray[np.int64], max_labels: int
) -> int:
    """Moves the labels in turn, where it gains; changes ``s``. Returns how many moved."""
    x, co, features = objective.rarity, objective.cooccurrence, objective.features
    home_of, n_blocks, moved = s.assignment, len(s.sizes), 0
    if features is not None:
        centres = np.stack([features[home_of == k].sum(axis=0) for k in range(n_blocks)])
    for a in labels.tolist():
        home = int(home_of[a])
        if s.sizes[home] <= 2:
            continue
        near = slice(co.indptr[a], co.indptr[a + 1])
        sums = -np.bincount(home_of[co.indices[near]], co.data[near], minlength=n_blocks)
        if features is not None:
            row = features[a]
            sums += centres @ row
            sums[home] -= row @ row
        ends = int(s.first[home]), int(s.last[home])
        if a in ends:
            rest = np.flatnonzero(home_of == home)
            rest = rest[rest != a]
            ends = int(rest[0]), int(rest[-1])
        left = s.pair_sums[home] - sums[home]
        without = objective.value(left, s.sizes[home] - 1, x[ends[0]] - x[ends[1]])
        spans = x[np.minimum(s.first, a)] - x[np.maximum(s.last, a)]
        entered = objective.value(s.pair_sums + sums, s.sizes + 1, spans)
        gains = np.where(s.sizes < max_labels, entered - s.values, -np.inf)
        gains[home] = -np.inf
        k = int(gains.argmax())
        if gains[k] + without - s.values[home] <= _WORTH:
            continue
        home_of[a] = k
        s.pair_sums[home], s.pair_sums[k] = left, s.pair_sums[k] + sums[k]
        s.sizes[home] -= 1
        s.sizes[k] += 1
        s.first[home], s.last[home] = ends
        s.first[k], s.last[k] = min(s.first[k], a), max(s.last[k], a)
        s.values[home], s.values[k] = without, entered[k]
        if features is not None:
            centres[home] -= row
            centres[k] += row
        moved += 1
    return moved


def best_pairs(objective: Objective, n_blocks: int, max_labels: int) -> Assignment | None:
    """The best disjoint pairs, one per block but the last, which holds all other labels; None
    where that is larger than allowed. The candidates are labels next to each other in frequency
    and, with prototypes, each label's most similar ones."""
    x, n = objective.rarity, len(objective)
    if n - 2 * (n_blocks - 1) > max_labels:
        return None
    index = np.arange(n)
    a = np.concatenate([index[:-d] for d in range(1, _NEIGHBOURS + 1)])
    b = np.concatenate([index[d:] for d in range(1, _NEIGHBOURS + 1)])
    if objective.features is not None:
        near = _most_similar(objective.features, _NEIGHBOURS)
        a, b = np.append(a, np.repeat(index, near.shape[1])), np.append(b, near.ravel())
    a, b = np.minimum(a, b), np.maximum(a, b)
    sums = -np.asarray(objective.cooccurrence[a, b]).ravel()
    if objective.features is not None:
        sums = sums + (objective.features[a] * objective.features[b]).sum(axis=1)
    values = objective.value(sums, 2, x[a] - x[b])
    assignment = np.full(n, n_blocks - 1, dtype=np.int64)
    found = 0
    for i in np.argsort(-values, kind="stable"):
        if found == n_blocks - 1:
            return assignment
        if a[i] != b[i] and (assignment[[a[i], b[i]]] == n_blocks - 1).all():
            assignment[[a[i], b[i]]] = found
            found += 1
    return assignment if found == n_blocks - 1 else None


def _most_similar(features: Floats, number: int) -> npt.NDArray[np.int64]:
    """C×number: the labels with the largest dot product, in chunks of rows."""
    n = features.shape[0]
    number = min(number, n - 1)
    found = np.empty((n, number), dtype=np.int64)
    step = max(1, (1 << 24) // n)
    for i in range(0, n, step):
        similar = features[i : i + step] @ features.T
        similar[np.arange(len(similar)), np.arange(i, i + len(similar))] = -np.inf
        found[i : i + step] = np.argpartition(-similar, number - 1, axis=1)[:, :number]
    return found
