"""The samples of a benchmark and of its sources of pre-training, and the feed they go through."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

import numpy as np

from ltmlbench.arrays import Rows
from ltmlbench.config import BenchmarkConfig
from ltmlbench.contracts import Dataset, Feed
from ltmlbench.data.reading import load_samples
from ltmlbench.data.samples import Samples
from ltmlbench.errors import DataError, RequestError
from ltmlbench.feeds.ready import make_ready
from ltmlbench.identity import edition
from ltmlbench.places import plain_path
from ltmlbench.registry import load
from ltmlbench.seeding import derive_seed
from ltmlbench.store import Store
from ltmlbench.task import Source

Progress = Callable[[int, int], None]
_SOURCE = re.compile(r"(?P<spec>[^=\[]+(\[.*\])?)(=(?P<folder>.+))?\Z")


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


def limited(samples: Samples, limit: int) -> Rows:
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


def readable(
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


def load_sources(config: BenchmarkConfig, contents: AbstractSet[str]) -> tuple[Source, ...]:
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


def ready_sources(
    sources: Sequence[Source], store: Store, fresh: bool, progress: Progress | None
) -> None:
    """Decodes what is pre-trained on.

    Raises:
        DataError: samples of a source cannot be read.
    """
    for source in sources:
        opened = make_ready(source.feed, source.samples, store, again=fresh, progress=progress)
        if opened.failed:
            first = next(iter(opened.failed.values()))
            raise DataError(
                f"source {source.name!r}: {len(opened.failed)} samples cannot be read: {first}"
            )
