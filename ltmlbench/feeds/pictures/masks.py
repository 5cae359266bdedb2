"""Masks of structures at the size of the decoded pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ltmlbench.data.reading import checked
from ltmlbench.data.samples import Samples
from ltmlbench.errors import DataError
from ltmlbench.feeds.pictures.decode import DECODER, Image
from ltmlbench.feeds.pictures.fill import Progress, fill_array
from ltmlbench.identity import digest


def masks_key(samples: Samples, size: int) -> str:
    """The key of the masks; none is read."""
    return digest(
        {
            "content": list(samples.content),
            "masks": list(samples.mask_content),
            "structures": list(samples.structures),
            "size": size,
            "border": samples.border,
            "decoder": DECODER,
        }
    )


def write_masks(
    samples: Samples,
    size: int,
    file: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Writes the masks of samples that have some: a .npy file N×S×S×L uint8 of 0 and 1.

    Args: as `write_pixels`.

    Raises:
        DataError: as `write_pixels`, or a mask cannot be read.
    """
    masks = checked(samples).masks
    assert masks is not None, "only asked for where there are masks"
    shape = (len(samples), size, size, len(samples.structures))
    failed = fill_array(file, shape, _Masks(masks, size), workers=workers, progress=progress)
    if failed:  # without its mask, the structures of a picture would count as absent
        raise DataError(f"{len(failed)} masks cannot be read: {next(iter(failed.values()))}")


@dataclass(frozen=True)
class _Masks:
    """The masks of a row at one size."""

    read: Callable[[int, int], Image]
    size: int

    def __call__(self, row: int) -> Image:
        return self.read(row, self.size)
