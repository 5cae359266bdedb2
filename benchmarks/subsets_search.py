"""Relational subsets on real label sets, and against other ways to divide them.

    OMP_NUM_THREADS=1 python benchmarks/subsets_search.py FOLDER [--wheel FILE]

FOLDER holds .npz files with a label matrix Y, such as MULAN's. Printed: how often the search
beyond twelve labels finds the optimum; what is left and what that means for every set, by the
rule for K and for the numbers measured before; J of other ways, those that repeat given the CPU
seconds of the search; the same for label sets held back (`subsets_data.held_back`).
"""

import argparse
import time
from pathlib import Path

import numpy as np
from subsets_baselines import BUILT, built, multilearn, repeated
from subsets_data import held_back, mulan
from tabulate import tabulate

from ltmlbench import LabelMatrix
from ltmlbench_subsets import RelationalSubsets, exact, search
from ltmlbench_subsets.datasets import make_long_tailed
from ltmlbench_subsets.objective import Objective, Sizes
from ltmlbench_subsets.statistics import Statistics

MEASURED = {"medical": [6], "enron": [4, 6], "corel5k": [4, 6], "debtags": [4, 6], "yeast": [4, 6]}


def problem(labels, features=None):
    order = np.argsort(-labels.counts, kind="stable")
    order = order[labels.counts[order] > 0]
    statistics = Statistics.count(labels).select(order)
    objective = Objective.of(
        statistics,
        None if features is None else features[: len(order)],
        cooccurrence=1,
        imbalance=1,
        semantics=1,
    )
    return objective, order


def against_the_optimum():
    reached, gap = 0, 0.0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        n = int(generator.integers(8, 13))
        k = int(generator.integers(2, n // 2 + 1))
        features = generator.normal(size=(n, 6)) if seed % 2 else None
        objective, _ = problem(LabelMatrix(make_long_tailed(400, n, random_state=seed)), features)
        sizes = Sizes(1, len(objective))
        (best,) = exact.best(objective, [k], sizes)
        found = search.climb(objective, k, sizes, np.random.default_rng(0))
        over = objective.value(found) - objective.value(best)
        reached, gap = reached + (over < 1e-9), max(gap, over)
    return (
        f"optimum reached in {reached} of 200 problems of 8 to 12 labels, at most {gap:.4f} above"
    )


def outcome(name, labels, n_subsets):
    start = time.process_time()
    fitted = RelationalSubsets(n_subsets).fit(labels)
    seconds = time.process_time() - start
    rows = fitted.report().set_index("subset")
    parts = rows[rows.index.str.isdigit()]
    before, after, chance = rows.loc["undivided"], rows.loc["all"], rows.loc["by chance"]
    present = np.flatnonzero(labels.counts)
    dealt = [
        _divided_at_random(labels, present, len(parts), np.random.default_rng(seed))
        for seed in range(9)
    ]
    random = [f"{value:.0f}" for value in np.median(dealt, axis=0)]
    return [
        name,
        before["n_labels"],
        f"{len(parts)}{'' if n_subsets else ' (rule)'}",
        after["r_co"],
        after["r_im"],
        fitted.score_,
        chance["r_co"],
        f"{before['several']}, {before['imbalance']:.0f}",
        f"{parts['several'].max()} / {after['several']}, {after['imbalance']:.1f}",
        f"{random[0]} / {random[1]}, {random[2]}",
        seconds,
    ]


def _divided_at_random(labels, present, n_blocks, generator):
    """Samples with several labels, in the worst block and summed, and the largest imbalance."""
    dealt = search.deal(len(present), n_blocks, generator)
    several, ratios = [], []
    for k in range(n_blocks):
        part = labels.select(present[dealt == k].tolist())
        several.append((part.per_sample > 1).sum())
        ratios.append(part.imbalance_ratio)
    return max(several), sum(several), max(ratios)


def compared(name, labels, n_blocks):
    objective, order = problem(labels)
    n = len(objective)
    start = time.process_time()
    home = next(search.partitions(objective, [n_blocks], Sizes(1, n), 0))
    seconds = time.process_time() - start
    row = [name, n, n_blocks, objective.value(home), seconds]
    row += [repeated(objective, n_blocks, seconds, descend) for descend in (False, True)]
    for way in BUILT:
        value, descended, spent = built(way, objective, n_blocks)
        row.append(f"{value:.4f} -> {descended:.4f} ({spent:.1f} s)")
    peers = multilearn(labels.select(order.tolist()).dense, objective)
    return row, peers


def peers_of(name, labels, found):
    rows = []
    for peer, result in found.items():
        if isinstance(result, str):
            rows.append([name, peer, "", result, ""])
            continue
        k, value = result
        ours = f"{RelationalSubsets(k).fit(labels).score_:.4f}" if 1 < k < 17 else ""
        rows.append([name, peer, k, f"{value:.4f}", ours])
    return rows


def show(sets, numbers):
    outcomes, comparisons, peers = [], [], []
    for name, labels in sets.items():
        wanted = [None, *numbers.get(name, [])]
        outcomes += [outcome(name, labels, k) for k in wanted]
        k = int(outcomes[-len(wanted)][2].split()[0])
        if 12 < np.count_nonzero(labels.counts) <= search.FEW:
            row, found = compared(name, labels, k)
            comparisons.append(row)
            peers += peers_of(name, labels, found)
    headers = [
        "set",
        "labels",
        "K",
        "R_co",
        "R_im",
        "J",
        "chance R_co",
        "before: several, imbalance",
    ]
    headers += ["after: largest / sum, imbalance", "random", "s"]
    print(tabulate(outcomes, headers, tablefmt="github", floatfmt=".3f"), "\n")
    headers = ["set", "labels", "K", "search", "s", "random", "descents", *BUILT]
    print("J, lower is better; of built ones before -> after a descent (CPU seconds to build):\n")
    print(tabulate(comparisons, headers, tablefmt="github", floatfmt=".4f"), "\n")
    if peers:
        headers = ["set", "scikit-multilearn-ng", "K", "J", "J of ours at that K"]
        print(tabulate(peers, headers, tablefmt="github", disable_numparse=True), "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wheel", type=Path, help="torchxrayvision's, for its label tables")
    arguments = parser.parse_args()
    print(against_the_optimum(), "\n")
    show(mulan(arguments.folder), MEASURED)
    print("held back\n")
    show(held_back(arguments.wheel), MEASURED)


if __name__ == "__main__":
    main()
