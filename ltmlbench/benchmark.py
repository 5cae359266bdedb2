"""From a configuration to samples, tasks and the grid: all that precedes the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ltmlbench.config import BenchmarkConfig, make_config
from ltmlbench.contracts import Backbone, Dataset, Explanation, Feed
from ltmlbench.data.reading import load_samples
from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import make_splits
from ltmlbench.errors import RequestError
from ltmlbench.feeds.ready import ready_identity
from ltmlbench.grid import Grid, build_grid
from ltmlbench.labels import Shot
from ltmlbench.loading import (
    Progress,
    limited,
    load_feed,
    load_sources,
    readable,
    ready_sources,
    versioned,
)
from ltmlbench.places import check_places
from ltmlbench.registry import load, registry
from ltmlbench.rows import asked_rows, suited_rows
from ltmlbench.spec import parse_spec
from ltmlbench.store import Store, cache_folder, caching_in
from ltmlbench.task import Numerics, Schedule, Source, Task
from ltmlbench.training.numerics import choose_numerics

Network = tuple[Backbone, Numerics]


@dataclass(frozen=True)
class Benchmark:
    """A resolved benchmark, ready to be executed.

    ``shots``: head, medium or tail per label, decided once on all samples, so that folds agree.
    ``ready``: whether the samples are ready for their feed; while only planning they may not be.
    ``uses``: identities of all that it lays out or reads in the store.
    """

    config: BenchmarkConfig
    dataset: Dataset
    samples: Samples
    shots: tuple[Shot, ...]
    ready: bool
    grid: Grid
    store: Store
    uses: frozenset[str]


def configure(*layers: Mapping[str, Any]) -> tuple[BenchmarkConfig, Dataset]:
    """The configuration from several sources; what the data set suggests goes below them all."""
    named = {"dataset": make_config(*layers).dataset or registry().embedded()}
    dataset = load("dataset", named["dataset"])
    return make_config(dataset.defaults, *layers, named), dataset


def make_benchmark(
    config: BenchmarkConfig,
    dataset: Dataset,
    *,
    decode: bool,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Benchmark:
    """Reads the data set, makes its samples ready (if ``decode``), and lays out the grid.

    Args:
        fresh: make samples ready again that are ready already.

    Raises:
        RequestError, DataError: what the user has to mend, in one line.
    """
    rows = asked_rows(config)
    load("head", config.head)
    for name in config.metrics:
        load("metric", name)
    explanation = load_explanation(config)
    networks = _networks(config)
    config = _resolved(config, networks)
    cache = cache_folder(config.cache_dir)
    check_places(config.out, cache)
    store = Store(cache)
    with caching_in(cache):
        samples = load_samples(dataset, config.data_dir, config.dataset)
    if config.limit:
        samples = samples.take(limited(samples, config.limit))
    contents = frozenset(samples.files)
    if not config.metrics:
        _refuse_unknown(samples.protocol.headline, config.dataset)
    samples = versioned(samples, dataset)
    feed = load_feed(config, samples)
    _refuse_misfits(networks, feed)
    with caching_in(cache):
        sources = load_sources(config, contents)

    def laid_out(samples: Samples) -> Grid:
        tasks = _tasks(config, samples, feed, networks[0], sources)
        return build_grid(suited_rows(rows, tasks[0]), networks, tasks, explanation)

    grid = laid_out(samples)  # whatever is wrong with the request is said before the decoding
    ready, left = readable(samples, feed, store, decode, fresh, progress)
    uses = {ready_identity(feed, each) for each in (samples, left)}
    uses |= {ready_identity(source.feed, source.samples) for source in sources}
    if left is not samples:
        samples, grid = left, laid_out(left)
    if decode and any("sources" in node.stage.depends for node in grid.nodes.values()):
        ready_sources(sources, store, fresh, progress)
    uses |= grid.nodes.keys()
    return Benchmark(config, dataset, samples, samples.shots, ready, grid, store, frozenset(uses))


def _refuse_unknown(headline: Sequence[str], dataset: str) -> None:
    """Looks for the metrics that a data set puts into the table's headline."""
    for name in headline:
        try:
            load("metric", name)
        except RequestError as error:
            raise RequestError(f"headline of data set {dataset!r}: {error}") from error


def load_explanation(config: BenchmarkConfig) -> Explanation | None:
    """The explanation of every run; None if they are left out."""
    return None if config.explanation == "none" else load("explanation", config.explanation)


def _networks(config: BenchmarkConfig) -> list[Network]:
    networks = []
    here = not load("engine", config.engine).elsewhere
    for text in config.backbones:
        backbone = load("backbone", text).resolve()
        numerics = choose_numerics(backbone, config.device, config.precision, here=here)
        networks.append((backbone, numerics))
    return networks


def _refuse_misfits(networks: Sequence[Network], feed: Feed) -> None:
    for backbone, _ in networks:
        if backbone.takes != feed.gives:
            raise RequestError(
                f"backbone {backbone.label!r} takes {backbone.takes}s, the data set gives "
                f"{feed.gives}s: give another of --backbones, see `ltmlbench list backbone`"
            )
        if size := getattr(feed, "image_size", None):
            backbone.check((3, size, size))


def _tasks(
    config: BenchmarkConfig,
    samples: Samples,
    feed: Feed,
    network: Network,
    sources: tuple[Source, ...],
) -> list[Task]:
    """One task per seed and fold, with the first network."""
    given = Schedule.model_fields.keys() & BenchmarkConfig.model_fields.keys()
    schedule = Schedule(**{name: getattr(config, name) for name in given})
    splits = make_splits(samples, folds=config.folds, validation=config.validation, seed=0)
    return [
        Task(
            samples=samples,
            split=split,
            backbone=network[0],
            schedule=schedule,
            numerics=network[1],
            feed=feed,
            head=config.head,
            seed=seed,
            sources=sources,
        )
        for seed in config.seeds
        for split in splits
    ]


def _resolved(config: BenchmarkConfig, networks: Sequence[Network]) -> BenchmarkConfig:
    """Every automatic choice written out, so that config.yaml gives the same run again."""
    names = []
    for text, (backbone, _) in zip(config.backbones, networks, strict=True):
        spec = parse_spec(text)
        fields = type(backbone).model_fields
        given = {
            k: getattr(backbone, k) for k, f in fields.items() if getattr(backbone, k) != f.default
        }
        options = {k: str(v) for k, v in given.items() if v != spec.name}
        names.append(str(replace(spec, options=tuple(options.items()))))
    dtypes = {numerics.dtype for _, numerics in networks}
    chosen = {
        "backbones": tuple(names),
        "device": networks[0][1].device,
        "precision": dtypes.pop() if len(dtypes) == 1 else config.precision,
    }
    return config.model_copy(update=chosen)
