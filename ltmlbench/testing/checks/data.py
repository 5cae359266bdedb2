"""Data sets and feeds."""

from __future__ import annotations

import json
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ltmlbench.contracts import ByteBatch, Dataset, Feed, Norm, Opened
from ltmlbench.data.samples import Samples
from ltmlbench.errors import LtmlbenchError
from ltmlbench.feeds.ready import make_ready
from ltmlbench.registry import load
from ltmlbench.store import Store
from ltmlbench.testing.checking import NotApplicable, check, expect
from ltmlbench.testing.samples import bars, vectors
from ltmlbench.testing.watching import generators_untouched

_MOST = 8
"""Samples that are read; the others are `ltmlbench data check`'s to read."""


def _samples(component: Dataset) -> Samples:
    try:
        return component.load(None)
    except LtmlbenchError as error:
        raise NotApplicable(str(error)) from None


@check("dataset", name="gives unique samples with labels, the same every time",
       why="splits and identities go by them")  # fmt: skip
def loads(component: Dataset) -> None:
    samples = _samples(component)
    expect(len(samples) > 0 and samples.labels.n_labels > 0, "samples and labels")
    expect(len(set(samples.ids)) == len(samples), "unique ids")
    expect(all(samples.content), "a digest of each sample's content")
    again = _samples(component)
    expect(samples.fingerprint == again.fingerprint, "the same samples twice")


@check("dataset", name="keeps groups in one official part",
       why="a person in both halves makes every score too good")  # fmt: skip
def whole_groups(component: Dataset) -> None:
    samples = _samples(component)
    parts: dict[str, set[str]] = {}
    for group, part in zip(samples.groups, samples.official or samples.groups, strict=True):
        parts.setdefault(group, set()).add(part)
    torn = [group for group, found in parts.items() if len(found) > 1]
    expect(not torn, "every group in one official part", f"{torn[:1]} in several")


@check("dataset", name="gives samples that can be read, in any process",
       why="training stops at the first that cannot")  # fmt: skip
def readable(component: Dataset) -> None:
    samples = _samples(component)
    expect((samples.read is None) != (samples.vectors is None), "either read or vectors")
    if samples.vectors is not None:
        values = pickle.loads(pickle.dumps(samples.vectors))()
        expect(len(values) == len(samples), f"{len(samples)} vectors", len(values))
        expect(bool(np.isfinite(values).all()), "finite vectors")
        return
    read = pickle.loads(pickle.dumps(samples.read))
    for row in np.linspace(0, len(samples) - 1, min(_MOST, len(samples))).astype(int).tolist():
        picture = read(row, 64)
        expect(isinstance(picture, np.ndarray) and picture.dtype == np.uint8, "uint8 pictures")
        expect(picture.ndim == 3 and picture.shape[2] == 3, "H×W×3", picture.shape)
        expect(np.array_equal(picture, read(row, 64)), "the same picture twice")


@check("dataset", name="names labels, metrics and a feed that exist",
       why="a misspelt name would be noticed after the training")  # fmt: skip
def names(component: Dataset) -> None:
    samples = _samples(component)
    protocol = samples.protocol
    spoken = {*protocol.group_all, *protocol.apart, *protocol.evidence}
    strangers = spoken - set(samples.labels.names)
    expect(not strangers, "labels of its own in the protocol", sorted(strangers))
    for metric in protocol.headline:
        load("metric", metric)
    load("feed", samples.feed)


@contextmanager
def _opened(component: Feed) -> Iterator[tuple[Opened, Samples]]:
    samples = bars(16) if component.gives == "picture" else vectors(16)
    with tempfile.TemporaryDirectory() as folder:
        yield make_ready(component, samples, Store(Path(folder))), samples


@check("feed", name="says what it depends on as JSON", why="what is stored is found by it")
def keyed(component: Feed) -> None:
    samples = bars(16) if component.gives == "picture" else vectors(16)
    first, again = (json.dumps(component.key(samples), sort_keys=True) for _ in range(2))
    expect(first == again, "the same key twice")
    json.dumps(component.views)
    other = bars(18) if component.gives == "picture" else vectors(18)
    expect(json.dumps(component.key(other), sort_keys=True) != first, "another key of other data")


@check("feed", name="gives batches of the shape it says", why="the network is built for it")
def shapes(component: Feed) -> None:
    with _opened(component) as (opened, samples):
        norm = opened.norm(np.arange(10), _own(component))
        for array in _arrays(_batch(opened, norm, epoch=0)):
            expect(len(array) == 4 and array.dtype == np.float32, "4 samples of float32",
                   f"{array.shape} of {array.dtype}")  # fmt: skip
            expect(bool(np.isfinite(array).all()), "finite inputs")
        first = _arrays(_batch(opened, norm, epoch=0))[0]
        expect(first.shape[1:] == tuple(opened.shape), f"shape {opened.shape}", first.shape[1:])
        expect(set(opened.failed) <= set(range(len(samples))), "rows in `failed`")


@check("feed", name="gives views by seed, epoch, row and occurrence alone",
       why="a training that was stopped, or has other batches, sees the same")  # fmt: skip
def views_alone(component: Feed) -> None:
    with _opened(component) as (opened, _):
        norm = opened.norm(np.arange(10), _own(component))
        again = pickle.loads(pickle.dumps(opened))
        with generators_untouched("the feed"):
            whole = _arrays(_batch(opened, norm, epoch=1))
            for same in (_batch(opened, norm, epoch=1), _batch(again, norm, epoch=1)):
                pairs = zip(whole, _arrays(same), strict=True)
                expect(all(np.array_equal(a, b) for a, b in pairs), "the same batch twice")
        alone = opened.batch(np.array([5]), np.array([0]), seed=0, epoch=1, norm=norm)
        pairs = zip(whole, _arrays(alone), strict=True)
        close = all(np.allclose(a[2], b[0], atol=1e-5) for a, b in pairs)
        expect(close, "the same view of a row in another batch")
        still, other = (_arrays(_batch(opened, norm, seed=s, epoch=None)) for s in (0, 1))
        same_still = all(np.array_equal(a, b) for a, b in zip(still, other, strict=True))
        expect(same_still, "no random views with epoch=None")


def _own(component: Feed) -> Norm | None:
    """What a backbone of pictures says of its input; one of vectors says nothing."""
    return Norm(np.full(3, 0.5), np.full(3, 0.25)) if component.gives == "picture" else None


def _batch(opened: Opened, norm: Any, *, seed: int = 0, epoch: int | None) -> Any:
    return opened.batch(np.array([1, 3, 5, 7]), np.zeros(4, dtype=np.int64), seed=seed,
                        epoch=epoch, norm=norm)  # fmt: skip


def _arrays(inputs: Any) -> list[Any]:
    if isinstance(inputs, ByteBatch):
        from ltmlbench.training.views import on_device

        return [on_device(inputs, "cpu").numpy()]
    return list(inputs.values()) if isinstance(inputs, dict) else [inputs]
