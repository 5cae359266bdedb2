"""Finds the partition of the labels that is best by the objective.

Up to `exact.MOST` labels: the optimum. Up to `FEW`: steepest descent with kept sums, kicked out of
its optimum and repeated. Beyond: rounds of single moves along the sparse co-occurrences. All of it
is deterministic; labels come in the order given by the caller, from frequent to rare.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ltmlbench.plugin import shares
from ltmlbench_subsets import exact
from ltmlbench_subsets.objective import Assignment, Objective, Sizes
from ltmlbench_subsets.state import State
from ltmlbench_subsets.statistics import Statistics
from ltmlbench_subsets.sweep import sweep

LEFT = 0.2
MOST = 16
FEW = 1500  # labels; up to here dense C×C arrays
_BETTER = 1e-12
_POWERS = (1, 2, 3, 4)
_RANDOM = 4  # random starts beside the slices
_KICKS = 400  # at most, and
_MOVES = 80_000  # kicks times labels


def partitions(
    objective: Objective, numbers: Sequence[int], sizes: Sizes, seed: int
) -> Iterator[Assignment]:
    """The best partition found per number of blocks (which the sizes must allow); blocks are
    numbered by their first labels."""
    if len(objective) <= exact.MOST:
        yield from map(numbered, exact.best(objective, numbers, sizes))
        return
    for n_blocks in numbers:
        if len(objective) <= FEW:
            found = climb(objective, n_blocks, sizes, np.random.default_rng(seed))
        else:
            start = slices(len(objective), n_blocks, sizes, max(_POWERS))
            found = sweep(objective, start, n_blocks, sizes)
        yield numbered(found)


def by_rule(statistics: Statistics, sizes: Sizes, seed: int) -> tuple[int, Assignment]:
    """How many subsets when nobody says, and these: the smallest number from 2 for which labels
    alone (λ_co = λ_im = 1) leave at most `LEFT` of R_co and of R_im; at most `MOST`, or as many as
    the sizes ask for (ours)."""
    objective = Objective.of(statistics, None, cooccurrence=1, imbalance=1, semantics=0)
    n = len(objective)
    first = min(max(2, -(-n // sizes.most)), n // sizes.least)
    numbers = range(first, max(first, min(MOST, n // sizes.least)) + 1)
    for n_blocks, home in zip(numbers, partitions(objective, numbers, sizes, seed), strict=True):
        left = shares(statistics.counts, statistics.pairs, home).sum(axis=0)
        if n_blocks == numbers[-1] or max(left[:2]) <= LEFT:
            break
    return n_blocks, home


def numbered(assignment: Assignment) -> Assignment:
    """The same blocks, numbered in the order of their first labels."""
    _, first, inverse = np.unique(assignment, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


def slices(n: int, n_blocks: int, sizes: Sizes, power: int) -> Assignment:
    """Blocks of neighbours in frequency; with a higher power the frequent ones are smaller."""
    ends = [0]
    for k in range(1, n_blocks + 1):
        later = n_blocks - k
        low = max(ends[-1] + sizes.least, n - later * sizes.most)
        high = min(ends[-1] + sizes.most, n - later * sizes.least)
        ends.append(min(max(round(n * (k / n_blocks) ** power), low), high))
    return np.repeat(np.arange(n_blocks), np.diff(ends)).astype(np.int64)


def deal(n: int, n_blocks: int, generator: np.random.Generator) -> Assignment:
    """A random partition into blocks of equal size (± 1)."""
    return generator.permutation(np.arange(n, dtype=np.int64) % n_blocks)


def climb(
    objective: Objective, n_blocks: int, sizes: Sizes, generator: np.random.Generator
) -> Assignment:
    """Iterated local search from the best of slices by frequency and some random partitions."""
    n = len(objective)
    starts = [slices(n, n_blocks, sizes, power) for power in _POWERS]
    starts += [deal(n, n_blocks, generator) for _ in range(_RANDOM)]
    best, score = None, np.inf
    for start in starts:
        state = State(objective, start, n_blocks, sizes)
        state.descend()
        if best is None or state.value < score - _BETTER:
            best, score = state, state.value
    assert best is not None
    for i in range(min(_KICKS, _MOVES // n) if n_blocks > 1 else 0):
        state = best.copy()
        kick = _PERTURB[i % 3]
        kick(state, n_blocks, generator)
        state.descend()
        if state.value < score - _BETTER:
            best, score = state, state.value
    return best.home


def _divide_anew(state: State, n_blocks: int, generator: np.random.Generator) -> None:
    """Half of the labels of two blocks change sides."""
    h, k = generator.permutation(n_blocks)[:2].tolist()
    inside = np.flatnonzero((state.home == h) | (state.home == k))
    for c in inside[generator.random(len(inside)) < 0.5].tolist():
        _kick(state, c, h if state.home[c] == k else k, generator)


def _scatter(state: State, n_blocks: int, generator: np.random.Generator) -> None:
    """A quarter of the labels go to blocks drawn at random."""
    chosen = generator.permutation(len(state.home))[: max(3, len(state.home) // 4)]
    blocks = generator.integers(n_blocks, size=len(chosen))
    for c, k in zip(chosen.tolist(), blocks.tolist(), strict=True):
        _kick(state, c, k, generator)


def _refill(state: State, n_blocks: int, generator: np.random.Generator) -> None:
    """All labels of a block go elsewhere and as many as an average block holds come in."""
    k = int(generator.integers(n_blocks))
    leaving = np.flatnonzero(state.home == k)
    others = generator.permutation(np.flatnonzero(state.home != k))
    entering = others[: max(1, len(state.home) // n_blocks)]
    blocks = generator.integers(n_blocks, size=len(leaving))
    for c in entering.tolist():
        _kick(state, c, k, generator)
    for c, to in zip(leaving.tolist(), blocks.tolist(), strict=True):
        _kick(state, c, to, generator)


_PERTURB = (_divide_anew, _scatter, _refill)


def _kick(state: State, c: int, k: int, generator: np.random.Generator) -> None:
    """Label ``c`` moves to block ``k``; where sizes forbid that, it changes places with another."""
    h = int(state.home[c])
    if h == k:
        return
    if not (state.may_leave(c) and state.may_enter(k)):
        state.move(int(generator.choice(np.flatnonzero(state.home == k))), h)
    state.move(c, k)
