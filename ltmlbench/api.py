"""``ltmlbench.run``: a benchmark from Python, the same as from the command line."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltmlbench.benchmark import Benchmark, configure, make_benchmark
from ltmlbench.config import BenchmarkConfig, read_config
from ltmlbench.engines.devices import gpus
from ltmlbench.engines.referee import run_engine
from ltmlbench.engines.schedule import to_do
from ltmlbench.errors import RequestError
from ltmlbench.grid import Grid, Node
from ltmlbench.in_use import in_use
from ltmlbench.loading import Progress
from ltmlbench.origin import changed_files
from ltmlbench.places import plain_path
from ltmlbench.registry import load, registry
from ltmlbench.report.folder import report_on
from ltmlbench.results.claim import claim
from ltmlbench.results.recorder import Recorder
from ltmlbench.store import Store, cache_folder
from ltmlbench.tracking import tracked

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
        unrecorded: what is stored but could not be written into ``out``, a line each.
    """

    out: Path
    results: pd.DataFrame
    about: About
    unrecorded: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """What a notebook shows: the headline table, and what failed."""
        from ltmlbench.report.notebook import notebook

        return notebook(self.results, self.about)


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
    cache = cache_folder(resolved.cache_dir)
    claim(resolved.out, cache)
    with in_use(cache) as use:
        benchmark = make_benchmark(resolved, dataset, decode=True, progress=progress)
        use.only(benchmark.uses)
        return run_benchmark(benchmark)


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


def run_benchmark(benchmark: Benchmark) -> Result:
    """Executes a prepared benchmark and writes its output folder."""
    with tracked(benchmark.config.trackers, benchmark.config.out):
        return _run_benchmark(benchmark)


def _run_benchmark(benchmark: Benchmark) -> Result:
    config, grid, store = benchmark.config, benchmark.grid, benchmark.store
    warn_of_changes(grid, store)
    todo = len(to_do(grid, store))
    registry().announce("benchmark_started", config=config.model_dump(mode="json"), stages=todo)
    recorder = Recorder(benchmark)
    engine = load("engine", config.engine)
    jobs = choose_jobs(benchmark)
    try:
        unrecorded = run_engine(engine, config.engine, grid, store, jobs, recorder.ended)
    except BaseException:  # stopped: a table of what is done, if it can be written
        with contextlib.suppress(Exception):
            report_on(recorder.collected(), recorder.metrics)
            recorder.finish()
        raise
    report = report_on(recorder.collected(), recorder.metrics)
    recorder.finish()
    return Result(config.out, report.results, report.about, tuple(unrecorded))


WORTH_PROCESSES = 4000
"""Samples to train on from which on worker processes win back the seconds they take to start."""


def choose_jobs(benchmark: Benchmark) -> int:
    """How many stages are executed at once. Two processes of one thread train more samples per
    second than one process of two threads (1.7 times: docs/design.md). Several GPUs take a stage
    each; other machines are sent all that is ready.

    Decided from the whole grid and not from what is left of it, because the number of threads
    changes the last digits: a benchmark that was stopped goes on as it began.
    """
    config, nodes = benchmark.config, benchmark.grid.nodes
    if config.jobs != "auto":
        return config.jobs
    if load("engine", config.engine).elsewhere:
        return max(1, len(nodes))
    if _samples(nodes.values()) < WORTH_PROCESSES:
        return 1
    if config.device == "cuda":
        return max(1, len(gpus()))
    return min(os.cpu_count() or 1, 4) if config.device == "cpu" else 1


def samples_to_train(benchmark: Benchmark) -> int:
    """How many samples the trainings that are not stored will see, roughly."""
    return _samples(to_do(benchmark.grid, benchmark.store).values())


def _samples(nodes: Iterable[Node]) -> int:
    return sum(node.stage.trains_on(node.task) for node in nodes)


def warn_of_changes(grid: Grid, store: Store) -> None:
    """Says once per file of a plugin that it was changed after something stored was made by it."""
    said: set[str] = set()
    for run in grid.runs:
        for identity in _made_from(grid, run.explanation or run.identity):
            artifact = store.get(identity)
            for file in changed_files(artifact.manifest) if artifact else ():
                if file not in said:
                    said.add(file)
                    print(
                        f"ltmlbench: {run.method} was changed since {run.fold} was trained "
                        f"({file}): --fresh {run.method} does it again, Record.version keeps both",
                        file=sys.stderr,
                    )


def _made_from(grid: Grid, identity: str) -> Iterator[str]:
    yield identity
    for inner in grid.nodes[identity].inputs:
        yield from _made_from(grid, inner)
