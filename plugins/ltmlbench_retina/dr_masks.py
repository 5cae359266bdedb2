"""Lesion masks from files, in the geometry of their decoded pictures."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import DataError, Image
from ltmlbench_retina.pictures import BORDER


@dataclass(frozen=True)
class MaskReader:
    """Reads the lesion masks of a row in the geometry of its decoded picture.

    Args:
        threshold: a mask pixel is lesion if its largest channel is above this.
    """

    paths: tuple[Path, ...]
    masks: tuple[tuple[Path | None, ...], ...]
    threshold: int

    def __call__(self, row: int, size: int) -> Image:
        from ltmlbench.plugin import read_rgb, squared_mask

        files = self.masks[row]
        layers = np.zeros((size, size, len(files)), dtype=np.uint8)
        if any(files):
            picture = read_rgb(self.paths[row], size)
            for c, file in enumerate(files):
                if file is not None:
                    mask = _read_mask(file, self.threshold)
                    layers[:, :, c] = squared_mask(mask, picture, size, BORDER)
        return layers

    def misfits(self) -> list[str]:
        """Masks that are wider or narrower than their pictures, one line each."""
        found = []
        for path, files in zip(self.paths, self.masks, strict=True):
            for file in filter(None, files):
                with contextlib.suppress(DataError):  # reported when it is read
                    (w, h), (wide, high) = _extent(file), _extent(path)
                    if abs(w * high / (h * wide) - 1) > 0.02:
                        found.append(
                            f"{file}: mask of {w}×{h} pixels, its picture has {wide}×{high}: "
                            "one of them is cut or stretched"
                        )
        return found


def _extent(path: Path) -> tuple[int, int]:
    """Width and height, from the head of the file."""
    from ltmlbench.plugin import open_picture

    with open_picture(path) as file:
        return file.size


def _read_mask(path: Path, threshold: int) -> npt.NDArray[np.bool_]:
    from ltmlbench.plugin import open_picture

    with open_picture(path, mend="get the mask again, or remove its picture") as file:
        plain = file.mode in ("L", "F") or file.mode.startswith("I")
        values = np.asarray(file if plain else file.convert("RGB"))
    return np.asarray((values if values.ndim == 2 else values.max(axis=2)) > threshold)
