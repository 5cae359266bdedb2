"""From a configuration to samples, tasks and the grid: all that precedes the work."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ltmlbench.arrays import Rows
from ltmlbench.config import BenchmarkConfig, make_config
from ltmlbench.contracts import Backbone, Dataset, Explanation, Feed, Method
from ltmlbench.data.reading import load_samples
from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import make_splits
from ltmlbench.errors import DataError, LtmlbenchError, RequestError
from ltmlbench.feeds.ready import make_ready, ready_identity
from ltmlbench.grid import Grid, Row, build_grid
from ltmlbench.identity import edition
from ltmlbench.labels import Shot
from ltmlbench.places import check_places, plain_path
from ltmlbench.registry import load, registry
from ltmlbench.seeding import derive_seed
from ltmlbench.spec import parse_spec
from ltmlbench.store import Store, cache_folder, caching_in
from ltmlbench.task import Numerics, Schedule, Source, Task
from ltmlbench.training.numerics import choose_numerics

Progress = Callable[[int, int], None]
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
    rows = _rows(config)
    load("head", config.head)
    load("engine", config.engine)
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
        samples = samples.take(_limited(samples, config.limit))
    contents = frozenset(samples.files)
    if not config.metrics:
        _refuse_unknown(samples.protocol.headline, config.dataset)
    samples = versioned(samples, dataset)
    feed = load_feed(config, samples)
    _refuse_misfits(networks, feed)
    with caching_in(cache):
        sources = _sources(config, contents)

    def laid_out(samples: Samples) -> Grid:
        tasks = _tasks(config, samples, feed, networks[0], sources)
        return build_grid(_suited(rows, tasks[0]), networks, tasks, explanation)

    uses = {ready_identity(feed, samples)}
    uses |= {ready_identity(source.feed, source.samples) for source in sources}
    grid = laid_out(samples)  # whatever is wrong with the request is said before the decoding
    ready, readable = _readable(samples, feed, store, decode, fresh, progress)
    if readable is not samples:
        samples, grid = readable, laid_out(readable)
        uses.add(ready_identity(feed, samples))
    if decode and any("sources" in node.stage.depends for node in grid.nodes.values()):
        _ready_sources(sources, store, fresh, progress)
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


def load_feed(config: BenchmarkConfig, samples: Samples, **options: Any) -> Feed:
    """The feed of some samples. Settings that it has an option for are given to it.

    Raises:
        RequestError: a setting does not fit the option.
    """
    from pydantic import ValidationError

    chosen = load("feed", config.feed or samples.feed)
    shared = {"image_size": config.image_size, "augment": dict(config.augment)}
    given = {name: value for name, value in shared.items() if name in type(chosen).model_fields}
    options = {name: v for name, v in options.items() if name in type(chosen).model_fields}
    try:
        return type(chosen).model_validate({**chosen.model_dump(), **given, **options})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise RequestError(f"setting {where}: {first['msg']}{_options(chosen, where)}") from None


def _options(feed: Feed, where: str) -> str:
    inner = type(getattr(feed, where.partition(".")[0], None))
    fields = getattr(inner, "model_fields", {})
    return f"; options: {', '.join(fields)}" if fields else ""


def _networks(config: BenchmarkConfig) -> list[Network]:
    networks = []
    for text in config.backbones:
        backbone = load("backbone", text).resolve()
        networks.append((backbone, choose_numerics(backbone, config.device, config.precision)))
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


_SOURCE = re.compile(r"(?P<spec>[^=\[]+(\[.*\])?)(=(?P<folder>.+))?\Z")


def versioned(samples: Samples, dataset: Dataset) -> Samples:
    """The samples, whose digests of content also say which data set read them, in which version.

    Digests of the bench's own data sets stay as they are in version 1.
    """
    reader = edition(dataset)
    if not reader:
        return samples
    return replace(
        samples,
        content=tuple(f"{reader}|{content}" for content in samples.content),
        mask_content=tuple(f"{reader}|{content}" for content in samples.mask_content),
    )


def _sources(config: BenchmarkConfig, contents: AbstractSet[str]) -> tuple[Source, ...]:
    """The data to pre-train on, listed but not decoded.

    Args:
        contents: digests of the benchmark's own samples; none of them may be among it.
    """
    found = []
    for text in config.sources:
        match = _SOURCE.match(text)
        if match is None:
            raise RequestError(f"cannot read source {text!r}: write NAME=DIR, e.g. idrid=/path")
        folder = plain_path(match["folder"]) if match["folder"] else None
        reader = load("dataset", match["spec"])
        source = load_samples(reader, folder, match["spec"])
        shared = len(contents & set(source.files))
        if shared:
            raise RequestError(
                f"source {text!r} holds {shared} pictures of the benchmark's own data: "
                "pre-training would see what is tested"
            )
        source = versioned(source, reader)
        found.append(Source(match["spec"], source, load_feed(config, source, masks=True)))
    return tuple(found)


def _ready_sources(
    sources: Sequence[Source], store: Store, fresh: bool, progress: Progress | None
) -> None:
    for source in sources:
        opened = make_ready(source.feed, source.samples, store, again=fresh, progress=progress)
        if opened.failed:
            first = next(iter(opened.failed.values()))
            raise DataError(
                f"source {source.name!r}: {len(opened.failed)} samples cannot be read: {first}"
            )


def _rows(config: BenchmarkConfig) -> list[Row]:
    names = dict.fromkeys([*config.floors, *config.methods])
    return [_row(name) for name in names]


def _row(name: str) -> Row:
    """A method whose plugin gives it wrongly (an abstract class, a module that breaks) fails alone;
    a name nobody knows, or a wrong option, is the user's to mend."""
    spec = parse_spec(name)
    entry = registry().find("method", spec.name, spec.distribution)
    try:
        registry().component_class(entry)
    except RequestError as error:
        return Row(_short(name), None, str(error))
    try:
        return Row(_short(name), load("method", name))
    except (LtmlbenchError, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit as well: a plugin may do anything
        return Row(_short(name), None, f"{type(error).__name__}: {error}")


def _short(text: str) -> str:
    """What the table calls a method: as typed, an alias replaced by the name it stands for."""
    spec = parse_spec(text)
    entry = registry().find("method", spec.name, spec.distribution)
    return str(replace(spec, name=entry.record.name))


def _suited(rows: Sequence[Row], task: Task) -> list[Row]:
    """The rows with methods that suit the data; the name says which options had to change. One
    whose method breaks over it fails alone."""
    suited = []
    for row in rows:
        try:
            suited.append(_suited_row(row, row.method, task) if row.method else row)
        except (LtmlbenchError, KeyboardInterrupt):
            raise
        except BaseException as error:  # as in `_row`
            suited.append(Row(row.name, None, f"{type(error).__name__}: {error}"))
    return suited


def _suited_row(row: Row, given: Method, task: Task) -> Row:
    method = given.suited(task)
    changed = {
        name: str(getattr(method, name))
        for name in type(method).model_fields
        if getattr(method, name) != getattr(given, name)
    }
    spec = parse_spec(row.name)
    options = tuple((dict(spec.options) | changed).items())
    return Row(str(replace(spec, options=options)), method)


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


def _limited(samples: Samples, limit: int) -> Rows:
    """Rows of whole groups, drawn at random, until there are at least ``limit``."""
    names = sorted(set(samples.groups))
    np.random.default_rng(derive_seed(0, "limit")).shuffle(names)
    sizes = dict.fromkeys(names, 0)
    for group in samples.groups:
        sizes[group] += 1
    chosen: set[str] = set()
    taken = 0
    for name in names:
        if taken >= limit:
            break
        chosen.add(name)
        taken += sizes[name]
    return np.flatnonzero([group in chosen for group in samples.groups]).astype(np.int64)


def _readable(
    samples: Samples,
    feed: Feed,
    store: Store,
    decode: bool,
    fresh: bool,
    progress: Progress | None,
) -> tuple[bool, Samples]:
    """Whether the samples are ready; those that cannot be read are left out, with a note."""
    opened = make_ready(feed, samples, store, make=decode, again=fresh, progress=progress)
    if opened is None or not opened.failed:
        return opened is not None, samples
    good = np.setdiff1d(np.arange(len(samples)), np.array(sorted(opened.failed), dtype=np.int64))
    if len(good) == 0:
        raise DataError(f"none of the {len(samples)} samples can be read: {opened.failed[0]}")
    first = next(iter(opened.failed.values()))
    note = f"{len(opened.failed)} samples cannot be read and are left out; the first: {first}"
    left = replace(samples.take(good), notes=(*samples.notes, note))
    return make_ready(feed, left, store, make=decode, again=fresh) is not None, left
