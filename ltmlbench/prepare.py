"""From a configuration to samples, pixels, splits and the grid: all that precedes the work."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ltmlbench.config import BenchmarkConfig, make_config
from ltmlbench.contracts import Backbone, Dataset, Explanation
from ltmlbench.data.augment import Augment
from ltmlbench.data.masks import build_masks
from ltmlbench.data.pixels import Pixels, build_pixels, find_pixels, pixels_key
from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import make_splits
from ltmlbench.errors import DataError, RequestError
from ltmlbench.fresh import forget_pictures
from ltmlbench.grid import Grid, Row, build_grid
from ltmlbench.labels import Shot
from ltmlbench.registry import load, registry
from ltmlbench.seeding import derive_seed
from ltmlbench.spec import parse_spec
from ltmlbench.stages import Numerics, Schedule, Source, Task
from ltmlbench.store import Store, cache_folder
from ltmlbench.training.numerics import choose_numerics

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Benchmark:
    """A resolved benchmark, ready to be executed.

    ``shots``: head, medium or tail per label, decided once on all samples, so that folds agree.
    ``pixels``: None if the pictures are not decoded yet (while only planning).
    """

    config: BenchmarkConfig
    dataset: Dataset
    samples: Samples
    shots: tuple[Shot, ...]
    pixels: Pixels | None
    grid: Grid
    store: Store


def configure(*layers: Mapping[str, Any]) -> tuple[BenchmarkConfig, Dataset]:
    """The configuration from several sources; what the data set suggests goes below them all."""
    dataset = load("dataset", make_config(*layers).dataset)
    return make_config(dataset.defaults, *layers), dataset


def prepare(
    config: BenchmarkConfig,
    dataset: Dataset,
    *,
    decode: bool,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Benchmark:
    """Reads the data set, decodes its pictures (if ``decode``), and lays out the grid.

    Args:
        fresh: decode pictures again that are decoded already.

    Raises:
        RequestError, DataError: what the user has to mend, in one line.
    """
    rows = _rows(config)
    schedule = Schedule(**{name: getattr(config, name) for name in Schedule.model_fields})
    augment = _augment(config)
    load("head", config.head)
    load("engine", config.engine)
    explanation = load_explanation(config)
    networks = []
    for text in config.backbones:
        backbone = load("backbone", text).resolve()
        networks.append((backbone, choose_numerics(backbone, config.device, config.precision)))
    config = _resolved(config, networks)
    cache = cache_folder(config.cache_dir)
    samples = dataset.load(config.data_dir)
    if config.limit:
        samples = samples.take(_limited(samples, config.limit))
    splits = make_splits(samples, folds=config.folds, validation=config.validation, seed=0)
    pixels, readable = _pixels(samples, config.image_size, cache, decode, fresh, progress)
    if readable is not samples:
        samples = readable
        splits = make_splits(samples, folds=config.folds, validation=config.validation, seed=0)
    sources = _sources(config, samples)
    tasks = [
        Task(
            samples=samples,
            split=split,
            backbone=networks[0][0],
            schedule=schedule,
            numerics=networks[0][1],
            pixels_key=pixels_key(samples, config.image_size),
            pixels=pixels.path if pixels else None,
            augment=augment,
            head=config.head,
            seed=seed,
            sources=sources,
        )
        for seed in config.seeds
        for split in splits
    ]
    shots = samples.labels.shots(samples.protocol.head, samples.protocol.tail)
    grid = build_grid(rows, networks, tasks, explanation)
    if decode and any("sources" in node.stage.depends for node in grid.nodes.values()):
        ready = tuple(_decoded(source, config.image_size, cache, fresh) for source in sources)
        nodes = {
            key: replace(node, task=replace(node.task, sources=ready))
            for key, node in grid.nodes.items()
        }
        grid = replace(grid, nodes=nodes)
    return Benchmark(config, dataset, samples, shots, pixels, grid, Store(cache))


def load_explanation(config: BenchmarkConfig) -> Explanation | None:
    """The explanation of every run; None if they are left out."""
    return None if config.explanation == "none" else load("explanation", config.explanation)


_SOURCE = re.compile(r"(?P<spec>[^=\[]+(\[.*\])?)(=(?P<folder>.+))?\Z")


def _sources(config: BenchmarkConfig, samples: Samples) -> tuple[Source, ...]:
    """The data to pre-train on, listed but not decoded. No picture of the benchmark is among it."""
    found = []
    for text in config.sources:
        match = _SOURCE.match(text)
        if match is None:
            raise RequestError(f"cannot read source {text!r}: write NAME=DIR, e.g. idrid=/path")
        folder = Path(match["folder"]) if match["folder"] else None
        source = load("dataset", match["spec"]).load(folder)
        shared = len(set(source.content) & set(samples.content))
        if shared:
            raise RequestError(
                f"source {text!r} holds {shared} pictures of the benchmark's own data: "
                "pre-training would see what is tested"
            )
        found.append(Source(match["spec"], source, pixels_key(source, config.image_size)))
    return tuple(found)


def _decoded(source: Source, size: int, cache: Path, fresh: bool) -> Source:
    if fresh:
        forget_pictures(cache / "pixels", source.pixels_key)
    pixels = build_pixels(source.samples, size, cache)
    if pixels.failed:
        first = next(iter(pixels.failed.values()))
        raise DataError(
            f"source {source.name!r}: {len(pixels.failed)} pictures cannot be decoded: {first}"
        )
    return replace(source, pixels=pixels.path, masks=build_masks(source.samples, size, cache))


def _rows(config: BenchmarkConfig) -> list[Row]:
    names = dict.fromkeys([*config.floors, *config.methods])
    rows = [Row(name, load("method", name)) for name in names]
    return [replace(row, name=_short(row.name)) for row in rows]


def _short(text: str) -> str:
    """What the table calls a method: as typed, an alias replaced by the name it stands for."""
    spec = parse_spec(text)
    entry = registry().find("method", spec.name, spec.distribution)
    return str(replace(spec, name=entry.record.name))


def _augment(config: BenchmarkConfig) -> dict[str, Any]:
    from pydantic import ValidationError

    try:
        return Augment(**config.augment).model_dump()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        options = ", ".join(Augment.model_fields)
        raise RequestError(f"setting augment.{where}: {first['msg']}; options: {options}") from None


def _resolved(
    config: BenchmarkConfig, networks: Sequence[tuple[Backbone, Numerics]]
) -> BenchmarkConfig:
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


def _limited(samples: Samples, limit: int) -> np.ndarray[Any, np.dtype[np.int64]]:
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


def _pixels(
    samples: Samples,
    size: int,
    cache: Path,
    decode: bool,
    fresh: bool,
    progress: Progress | None,
) -> tuple[Pixels | None, Samples]:
    """The decoded pictures; samples whose picture cannot be decoded are left out, with a note."""
    if fresh:
        forget_pictures(cache / "pixels", pixels_key(samples, size))
    if decode:
        pixels: Pixels | None = build_pixels(samples, size, cache, progress=progress)
    else:
        pixels = find_pixels(samples, size, cache)
    if pixels is None or not pixels.failed:
        return pixels, samples
    good = np.setdiff1d(np.arange(len(samples)), np.array(sorted(pixels.failed), dtype=np.int64))
    if len(good) == 0:
        raise DataError(f"none of the {len(samples)} pictures can be decoded: {pixels.failed[0]}")
    first = next(iter(pixels.failed.values()))
    note = f"{len(pixels.failed)} pictures cannot be decoded and are left out; the first: {first}"
    left = replace(samples.take(good), notes=(*samples.notes, note))
    if fresh:
        forget_pictures(cache / "pixels", pixels_key(left, size))
    return (build_pixels(left, size, cache) if decode else find_pixels(left, size, cache)), left
