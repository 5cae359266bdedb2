"""Features of a frozen trunk: written once, then shown to a head in place of the samples.

Shapes: V views, N training rows, M validation rows, B batch, D features, h×w maps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch

from ltmlbench.arrays import Rows
from ltmlbench.contracts import Norm, Opened
from ltmlbench.feeds.pictures.fill import reserve
from ltmlbench.stages import Work
from ltmlbench.task import Task
from ltmlbench.training.network import Network, Trunk, autocast
from ltmlbench.training.views import views

BATCH = 64
"""Samples per forward pass: of the stage and not of a schedule, so that schedules share it."""

Features = npt.NDArray[np.float32]


def write_features(work: Work, trunk: Trunk, file: Path, n_views: int, pooled: bool) -> None:
    """Writes a trunk's features of the training rows, then of the validation rows as they are.

    Args:
        file: becomes a .npy file of float32, (V·N + M)×D, or (V·N + M)×h×w×D of maps.
        n_views: random views, those of the first epochs; 0: one, of the samples as they are.
        pooled: the means of maps over all places are stored in their place.

    Raises:
        DataError: the disk has no room.
    """
    try:
        _write(work, trunk, file, n_views, pooled)
    except BaseException:
        file.unlink(missing_ok=True)  # the room is needed elsewhere
        raise


def _write(work: Work, trunk: Trunk, file: Path, n_views: int, pooled: bool) -> None:
    split = work.task.split
    epochs: list[int | None] = list(range(n_views)) if n_views else [None]
    passes = [*((epoch, split.train) for epoch in epochs), (None, split.val)]
    number, end = sum(len(rows) for _, rows in passes), 0
    trunk.eval()
    with torch.inference_mode(), autocast(work.task.numerics):
        for done, (epoch, rows) in enumerate(passes, start=1):
            for chosen, inputs in views(work, trunk, rows, epoch, batch_size=BATCH):
                said = _as_stored(trunk(inputs), pooled)
                if end == 0:
                    reserve(file, (number, *said.shape[1:]), np.float32, "fewer views")
                    stored = np.load(file, mmap_mode="r+")
                stored[end : end + len(chosen)] = said
                end += len(chosen)
            work.epoch(done, len(passes), {})
    stored.flush()


def _as_stored(features: torch.Tensor, pooled: bool) -> Features:
    """B×D, or B×h×w×D: a head is shown maps in the memory layout that its trunk gives them."""
    if pooled and features.ndim == 4:
        features = torch.nn.functional.adaptive_avg_pool2d(features, 1).flatten(1)
    return np.moveaxis(features.float().cpu().numpy(), 1, -1)


@dataclass(frozen=True)
class StoredFeatures:
    """What `write_features` wrote, to be fed like samples (`ltmlbench.contracts.feed.Opened`).

    In epoch e a row is shown in view e mod V, as it would be if the views were made anew. One that
    comes again in the same epoch is shown in the next views, e + 1 mod V and so on.

    Args:
        array: the stored features, memory-mapped.
        first: per sample of the task, where its first view lies; beyond the end if it has none.
        plain: the same of the samples as they are.
        stride: from one view to the next, N.
        n_views: V.
    """

    array: Features
    first: Rows
    plain: Rows
    stride: int
    n_views: int
    failed: ClassVar[Mapping[int, str]] = {}

    @classmethod
    def of(cls, task: Task, file: Path, n_views: int) -> StoredFeatures:
        """Those of the rows of a task."""
        array = np.load(file, mmap_mode="r")
        split, number = task.split, max(1, n_views)
        first, plain = np.full((2, len(task.samples)), len(array))
        first[split.train] = np.arange(len(split.train))
        plain[split.val] = number * len(split.train) + np.arange(len(split.val))
        return cls(array, first, plain, len(split.train), number)

    @property
    def shape(self) -> tuple[int, ...]:
        places, width = self.array.shape[1:-1], self.array.shape[-1]
        return (width, *places)

    def norm(self, train: Rows, own: Norm | None) -> Norm:
        """Nothing is done to them."""
        return Norm(np.zeros(1), np.ones(1))

    def batch(
        self, rows: Rows, occurrence: Rows, *, seed: int, epoch: int | None, norm: Norm
    ) -> Features:
        """B×D, or B×D×h×w, channels-last in memory."""
        at = self.plain[rows]
        if epoch is not None:
            at = self.first[rows] + (epoch + occurrence) % self.n_views * self.stride
        return np.moveaxis(np.asarray(self.array[at]), -1, 1)


class _StandIn(Trunk):
    """Stands for a trunk while a head is trained on what that one said."""

    def __init__(self, trunk: Trunk, shown: Opened) -> None:
        super().__init__()
        self.num_features = trunk.num_features
        self.provenance = trunk.provenance
        self.shown = shown

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs


def head_alone(network: Network, shown: Opened) -> Network:
    """The head of a network, the very module, behind features that are stored."""
    return Network(_StandIn(network.trunk, shown), network.head)
