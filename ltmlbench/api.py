"""``ltmlbench.run``: a benchmark from Python, the same as from the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltmlbench.benchmark import Benchmark, Progress, configure, prepare
from ltmlbench.config import BenchmarkConfig, read_config
from ltmlbench.errors import RequestError
from ltmlbench.fit import Fit
from ltmlbench.places import plain_path
from ltmlbench.registry import load, registry
from ltmlbench.report.folder import report_on
from ltmlbench.results.claim import claim
from ltmlbench.results.recorder import Recorder
from ltmlbench.store import cache_folder

if TYPE_CHECKING:
    import pandas as pd

    from ltmlbench.report.about import About


@dataclass(frozen=True)
class Result:
    """What a benchmark left.

    Args:
        out: folder with ``table.md``, ``results.csv``, ``report.html``, ``runs/``.
        results: tidy, one row per run, unit, metric and label.
        about: what the report says besides; ``about.failures`` holds a cause per failed run.
    """

    out: Path
    results: pd.DataFrame
    about: About


def run(
    config: BenchmarkConfig | Mapping[str, Any] | str | Path, *, progress: Progress | None = None
) -> Result:
    """Runs a benchmark, going on where an earlier one stopped.

    Args:
        config: settings of `BenchmarkConfig`, e.g. ``{"methods": ["focal", "db"], "out": "out"}``,
            or the YAML file that holds them (a ``config.yaml`` of an output folder).
        progress: called with (done, total) while pictures are decoded.

    Raises:
        RequestError, DataError: the request cannot be carried out. Failed runs do not raise; see
            `Result.about`.
    """
    resolved, dataset = configure(_settings(config))
    claim(resolved.out, cache_folder(resolved.cache_dir))
    return execute(prepare(resolved, dataset, decode=True, progress=progress))


def _settings(config: object) -> Mapping[str, Any]:
    if isinstance(config, BenchmarkConfig):
        return config.model_dump(exclude_unset=True)
    if isinstance(config, str | Path):
        return read_config(plain_path(config))
    if isinstance(config, Mapping):
        return config
    raise RequestError(
        f"ltmlbench.run needs a mapping of settings or a YAML file, not {type(config).__name__}"
    )


def execute(benchmark: Benchmark, *, fresh: bool = False) -> Result:
    """Executes a prepared benchmark and writes its output folder.

    Args:
        fresh: forget what is stored of these runs and do all of it again.
    """
    config, grid, store = benchmark.config, benchmark.grid, benchmark.store
    if fresh:
        for identity in grid.nodes:
            store.discard(identity)
    todo = sum(not store.has(identity) for identity in grid.nodes)
    registry().announce("benchmark_started", config=config.model_dump(mode="json"), stages=todo)
    recorder = Recorder(benchmark)
    engine = load("engine", config.engine)
    try:
        engine.run(grid, store, choose_jobs(benchmark), recorder.ended)
    finally:
        report = report_on(recorder.collected(), recorder.metrics)
        recorder.finish()
    return Result(config.out, report.results, report.about)


WORTH_PROCESSES = 4000
"""Pictures to train on from which on worker processes win back the seconds they take to start."""


def choose_jobs(benchmark: Benchmark) -> int:
    """How many stages are executed at once. Two processes of one thread train more pictures per
    second than one process of two threads (1.7 times: docs/design.md)."""
    jobs = benchmark.config.jobs
    if jobs != "auto":
        return jobs
    worth = images_to_train(benchmark) >= WORTH_PROCESSES
    return min(os.cpu_count() or 1, 4) if worth and benchmark.config.device == "cpu" else 1


def images_to_train(benchmark: Benchmark) -> int:
    """How many pictures the trainings that are not stored will see, roughly."""
    nodes = benchmark.grid.nodes.values()
    return sum(
        len(node.task.split.train) * node.task.schedule.epochs
        for node in nodes
        if isinstance(node.stage, Fit) and not benchmark.store.has(node.identity)
    )
