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
from ltmlbench.contracts.feed import Feed, Norm
from ltmlbench.data.samples import Samples
from ltmlbench.errors import DataError
from ltmlbench.feeds.pictures.masks import build_masks, masks_key
from ltmlbench.feeds.pictures.pixels import build_pixels, pixels_key
from ltmlbench.feeds.pictures.views import VIEWS, Augment, Batch, plain
from ltmlbench.identity import canonical


class Pictures(Feed):
    """Pictures cut to what they show, square, of one size, decoded once into one array.

    Views are flips, rotations, shifts and changes of colour; see ``augment``.
    """

    gives: ClassVar[str] = "picture"

    image_size: int = Field(96, ge=16, description="side of the square pictures, pixels")
    augment: Augment = Field(Augment(), description="ranges of the random views")
    masks: bool = Field(False, description="also the masks of what shows a label")

    def key(self, samples: Samples) -> Any:
        pixels = {"pixels": pixels_key(samples, self.image_size)}
        if not self.masks or samples.masks is None:
            return pixels
        return pixels | {"masks": masks_key(samples, self.image_size)}

    @property
    def views(self) -> Any:
        return {"made": VIEWS, **canonical(self.augment)}

    def prepare(self, samples: Samples, folder: Path, progress: Callable[[int, int], None]) -> None:
        build_pixels(samples, self.image_size, folder, progress=progress)
        if self.masks:
            build_masks(samples, self.image_size, folder)

    def open(self, samples: Samples, folder: Path) -> OpenedPictures:
        size = self.image_size
        made = folder / "pixels" / pixels_key(samples, size)
        failed = json.loads((made / "meta.json").read_text())["failed"]
        with_masks = self.masks and samples.masks is not None
        return OpenedPictures(
            made / "pixels.npy",
            self.augment,
            {int(row): str(cause) for row, cause in failed.items()},
            folder / "masks" / masks_key(samples, size) / "masks.npy" if with_masks else None,
        )


@dataclass(frozen=True)
class OpenedPictures:
    """Decoded pictures.

    Args:
        path: a .npy file N×S×S×3 uint8.
        augment: the random views.
        failed: cause per row whose picture cannot be decoded.
        masks_path: a .npy file N×S×S×L of 0 and 1, where there are masks and they are asked for.
    """

    path: Path
    augment: Augment
    failed: Mapping[int, str]
    masks_path: Path | None = None

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
    ) -> Batch:
        """B×3×S×S, channels-last in memory."""
        pictures = self.array[rows]
        mean, std = norm.mean.tolist(), norm.std.tolist()
        if epoch is None:
            return plain(pictures, mean, std)
        return self.augment(pictures, rows, occurrence, seed=seed, epoch=epoch, mean=mean, std=std)
