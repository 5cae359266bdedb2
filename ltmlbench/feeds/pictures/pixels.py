"""Every picture decoded once, into one array that all runs share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ltmlbench.data.reading import checked
from ltmlbench.data.samples import Samples
from ltmlbench.feeds.pictures.decode import DECODER, Image, squared
from ltmlbench.feeds.pictures.fill import Progress, fill_array
from ltmlbench.identity import digest


def pixels_key(samples: Samples, size: int) -> str:
    """The sha256 of the pictures' content digests and of all that is done to them; nothing is
    decoded."""
    return digest(
        {
            "content": list(samples.content),
            "size": size,
            "border": samples.border,
            "decoder": DECODER,
        }
    )


def write_pixels(
    samples: Samples,
    size: int,
    file: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[int, str]:
    """Decodes the pictures into a .npy file N×S×S×3 uint8; the cause per row whose picture is
    damaged and stays black.

    Args:
        workers: processes; by default one per core.
        progress: called with (done, total).

    Raises:
        DataError: the disk has no room, or pictures could not be read for a cause that may pass.
        ReaderError: the data set's reader returns no picture.
    """
    make = _Picture(checked(samples).reader, samples.border, size)
    shape = (len(samples), size, size, 3)
    return fill_array(file, shape, make, workers=workers, progress=progress)


@dataclass(frozen=True)
class _Picture:
    """Reads and prepares the picture of a row."""

    read: Callable[[int, int], Image]
    border: int | None
    size: int

    def __call__(self, row: int) -> Image:
        return squared(self.read(row, self.size), self.size, self.border)
