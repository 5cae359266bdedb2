"""Relational subsets against greedy merging and random restarts, given the same time.

    OMP_NUM_THREADS=1 python benchmarks/subsets_search.py

The objective of the best partition each finds (higher is better). Greedy merging takes the time
it needs; the restarts (random partitions, and random partitions climbed to a local optimum) get
the CPU time that the search took. The first line holds the search beyond twelve labels against the
optimum, as a share of its gain over random partitions, on 200 problems of 8 to 10 labels.
"""

import time

import numpy as np
from tabulate import tabulate

from ltmlbench import LabelMatrix
from ltmlbench_subsets import search
from ltmlbench_subsets.datasets import make_long_tailed
from ltmlbench_subsets.merging import merge
from ltmlbench_subsets.objective import FEW, Objective
from ltmlbench_subsets.statistics import Statistics

SIZES = ((20, 5), (50, 8), (100, 16), (300, 16), (1000, 16), (3000, 16))


def problem(n_labels, n_samples, with_prototypes, seed):
    generator = np.random.default_rng(seed)
    labels = LabelMatrix(make_long_tailed(n_samples, n_labels, random_state=seed))
    order = np.argsort(-labels.counts, kind="stable")
    order = order[labels.counts[order] > 0]
    features = None
    if with_prototypes:
        features = generator.normal(size=(len(order), 16)) + generator.normal(size=16)
        features /= np.linalg.norm(features, axis=1, keepdims=True)
    statistics = Statistics.count(labels).select(order)
    return Objective.of(statistics, features, cooccurrence=1, imbalance=1, semantics=1)


def score(objective, assignment):
    return objective.score(search.blocks_of(assignment))


def repeated(seconds, once):
    best, stop = -np.inf, time.process_time() + seconds
    while True:
        best = max(best, once())
        if time.process_time() > stop:
            return best


def against_the_optimum():
    reached = []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        n = int(generator.integers(8, 11))
        k = int(generator.integers(2, n // 2 + 1))
        objective = problem(n, 400, bool(seed % 2), seed)
        n = len(objective)
        best = objective.score(search.exact(objective, k, n))
        found = score(objective, search.climb(objective, k, n, np.random.default_rng(0)))
        random = np.mean([score(objective, search.deal(n, k, generator)) for _ in range(100)])
        reached.append((found - random) / (best - random))
    return f"of the optimum's gain: median {np.median(reached):.4f}, least {min(reached):.4f}"


def compared(n_labels, n_blocks, with_prototypes, seed):
    objective = problem(n_labels, 20 * n_labels, with_prototypes, n_labels + 1000 * seed)
    n, generator = len(objective), np.random.default_rng(1)
    start = time.process_time()
    blocks = search.partition(objective, n_blocks, n, np.random.default_rng(0))
    seconds = time.process_time() - start
    start = time.process_time()
    merged = merge(objective, n_blocks, n)
    greedy_seconds = time.process_time() - start

    def scattered():
        return search.scatter(n, n_blocks, n, generator)

    random = repeated(seconds, lambda: score(objective, scattered()))

    def climbed_once():
        if n <= FEW:
            return search._ascend(objective, scattered(), n_blocks, n)[1]
        return search.sweep(objective, scattered(), n)[1]

    climbed = repeated(seconds, climbed_once)
    greedy = score(objective, merged)
    kind = "prototypes" if with_prototypes else "counts"
    found = objective.score(blocks)
    return [n, n_blocks, kind, found, seconds, greedy, greedy_seconds, random, climbed]


def main():
    print(against_the_optimum(), "\n")
    rows = [
        compared(n, k, p, seed)
        for n, k in SIZES
        for p in (False, True)
        for seed in range(3 if n <= 100 else 1)
    ]
    headers = ["labels", "K", "", "search", "s", "greedy", "s", "random", "random, climbed"]
    print(tabulate(rows, headers, floatfmt=".3f"))


if __name__ == "__main__":
    main()
