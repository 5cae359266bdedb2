"""The objective against the formula of docs/subsets.md written out with loops."""

from itertools import combinations
from math import log

import numpy as np
import pytest

from ltmlbench import LabelMatrix
from ltmlbench.division import by_chance, shares
from ltmlbench_subsets.objective import Objective, Sizes
from ltmlbench_subsets.search import deal
from ltmlbench_subsets.state import State
from ltmlbench_subsets.statistics import Statistics
from ltmlbench_subsets.sweep import Blocks


def spread(rows):
    """Squared distances to the mean, summed."""
    mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    return sum((x - m) ** 2 for row in rows for x, m in zip(row, mean, strict=True))


def written_out(Y, blocks, prototypes=None):
    """R_co, R_im, R_sem."""
    every = [c for block in blocks for c in block]
    counts = [sum(row[c] for row in Y) for c in range(len(Y[0]))]

    def met(labels):
        return sum(row[a] and row[b] for a, b in combinations(labels, 2) for row in Y)

    def unequal(labels):
        return spread([[log(counts[c])] for c in labels])

    def unlike(labels):
        rows = [
            [x / sum(v * v for v in prototypes[c]) ** 0.5 for x in prototypes[c]] for c in labels
        ]
        return spread(rows)

    parts = [met, unequal, *([unlike] if prototypes is not None else [])]
    return [sum(part(block) for block in blocks) / part(every) for part in parts]


@pytest.fixture
def problem():
    generator = np.random.default_rng(3)
    Y = (generator.random((60, 9)) < generator.random(9)).astype(int)
    Y[0] = 1  # every label occurs
    return Y, generator.normal(size=(9, 5)), np.array([0, 1, 1, 2, 0, 2, 2, 2, 1])


def blocks_of(home):
    return [np.flatnonzero(home == k).tolist() for k in range(home.max() + 1)]


def objective_of(Y, prototypes=None, weights=(1, 1, 1)):
    unit = None
    if prototypes is not None:
        unit = prototypes / np.linalg.norm(prototypes, axis=1, keepdims=True)
    co, im, sem = weights
    return Objective.of(
        Statistics.count(LabelMatrix(Y)), unit, cooccurrence=co, imbalance=im, semantics=sem
    )


def test_the_shares_are_the_formulas(problem):
    Y, prototypes, home = problem
    labels = LabelMatrix(Y)
    left = shares(labels.counts, labels.pairs(), home, prototypes * 7)
    expected = written_out(Y.tolist(), blocks_of(home), prototypes.tolist())
    assert left.shape == (3, 3)
    np.testing.assert_allclose(left.sum(axis=0), expected)
    without = shares(labels.counts, labels.pairs(), home).sum(axis=0)
    np.testing.assert_allclose(without[:2], expected[:2])
    assert np.isnan(without[2])


@pytest.mark.parametrize("weights", [(1, 1, 1), (2, 0, 0.5), (0, 1, 0), (0.3, 3, 2)])
@pytest.mark.parametrize("with_prototypes", [False, True])
def test_what_is_searched_for_is_the_weighted_sum_of_the_shares(problem, weights, with_prototypes):
    Y, prototypes, home = problem
    prototypes = prototypes if with_prototypes else None
    left = written_out(Y.tolist(), blocks_of(home), prototypes)
    expected = sum(w * r for w, r in zip(weights, left, strict=False))
    assert objective_of(Y, prototypes, weights).value(home) == pytest.approx(expected, abs=1e-12)


def test_the_undivided_data_keep_all_and_labels_alone_nothing(problem):
    Y, prototypes, _ = problem
    labels = LabelMatrix(Y)
    counts, pairs = labels.counts, labels.pairs()
    whole = shares(counts, pairs, np.zeros(9, dtype=int), prototypes)
    np.testing.assert_allclose(whole, [[1, 1, 1]])
    np.testing.assert_allclose(shares(counts, pairs, np.arange(9), prototypes), 0, atol=1e-12)


def test_where_there_is_no_trouble_none_is_left():
    labels = LabelMatrix(np.eye(4, dtype=int))
    home = np.array([0, 0, 1, 1])
    left = shares(labels.counts, labels.pairs(), home, np.ones((4, 3)))
    np.testing.assert_array_equal(left, np.zeros((2, 3)))
    assert objective_of(np.eye(4, dtype=int), np.ones((4, 3))).value(home) == 0


def test_chance_is_the_mean_over_random_divisions_into_the_same_sizes(problem):
    Y, prototypes, home = problem
    labels, generator = LabelMatrix(Y), np.random.default_rng(0)
    drawn = [
        shares(labels.counts, labels.pairs(), generator.permutation(home), prototypes).sum(axis=0)
        for _ in range(4000)
    ]
    expected = by_chance(blocks_of(home), np.ones(3))
    np.testing.assert_allclose(np.mean(drawn, axis=0), expected, atol=0.01)


def walk(objective, home, seed):
    """Random moves of a dense and of a sparse state, none of which empties a block."""
    n_blocks, generator = int(home.max()) + 1, np.random.default_rng(seed)
    dense = State(objective, home, n_blocks, Sizes(1, len(home)))
    sparse = Blocks(objective, home, n_blocks)
    for _ in range(30):
        c, k = int(generator.integers(len(home))), int(generator.integers(n_blocks))
        if k != dense.home[c] and dense.may_leave(c):
            dense.move(c, k)
            sparse.move(c, k)
    return dense, sparse


@pytest.mark.parametrize("with_prototypes", [False, True])
def test_kept_sums_say_what_moves_change(problem, with_prototypes):
    Y, prototypes, _ = problem
    objective = objective_of(Y, prototypes if with_prototypes else None)
    dense, sparse = walk(objective, deal(9, 3, np.random.default_rng(1)), 2)
    np.testing.assert_array_equal(dense.home, sparse.home)
    assert dense.value == pytest.approx(objective.value(dense.home), abs=1e-12)
    np.testing.assert_allclose(dense.costs.T, sparse.costs(slice(None)), atol=1e-12)
    for c in range(9):
        h = dense.home[c]
        if not dense.may_leave(c):
            continue
        for k in {0, 1, 2} - {h}:
            moved = dense.home.copy()
            moved[c] = k
            change = objective.value(moved) - dense.value
            assert dense.costs[k, c] - dense.costs[h, c] == pytest.approx(change, abs=1e-12)
