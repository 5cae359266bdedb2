"""The objective against the formula of METHODS 1.4 written out with loops."""

from itertools import combinations
from math import log

import numpy as np
import pytest

from ltmlbench import LabelMatrix
from ltmlbench_subsets.objective import FEW, Objective
from ltmlbench_subsets.statistics import Statistics


def written_out(Y, blocks, prototypes, co, im, sem):
    counts = [sum(row[c] for row in Y) for c in range(len(Y[0]))]
    widest = log(max(counts) / min(counts))
    total = 0.0
    for block in blocks:
        pairs = list(combinations(block, 2))
        meeting, similarity = 0.0, 0.0
        for a, b in pairs:
            both = sum(row[a] and row[b] for row in Y)
            meeting += both / min(counts[a], counts[b])
            if prototypes is not None:
                u, v = prototypes[a], prototypes[b]
                dot = sum(x * y for x, y in zip(u, v, strict=True))
                similarity += dot / (sum(x * x for x in u) * sum(y * y for y in v)) ** 0.5
        inside = [counts[c] for c in block]
        spread = log(max(inside) / min(inside)) / widest if widest else 0.0
        total += (sem * similarity - co * meeting) / len(pairs) - im * spread
    return total


@pytest.mark.parametrize("weights", [(1, 1, 1), (2, 0, 0.5), (0, 1, 0), (0.3, 3, 2)])
@pytest.mark.parametrize("with_prototypes", [False, True])
def test_the_score_is_the_formula(weights, with_prototypes):
    generator = np.random.default_rng(3)
    Y = (generator.random((60, 9)) < generator.random(9)).astype(int)
    Y[0] = 1  # every label occurs
    prototypes = generator.normal(size=(9, 5)) if with_prototypes else None
    unit = None
    if prototypes is not None:
        unit = prototypes / np.linalg.norm(prototypes, axis=1, keepdims=True)
    blocks = [[0, 4], [1, 2, 8], [3, 5, 6, 7]]
    co, im, sem = weights
    objective = Objective.of(
        Statistics.count(LabelMatrix(Y)), unit, cooccurrence=co, imbalance=im, semantics=sem
    )
    expected = written_out(Y.tolist(), blocks, prototypes, co, im, sem)
    assert objective.score(blocks) == pytest.approx(expected, abs=1e-12)


def test_labels_of_one_frequency_have_no_imbalance():
    objective = Objective.of(
        Statistics.count(LabelMatrix(np.eye(4, dtype=int))),
        None,
        cooccurrence=1,
        imbalance=1,
        semantics=1,
    )
    assert objective.score([[0, 1], [2, 3]]) == 0.0


@pytest.mark.parametrize("n_labels", [12, FEW + 1])
def test_dense_affinity_and_sums_by_block_agree(n_labels):
    generator = np.random.default_rng(1)
    Y = (generator.random((80, n_labels)) < 0.4).astype(int)
    features = generator.normal(size=(n_labels, 3))
    objective = Objective.of(
        Statistics.count(LabelMatrix(Y)), features, cooccurrence=1, imbalance=1, semantics=1
    )
    onehot = np.eye(3)[generator.integers(0, 3, size=n_labels)]
    np.testing.assert_allclose(objective.sums(onehot), objective.affinity @ onehot, atol=1e-12)
