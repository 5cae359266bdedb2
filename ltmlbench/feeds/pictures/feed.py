"""The feed of pictures: decoded once at one size, shown in random views."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from ltmlbench.arrays import Image, Rows
from ltmlbench.contracts.feed import ByteBatch, Feed, Norm
from ltmlbench.data.samples import Samples
from ltmlbench.errors import DataError
from ltmlbench.feeds.pictures.masks import masks_key, write_masks
from ltmlbench.feeds.pictures.pixels import pixels_key, write_pixels
from ltmlbench.feeds.pictures.views import BYTES, VIEWS, Augment, Batch, plain, plain_bytes
from ltmlbench.identity import canonical
from ltmlbench.store import write_json

_PIXELS, _FAILED, _MASKS = "pixels.npy", "failed.json", "masks.npy"


class Pictures(Feed):
    """Pictures cut to what they show, square, of one size, decoded once into one array.

    Views are flips, rotations, shifts and changes of colour; see ``augment``.
    """

    gives: ClassVar[str] = "picture"

    image_size: int = Field(96, ge=16, description="side of the square pictures, pixels")
    augment: Augment = Field(Augment(), description="ranges of the random views")
    masks: bool = Field(False, description="also the masks of what shows a label")
    as_bytes: bool = Field(False, description="copy bytes, and change colours on the device")

    def key(self, samples: Samples) -> Any:
        pixels = {"pixels": pixels_key(samples, self.image_size)}
        if not self._with_masks(samples):
            return pixels
        return pixels | {"masks": masks_key(samples, self.image_size)}

    @property
    def views(self) -> Any:
        made = {"made": VIEWS, **canonical(self.augment)}
        return made | {"bytes": BYTES} if self.as_bytes else made

    def prepare(self, samples: Samples, folder: Path, progress: Callable[[int, int], None]) -> None:
        """Writes ``pixels.npy``, ``failed.json`` and, where asked for, ``masks.npy``."""
        size = self.image_size
        failed = write_pixels(samples, size, folder / _PIXELS, progress=progress)
        write_json(folder / _FAILED, failed)
        if self._with_masks(samples):
            write_masks(samples, size, folder / _MASKS, progress=progress)

    def open(self, samples: Samples, folder: Path) -> OpenedPictures:
        failed = json.loads((folder / _FAILED).read_text())
        return OpenedPictures(
            folder / _PIXELS,
            self.augment,
            {int(row): str(cause) for row, cause in failed.items()},
            folder / _MASKS if self._with_masks(samples) else None,
            self.as_bytes,
        )

    def _with_masks(self, samples: Samples) -> bool:
        return self.masks and samples.masks is not None


@dataclass(frozen=True)
class OpenedPictures:
    """Decoded pictures.

    Args:
        path: a .npy file N×S×S×3 uint8.
        augment: the random views.
        failed: cause per row whose picture cannot be decoded.
        masks_path: a .npy file N×S×S×L of 0 and 1, where there are masks and they are asked for.
        as_bytes: whether colours are left to the network's device.
    """

    path: Path
    augment: Augment
    failed: Mapping[int, str]
    masks_path: Path | None = None
    as_bytes: bool = False

    @property
    def array(self) -> Image:
        """The pictures, memory-mapped, read-only."""
        array: Image = np.load(self.path, mmap_mode="r")
        return array

    @property
    def masks(self) -> Image | None:
        """The masks, memory-mapped, read-only."""
        return None if self.masks_path is None else np.load(self.masks_path, mmap_mode="r")

    @property
    def shape(self) -> tuple[int, ...]:
        side = self.array.shape[1]
        return (3, side, side)

    def norm(self, train: Rows, own: Norm | None) -> Norm:
        if own is None:
            raise DataError("a backbone that takes pictures has to say their mean and std")
        return own

    def batch(
        self, rows: Rows, occurrence: Rows, *, seed: int, epoch: int | None, norm: Norm
    ) -> Batch | ByteBatch:
        """B×3×S×S, channels-last in memory; or what becomes that on the device."""
        pictures = self.array[rows]
        mean, std = norm.mean.tolist(), norm.std.tolist()
        if epoch is None:
            return (plain_bytes if self.as_bytes else plain)(pictures, mean, std)
        view = self.augment.as_bytes if self.as_bytes else self.augment
        return view(pictures, rows, occurrence, seed=seed, epoch=epoch, mean=mean, std=std)
