"""Lesion masks at the size of the decoded pictures, made once and memory-mapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ltmlbench.data.arrays import Place, Progress, build_array
from ltmlbench.data.decode import DECODER, Image
from ltmlbench.data.reading import checked
from ltmlbench.data.samples import Samples
from ltmlbench.errors import DataError
from ltmlbench.identity import digest


def build_masks(
    samples: Samples,
    size: int,
    cache_dir: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Path | None:
    """The .npy file of the masks, N×S×S×L uint8 of 0 and 1, made first if need be; None if the
    samples have none.

    Raises:
        DataError: as `build_pixels`, or a mask cannot be read.
    """
    masks = checked(samples).masks
    if masks is None:
        return None
    about = {
        "lesions": list(samples.lesions),
        "size": size,
        "border": samples.border,
        "decoder": DECODER,
    }
    content = {"content": list(samples.content), "masks": list(samples.mask_content)}
    shape = (len(samples), size, size, len(samples.lesions))
    place = Place(cache_dir / "masks", digest({**content, **about}), "masks", shape)
    failed = build_array(place, _Masks(masks, size), about, workers=workers, progress=progress)
    if failed:  # without its mask, the lesions of a picture would count as absent
        raise DataError(f"{len(failed)} masks cannot be read: {next(iter(failed.values()))}")
    return place.file


@dataclass(frozen=True)
class _Masks:
    """The masks of a row at one size."""

    read: Callable[[int, int], Image]
    size: int

    def __call__(self, row: int) -> Image:
        return self.read(row, self.size)
