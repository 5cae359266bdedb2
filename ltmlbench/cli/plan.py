"""``ltmlbench plan``."""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Sequence
from statistics import median

from ltmlbench.cli.settings import add_settings, settings_of


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Shows what `ltmlbench run` with the same flags would do; runs none of it.

    Example: ltmlbench plan --methods ib,db --dataset odir5k --data-dir /path/to/ODIR-5K
    """
    add_settings(parser)
    arguments = parser.parse_args(given)

    from ltmlbench.api import choose_jobs, samples_to_train
    from ltmlbench.benchmark import Benchmark, configure, make_benchmark
    from ltmlbench.cli.display import notes
    from ltmlbench.engines.schedule import to_do
    from ltmlbench.store import SCRATCH

    benchmark: Benchmark = make_benchmark(*configure(*settings_of(arguments)), decode=False)
    grid, store = benchmark.grid, benchmark.store
    needed = Counter(
        i for run in grid.runs for i in (run.model, run.identity, run.explanation) if i
    )
    print("\n".join(notes(benchmark)))
    print(f"runs: {len(grid.runs) + len(grid.unplanned)}")
    for run in grid.runs:
        state = "stored" if store.has(run.identity) else "to do"
        begun = store.work(run.model) / SCRATCH / "checkpoint.safetensors"
        if state == "to do" and begun.exists():
            state = "begun, goes on from its checkpoint"
        print(f"  {run.id}  {state}")
    for run in grid.unplanned:
        print(f"  {run.id}  cannot be planned: {run.failure}")
    todo = to_do(grid, store)
    stored = [node for identity, node in grid.nodes.items() if identity not in todo]
    shared = sum(number > 1 for number in needed.values())
    print(f"stages: {len(grid.nodes)} ({len(stored)} stored, {len(todo)} to do, {shared} shared)")
    samples = "ready" if benchmark.ready else f"{len(benchmark.samples)} to make ready"
    print(f"samples: {samples}")
    if not todo:
        print("left to do: nothing; `ltmlbench run` only writes the table")
        return 0
    rates = []
    for node in stored:
        history = store.folder(node.identity) / "history.csv"
        if history.exists():
            with open(history, newline="") as file:
                rates += [float(row["images_per_second"]) for row in csv.DictReader(file)]
    images = samples_to_train(benchmark)
    if rates:
        minutes = images / median(rates) / 60 / choose_jobs(benchmark)
        print(f"left to do: about {minutes:.0f} min ({images} samples at {median(rates):.0f}/s)")
    else:
        print(f"left to do: {images} samples to train on; no stored training to time them by")
    return 0
