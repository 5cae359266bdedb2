"""Every picture decoded once, into one memory-mapped array that all runs share.

The key is the sha256 of the pictures' content digests and of everything done to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ltmlbench.data.arrays import Place, Progress, build_array, find_array
from ltmlbench.data.decode import DECODER, Image, prepare
from ltmlbench.data.reading import checked
from ltmlbench.data.samples import Samples
from ltmlbench.identity import digest


@dataclass(frozen=True)
class Pixels:
    """Decoded pictures: a .npy file N×S×S×3 uint8. ``failed``: cause per row that has none."""

    path: Path
    key: str
    failed: dict[int, str]

    @property
    def array(self) -> Image:
        """The pictures, memory-mapped, read-only."""
        array: Image = np.load(self.path, mmap_mode="r")
        return array


def pixels_key(samples: Samples, size: int) -> str:
    """The key of the decoded pictures; nothing is decoded."""
    return digest({"content": list(samples.content), **_treatment(samples, size)})


def _treatment(samples: Samples, size: int) -> dict[str, Any]:
    return {"size": size, "border": samples.border, "decoder": DECODER}


def _place(samples: Samples, size: int, cache_dir: Path) -> Place:
    shape = (len(samples), size, size, 3)
    return Place(cache_dir / "pixels", pixels_key(samples, size), "pixels", shape)


def find_pixels(samples: Samples, size: int, cache_dir: Path) -> Pixels | None:
    """The decoded pictures if they are there and whole, else None."""
    place = _place(samples, size, cache_dir)
    failed = find_array(place)
    return None if failed is None else Pixels(place.file, place.key, failed)


def build_pixels(
    samples: Samples,
    size: int,
    cache_dir: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Pixels:
    """The decoded pictures, decoding them first if need be. Safe to stop, and to start twice.

    A picture that is damaged stays black and is named in `Pixels.failed`.

    Args:
        workers: processes; by default one per core.
        progress: called with (done, total).

    Raises:
        DataError: the cache cannot be written, the disk has no room, pictures could not be read for
            a cause that may pass.
        ReaderError: the data set's reader returns no picture.
    """
    place = _place(samples, size, cache_dir)
    make = _Picture(checked(samples).read, samples.border, size)
    about = _treatment(samples, size)
    failed = build_array(place, make, about, workers=workers, progress=progress)
    return Pixels(place.file, place.key, failed)


@dataclass(frozen=True)
class _Picture:
    """Reads and prepares the picture of a row."""

    read: Callable[[int, int], Image]
    border: int | None
    size: int

    def __call__(self, row: int) -> Image:
        return prepare(self.read(row, self.size), self.size, self.border)
