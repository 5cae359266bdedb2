"""``ltmlbench explain``."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ltmlbench.errors import RequestError, did_you_mean
from ltmlbench.places import path_argument

if TYPE_CHECKING:
    from ltmlbench.benchmark import Benchmark


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Draws where the network of a run looks: samples, and a map for each of their labels.

    RUN is a row as the table names it (its first run), a run folder (out/runs/...), or the
    beginning of a run's name in --out. Every finished run has such a picture of six test samples
    already: gallery.png in its folder.

    Example: ltmlbench explain "focal[gamma=3]" --labels D,H --out out/odir --file where.png
    """
    parser.add_argument("run", metavar="RUN")
    parser.add_argument(
        "--samples", metavar="ID,ID", help="what to show (default: test samples, rare labels first)"
    )
    parser.add_argument(
        "--labels", metavar="NAME,NAME", help="maps to show (default: of the labels a sample has)"
    )
    parser.add_argument("--out", type=path_argument, default=Path("out"), help="where the runs are")
    parser.add_argument(
        "--file",
        type=path_argument,
        help="the PNG to write (default: explain.png in the run's folder)",
    )
    arguments = parser.parse_args(given)

    from ltmlbench.results.find import find_run

    folder, run = find_run(arguments.run, arguments.out)
    if run.floor:
        raise RequestError(f"{run.id} is a floor: it sees no picture, so it looks nowhere")
    if not run.done:
        raise RequestError(f"{run.id} failed: it has no network to look into")
    file = arguments.file or folder.run_folder(run.id) / "explain.png"
    config = folder.root / "config.yaml"
    with _benchmark(config) as benchmark:
        samples = _known(arguments.samples, benchmark.samples.ids, "sample")
        labels = _known(arguments.labels, benchmark.samples.labels.names, "label")
        again = f"`ltmlbench run --config {config}` makes it again"
        picture = _draw(benchmark, run.id, samples, labels, again)

    from ltmlbench.store import write_atomic

    write_atomic(file, picture)
    print(f"written: {file}")
    return 0


@contextmanager
def _benchmark(config: Path) -> Iterator[Benchmark]:
    """The benchmark of a resolved configuration; what it needs is kept while the context lasts."""
    from ltmlbench.benchmark import configure, make_benchmark
    from ltmlbench.config import read_config
    from ltmlbench.in_use import in_use
    from ltmlbench.store import cache_folder

    resolved, dataset = configure(read_config(config))
    with in_use(cache_folder(resolved.cache_dir)) as use:
        benchmark = make_benchmark(resolved, dataset, decode=True)
        use.only(benchmark.uses)
        yield benchmark


def _known(text: str | None, names: Iterable[str], what: str) -> tuple[str, ...]:
    """The names in a list with commas; none if there is no list."""
    wanted = tuple(dict.fromkeys(n.strip() for n in (text or "").split(",") if n.strip()))
    known = dict.fromkeys(names)
    for name in wanted:
        if name not in known:
            raise RequestError(f"there is no {what} {name!r}{did_you_mean(name, known)}")
    return wanted


def _draw(
    benchmark: Benchmark,
    name: str,
    samples: tuple[str, ...],
    labels: tuple[str, ...],
    again: str,
) -> bytes:
    """The PNG that the explanation of the benchmark draws of a run."""
    from ltmlbench.benchmark import load_explanation
    from ltmlbench.engines.execute import about
    from ltmlbench.registry import load
    from ltmlbench.stages import ModelStage, Stage, Work

    grid, store = benchmark.grid, benchmark.store
    run = next((run for run in grid.runs if run.id == name), None)
    if run is None:
        raise RequestError(f"the configuration gives no run {name!r} any more: {again}")
    if store.get(run.model, whole=True) is None:
        raise RequestError(f"the model of {name!r} is not stored any more: {again}")
    node = grid.nodes[run.model]
    explanation = load_explanation(benchmark.config) or load("explanation", "grad-cam")
    assert isinstance(node.stage, ModelStage), "build_grid has seen to that"
    stage = explanation.plan(node.stage, node.task, samples=samples, labels=labels)
    if stage is None:
        raise RequestError(f"{name!r} has no network to look into")

    def work(stage: Stage, folder: Path) -> Work:
        return Work(stage.handed(node.task), folder, input_folder, lambda index, of, values: None)

    def input_folder(inner: Stage) -> Path:
        """The model is stored; what else a picture needs is made if it is not."""
        identity, preimage = inner.identity(node.task), inner.preimage(node.task)
        artifact, _ = store.build(
            identity,
            preimage,
            lambda folder: inner.run(work(inner, folder)),
            about=lambda: about(inner, node.task),
        )
        return artifact.folder

    with tempfile.TemporaryDirectory() as folder:
        stage.run(work(stage, Path(folder)))
        return (Path(folder) / "gallery.png").read_bytes()
