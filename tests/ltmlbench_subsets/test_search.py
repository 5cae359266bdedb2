"""The search against enumeration of all set partitions, and against simpler searches."""

import numpy as np
import pytest

from ltmlbench import LabelMatrix
from ltmlbench_subsets import search
from ltmlbench_subsets.datasets import make_long_tailed
from ltmlbench_subsets.merging import merge
from ltmlbench_subsets.objective import Objective
from ltmlbench_subsets.statistics import Statistics


def objective_of(Y, prototypes=None):
    labels = LabelMatrix(Y)
    order = np.argsort(-labels.counts, kind="stable")
    order = order[labels.counts[order] > 0]
    features = None
    if prototypes is not None:
        features = prototypes[order]
        features = features / np.linalg.norm(features, axis=1, keepdims=True)
    statistics = Statistics.count(labels).select(order)
    return Objective.of(statistics, features, cooccurrence=1, imbalance=1, semantics=1)


def small_problem(seed, n_labels):
    """Dense labels by a latent factor model; every other one has prototypes."""
    generator = np.random.default_rng(seed)
    prior = generator.beta(0.5, 6, size=n_labels) + 0.01
    latent = generator.normal(size=(400, 4)) @ generator.normal(size=(4, n_labels))
    chance = 1 / (1 + np.exp(-(np.log(prior / (1 - prior)) + 0.7 * latent)))
    Y = (generator.random((400, n_labels)) < chance).astype(np.uint8)
    Y[0] = 1
    prototypes = generator.normal(size=(n_labels, 8)) + generator.normal(size=8)
    return objective_of(Y, prototypes if seed % 2 else None)


def set_partitions(items):
    if not items:
        yield []
        return
    for rest in set_partitions(items[1:]):
        yield [[items[0]], *rest]
        for i, block in enumerate(rest):
            yield [*rest[:i], [items[0], *block], *rest[i + 1 :]]


def enumerated(objective, n_blocks, max_labels):
    """Every set partition of the right block count and sizes is scored."""
    fitting = (
        blocks
        for blocks in set_partitions(list(range(len(objective))))
        if len(blocks) == n_blocks and all(2 <= len(block) <= max_labels for block in blocks)
    )
    return max(objective.score(blocks) for blocks in fitting)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("n_labels", "n_blocks", "most"), [(6, 3, 6), (7, 2, 7), (7, 3, 3)])
def test_up_to_twelve_labels_the_partition_is_the_best_of_all(seed, n_labels, n_blocks, most):
    objective = small_problem(seed, n_labels)
    blocks = search.exact(objective, n_blocks, most)
    assert sorted(c for block in blocks for c in block) == list(range(n_labels))
    assert len(blocks) == n_blocks
    assert objective.score(blocks) == pytest.approx(enumerated(objective, n_blocks, most))


@pytest.mark.slow
def test_local_search_reaches_the_optimum_on_small_problems():
    """METHODS 1.4's search beyond ten labels, held against the optimum where that is known;
    benchmarks/subsets_search.py does so on 200 problems."""
    reached = []
    for seed in range(40):
        generator = np.random.default_rng(seed)
        n_labels = int(generator.integers(8, 11))
        n_blocks = int(generator.integers(2, n_labels // 2 + 1))
        objective = small_problem(seed, n_labels)
        random = np.mean(
            [
                objective.score(search.blocks_of(search.deal(n_labels, n_blocks, generator)))
                for _ in range(50)
            ]
        )
        best = objective.score(search.exact(objective, n_blocks, n_labels))
        found = search.climb(objective, n_blocks, n_labels, np.random.default_rng(0))
        reached.append((objective.score(search.blocks_of(found)) - random) / (best - random))
    assert np.median(reached) >= 0.99
    assert min(reached) >= 0.9


@pytest.mark.parametrize("n_labels", [40, 120, 600])
@pytest.mark.parametrize("with_prototypes", [False, True])
def test_larger_searches_beat_greedy_merging_and_random_partitions(n_labels, with_prototypes):
    generator = np.random.default_rng(n_labels)
    Y = make_long_tailed(20 * n_labels, n_labels, random_state=n_labels)
    prototypes = generator.normal(size=(n_labels, 6)) if with_prototypes else None
    objective = objective_of(Y, prototypes)
    n = len(objective)
    found = objective.score(search.partition(objective, 8, n, np.random.default_rng(0)))
    random = max(
        objective.score(search.blocks_of(search.scatter(n, 8, n, generator))) for _ in range(50)
    )
    assert found > random
    merged = merge(objective, 8, n)
    assert merged is not None
    assert found >= objective.score(search.blocks_of(merged)) - 1e-9


def test_local_search_beats_climbing_from_random_partitions_in_as_many_climbs():
    objective = objective_of(make_long_tailed(1000, 50, random_state=1050))
    n, generator = len(objective), np.random.default_rng(0)
    found = search.blocks_of(search.climb(objective, 8, n, np.random.default_rng(0)))
    climbs = [
        search._ascend(objective, search.scatter(n, 8, n, generator), 8, n)[1] for _ in range(300)
    ]
    assert objective.score(found) > max(climbs)


@pytest.mark.parametrize("n_labels", [10, 60, 500])
@pytest.mark.parametrize("slack", [0, 5])
def test_no_subset_is_larger_than_asked_for(n_labels, slack):
    objective = objective_of(make_long_tailed(30 * n_labels, n_labels, random_state=2))
    n = len(objective)
    most = -(-n // 4) + slack
    blocks = search.partition(objective, 4, most, np.random.default_rng(0))
    assert len(blocks) == 4
    assert sorted(c for block in blocks for c in block) == list(range(n))
    assert all(2 <= len(block) <= most for block in blocks)


@pytest.mark.parametrize("width", [2, 3, 7, 8, 20])
def test_contiguous_blocks_have_the_least_summed_imbalance(width):
    counts = np.array([900, 870, 400, 90, 80, 12, 11, 3])
    pairs = np.diag(counts)
    from scipy import sparse

    statistics = Statistics(tuple("abcdefgh"), counts, sparse.csr_array(pairs), 1000)
    objective = Objective.of(statistics, None, cooccurrence=0, imbalance=1, semantics=0)
    n_blocks = 4 if width == 2 else 3
    found = search.by_frequency(objective, n_blocks, width)
    best = enumerated(objective, n_blocks, width)
    assert objective.score(search.blocks_of(found)) == pytest.approx(best)


def test_a_sweep_leaves_a_local_optimum_and_reports_its_score():
    objective = objective_of(make_long_tailed(20_000, 800, random_state=5))
    n = len(objective)
    start = search.deal(n, 6, np.random.default_rng(0))
    swept, score = search.sweep(objective, start, n)
    assert score == pytest.approx(objective.score(search.blocks_of(swept)), abs=1e-9)
    assert score > objective.score(search.blocks_of(start))
