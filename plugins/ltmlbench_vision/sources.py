"""What pre-training shows the network: pictures of several sources with grades and lesion masks.

Shapes: N examples, B batch, S image side, L lesion channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch

from ltmlbench.plugin import (
    Batch,
    OpenedPictures,
    Ready,
    Rows,
    Task,
    Trunk,
    Work,
    ahead,
    derive_seed,
    feed_threads,
    plain,
)

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class SourceSamples:
    """Rows of several sources, one after the other.

    Args:
        opened: the pictures and masks of each source.
        channels: per source, where each of the L lesions is among its masks; -1: it has none.
        first: per source, its first row.
        grade: N, 0 to 4; -1 where unknown.
        annotated: N×L, whether each lesion channel was looked for.
        held_out: N, whether the row is only for reporting.
    """

    opened: tuple[OpenedPictures, ...]
    channels: tuple[tuple[int, ...], ...]
    first: Rows
    grade: npt.NDArray[np.int64]
    annotated: npt.NDArray[np.bool_]
    held_out: npt.NDArray[np.bool_]

    @cached_property
    def _pixels(self) -> list[Bytes]:
        return [source.array for source in self.opened]

    @cached_property
    def _masks(self) -> list[Bytes | None]:
        return [source.masks for source in self.opened]

    def pictures(self, rows: Rows) -> Bytes:
        """B×S×S×3."""
        which = self._source_of(rows)
        return np.stack(
            [self._pixels[s][r - self.first[s]] for s, r in zip(which, rows, strict=True)]
        )

    def masks(self, rows: Rows) -> Bytes:
        """B×S×S×L, 0 or 1; 0 where a source has no such channel."""
        side, which = self._pixels[0].shape[1], self._source_of(rows)
        out = np.zeros((len(rows), side, side, self.annotated.shape[1]), dtype=np.uint8)
        for b, (s, row) in enumerate(zip(which, rows - self.first[which], strict=True)):
            held = self._masks[s]
            for c, channel in enumerate(self.channels[s]):
                if held is not None and channel >= 0:
                    out[b, :, :, c] = held[row, :, :, channel]
        return out

    def lesion_share(self, rows: Rows) -> npt.NDArray[np.float32]:
        """L: lesion pixels among the pixels of the rows where the lesion was looked for; 0 where
        it was in none."""
        found = np.zeros(self.annotated.shape[1])
        for start in range(0, len(rows), 64):
            some = rows[start : start + 64]
            found += (self.masks(some).mean(axis=(1, 2)) * self.annotated[some]).sum(axis=0)
        looked = self.annotated[rows].sum(axis=0)
        return np.asarray(found / np.maximum(looked, 1), dtype=np.float32)

    def _source_of(self, rows: Rows) -> Rows:
        return np.asarray(np.searchsorted(self.first, rows, side="right") - 1)


def gather(work: Work, lesions: Sequence[str], share: float, seed: int) -> SourceSamples:
    """The examples of all sources of the task; whole groups are held out, ``share`` of them per
    source."""
    grades, annotated, held, channels, first, opened = [], [], [], [], [0], []
    for number, source in enumerate(work.task.sources):
        pictures = Ready(source=number).opened(work)
        assert isinstance(pictures, OpenedPictures), "planned only where backbones take pictures"
        opened.append(pictures)
        samples = source.samples
        grades.append(np.asarray(samples.extras.get("grade", np.full(len(samples), -1)), np.int64))
        index = [
            samples.structures.index(name) if name in samples.structures else -1 for name in lesions
        ]
        known = samples.extras.get("annotated", np.zeros((len(samples), len(samples.structures))))
        columns = [
            known[:, i].astype(bool) if i >= 0 and samples.masks else np.zeros(len(samples), bool)
            for i in index
        ]
        annotated.append(np.stack(columns, axis=1))
        channels.append(tuple(index))
        names = sorted(set(samples.groups))
        generator = np.random.default_rng(derive_seed(seed, "source", number))
        out = set(generator.permutation(names)[: max(1, round(share * len(names)))])
        held.append(np.array([group in out for group in samples.groups]))
        first.append(first[-1] + len(samples))
    return SourceSamples(
        tuple(opened),
        tuple(channels),
        np.array(first[:-1], dtype=np.int64),
        np.concatenate(grades),
        np.concatenate(annotated),
        np.concatenate(held),
    )


@dataclass(frozen=True)
class SourceBatch:
    """A batch on the device: images B×3×S×S, grade B, masks B×L×S×S, annotated B×L."""

    images: torch.Tensor
    grade: torch.Tensor
    masks: torch.Tensor
    annotated: torch.Tensor


def source_batches(
    task: Task, trunk: Trunk, examples: SourceSamples, order: Rows, epoch: int | None
) -> Iterator[SourceBatch]:
    """Batches in the given order, prepared ahead: random views of an epoch (masks follow their
    pictures), or (None) the pictures as they are."""
    size, device = task.schedule.batch_size, task.numerics.device
    augment, seed = examples.opened[0].augment, derive_seed(task.seed, "pretrain", "augment")
    norm = trunk.norm
    assert norm is not None, "a backbone that takes pictures says their mean and std"
    mean, std = norm.mean.tolist(), norm.std.tolist()

    def make(start: int) -> tuple[Rows, Batch, npt.NDArray[np.generic]]:
        rows = order[start : start + size]
        pictures, masks = examples.pictures(rows), examples.masks(rows)
        if epoch is None:
            return rows, plain(pictures, mean, std), masks.transpose(0, 3, 1, 2)
        once = np.zeros(len(rows), dtype=np.int64)
        images = augment(pictures, rows, once, seed=seed, epoch=epoch, mean=mean, std=std)
        return rows, images, augment.warp_masks(masks, rows, once, seed=seed, epoch=epoch)

    starts = range(0, len(order), size)
    for rows, images, masks in ahead(make, starts, threads=feed_threads(device)):
        yield SourceBatch(
            torch.from_numpy(images).to(device),
            torch.from_numpy(examples.grade[rows]).to(device),
            torch.from_numpy(masks.astype(np.float32)).to(device),
            torch.from_numpy(examples.annotated[rows]).to(device),
        )
