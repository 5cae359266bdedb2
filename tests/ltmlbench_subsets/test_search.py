"""The search against enumeration of all set partitions, and against simpler searches."""

import numpy as np
import pytest

from ltmlbench import LabelMatrix
from ltmlbench_subsets import exact, search
from ltmlbench_subsets.datasets import make_long_tailed
from ltmlbench_subsets.objective import Objective, Sizes
from ltmlbench_subsets.state import State
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


def enumerated(objective, n_blocks, sizes):
    """The lowest J of all set partitions of the right block count and sizes."""
    n, lowest = len(objective), np.inf
    for blocks in set_partitions(list(range(n))):
        fits = all(sizes.least <= len(block) <= sizes.most for block in blocks)
        if len(blocks) == n_blocks and fits:
            home = np.empty(n, dtype=np.int64)
            for k, block in enumerate(blocks):
                home[block] = k
            lowest = min(lowest, objective.value(home))
    return lowest


def found(objective, n_blocks, sizes=None, seed=0):
    return next(search.partitions(objective, [n_blocks], sizes or Sizes(1, len(objective)), seed))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("n_labels", "n_blocks", "sizes"),
    [(6, 3, Sizes(1, 6)), (7, 2, Sizes(2, 7)), (7, 3, Sizes(1, 3)), (8, 3, Sizes(2, 3))],
)
def test_up_to_twelve_labels_the_partition_is_the_best_of_all(seed, n_labels, n_blocks, sizes):
    objective = small_problem(seed, n_labels)
    home = found(objective, n_blocks, sizes)
    held = np.bincount(home, minlength=n_blocks)
    assert sizes.least <= held.min()
    assert held.max() <= sizes.most
    assert len(held) == n_blocks
    assert objective.value(home) == pytest.approx(enumerated(objective, n_blocks, sizes))


def test_one_table_gives_the_optimum_for_every_number_of_subsets():
    objective, sizes = small_problem(1, 7), Sizes(1, 7)
    several = list(exact.best(objective, range(1, 8), sizes))
    values = [objective.value(home) for home in several]
    assert [int(home.max()) + 1 for home in several] == list(range(1, 8))
    assert values == pytest.approx([enumerated(objective, k, sizes) for k in range(1, 8)])
    assert values == sorted(values, reverse=True)  # another block never costs anything


@pytest.mark.slow
def test_local_search_reaches_the_optimum_on_small_problems():
    """The search beyond twelve labels, held against the optimum where that is known;
    benchmarks/subsets_search.py does so on 200 problems."""
    for seed in range(40):
        generator = np.random.default_rng(seed)
        n = int(generator.integers(8, 12))
        k = int(generator.integers(2, n // 2 + 1))
        sizes = Sizes(1, n) if seed % 3 else Sizes(2, -(-n // k) + 1)
        objective = small_problem(seed, n)
        (best,) = exact.best(objective, [k], sizes)
        climbed = search.climb(objective, k, sizes, np.random.default_rng(0))
        assert objective.value(climbed) == pytest.approx(objective.value(best), abs=1e-9)


@pytest.mark.parametrize("n_labels", [40, 120, 1700])
@pytest.mark.parametrize("with_prototypes", [False, True])
def test_larger_searches_beat_random_partitions_and_slices_by_frequency(n_labels, with_prototypes):
    generator = np.random.default_rng(n_labels)
    Y = make_long_tailed(20 * n_labels, n_labels, random_state=n_labels)
    prototypes = generator.normal(size=(n_labels, 6)) if with_prototypes else None
    objective = objective_of(Y, prototypes)
    n, sizes = len(objective), Sizes(1, len(objective))
    reached = objective.value(found(objective, 8))
    random = min(objective.value(search.deal(n, 8, generator)) for _ in range(50))
    sliced = min(objective.value(search.slices(n, 8, sizes, power)) for power in (1, 2, 3, 4))
    assert reached < min(random, sliced)


def test_local_search_beats_as_many_descents_from_random_partitions():
    objective = objective_of(make_long_tailed(2000, 100, random_state=5))
    n, generator = len(objective), np.random.default_rng(0)
    descents = [
        State(objective, search.deal(n, 16, generator), 16, Sizes(1, n)) for _ in range(400)
    ]
    for state in descents:
        state.descend()
    assert objective.value(found(objective, 16)) < min(state.value for state in descents)


@pytest.mark.parametrize("n_labels", [10, 60, 1700])
@pytest.mark.parametrize("slack", [0, 5])
def test_no_subset_is_larger_or_smaller_than_asked_for(n_labels, slack):
    objective = objective_of(make_long_tailed(30 * n_labels, n_labels, random_state=2))
    n = len(objective)
    sizes = Sizes(min(3, n // 4), -(-n // 4) + slack)
    home = found(objective, 4, sizes)
    held = np.bincount(home, minlength=4)
    assert held.sum() == n
    assert sizes.least <= held.min()
    assert held.max() <= sizes.most


@pytest.mark.parametrize("power", [1, 4])
@pytest.mark.parametrize("sizes", [Sizes(1, 20), Sizes(3, 20), Sizes(1, 5), Sizes(5, 5)])
def test_slices_are_neighbours_of_allowed_size(power, sizes):
    home = search.slices(20, 4, sizes, power)
    held = np.bincount(home)
    assert (np.diff(home) >= 0).all()
    assert len(held) == 4
    assert sizes.least <= held.min()
    assert held.max() <= sizes.most


def test_where_sizes_leave_no_room_labels_change_places():
    objective, n = objective_of(make_long_tailed(3000, 40, random_state=9)), 40
    sizes = Sizes(len(objective) // 4, -(-len(objective) // 4))
    state = State(objective, search.slices(len(objective), 4, sizes, 1), 4, sizes)
    before = state.value
    state.descend()
    assert state.value < before
    assert state.value == pytest.approx(objective.value(state.home), abs=1e-12)
    assert n >= len(objective) >= 30


@pytest.mark.parametrize("n_labels", [9, 30, 1600])
def test_blocks_are_numbered_by_their_most_frequent_labels(n_labels):
    home = found(objective_of(make_long_tailed(40 * n_labels, n_labels)), 4)
    _, first = np.unique(home, return_index=True)
    assert (np.diff(first) > 0).all()
