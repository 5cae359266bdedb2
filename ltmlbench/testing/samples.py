"""Tiny data sets made on the fly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Image
from ltmlbench.contracts import Backbone, Feed
from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import make_splits
from ltmlbench.labels import LabelMatrix
from ltmlbench.registry import load
from ltmlbench.task import Numerics, Schedule, Task


@dataclass(frozen=True)
class _Bars:
    """Noise with a bright bar per label, in a colour and at a height of its own."""

    labels: LabelMatrix

    def __call__(self, row: int, size: int) -> Image:
        image = np.random.default_rng(row).integers(0, 60, (size, size, 3)).astype(np.uint8)
        high = size // (self.labels.n_labels + 1)
        for c in np.flatnonzero(self.labels.dense[row]):
            image[high * c + 2 : high * (c + 1), 4 : size - 4, c % 3] = 250
        return image


@dataclass(frozen=True)
class _Features:
    """The labels themselves, blurred by noise, and a feature that says nothing."""

    labels: LabelMatrix

    def __call__(self) -> npt.NDArray[Any]:
        noise = np.random.default_rng(0).normal(
            size=(self.labels.n_samples, self.labels.n_labels + 1)
        )
        told = np.pad(self.labels.dense.astype(float), ((0, 0), (0, 1)))
        return np.asarray((2 * told + noise).astype(np.float32))


def _labels(n: int, shares: tuple[float, ...]) -> LabelMatrix:
    Y = (np.random.default_rng(0).random((n, len(shares))) < shares).astype(np.uint8)
    return LabelMatrix(Y, [chr(ord("a") + c) for c in range(len(shares))])


def _samples(labels: LabelMatrix, **kind: Any) -> Samples:
    n = labels.n_samples
    return Samples(
        ids=tuple(f"s{i}" for i in range(n)),
        groups=tuple(f"g{i // 2}" for i in range(n)),
        labels=labels,
        content=tuple(map(str, range(n))),
        **kind,
    )


def bars(n: int = 72, shares: tuple[float, ...] = (0.6, 0.4, 0.2)) -> Samples:
    """``n`` easy pictures, two per group; ``shares``: how often each label occurs."""
    labels = _labels(n, shares)
    return _samples(labels, read=_Bars(labels))


def vectors(n: int = 72, shares: tuple[float, ...] = (0.6, 0.4, 0.2)) -> Samples:
    """``n`` easy vectors, two per group; ``shares``: how often each label occurs."""
    labels = _labels(n, shares)
    return _samples(labels, vectors=_Features(labels), feed="vectors")


def task_of(
    samples: Samples,
    *,
    backbone: Backbone | None = None,
    feed: Feed | None = None,
    schedule: Schedule | None = None,
    fold: int = 0,
) -> Task:
    """The first of three folds of some samples, with a short schedule.

    Args:
        backbone: a tiny one if None: a ResNet of pictures, an MLP of vectors.
    """
    pictures = samples.feed == "pictures"
    named = "test_resnet[weights=random]" if pictures else "mlp[width=16]"
    return Task(
        samples=samples,
        split=make_splits(samples, folds=3, validation=0.2, seed=0)[fold],
        backbone=backbone or load("backbone", named).resolve(),
        schedule=schedule or Schedule(epochs=2, batch_size=8, lr=3e-3),
        numerics=Numerics(),
        feed=feed or load("feed", "pictures[image_size=32]" if pictures else samples.feed),
        seed=0,
    )
