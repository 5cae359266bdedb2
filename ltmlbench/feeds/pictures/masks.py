"""Lesion masks at the size of the decoded pictures, made once and memory-mapped.

<cache>/masks/<key>/masks.npy   N×S×S×L uint8, 0 or 1
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
from filelock import FileLock

from ltmlbench.data.samples import Samples
from ltmlbench.feeds.pictures.decode import DECODER
from ltmlbench.identity import digest


def masks_key(samples: Samples, size: int) -> str:
    """The key of the masks; none is read."""
    return digest(
        {
            "content": list(samples.content),
            "masks": list(samples.mask_content),
            "lesions": list(samples.lesions),
            "size": size,
            "border": samples.border,
            "decoder": DECODER,
        }
    )


def build_masks(samples: Samples, size: int, cache_dir: Path) -> Path | None:
    """The .npy file of the masks, made first if need be; None if the samples have none.

    Raises:
        DataError: a mask cannot be read.
    """
    if samples.masks is None:
        return None
    key = masks_key(samples, size)
    root = cache_dir / "masks"
    root.mkdir(parents=True, exist_ok=True)
    done = root / key / "masks.npy"
    with FileLock(root / f"{key}.lock"):
        if done.exists():
            return done
        work = root / f"{key}.work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        shape = (len(samples), size, size, len(samples.lesions))
        array = np.lib.format.open_memmap(work / "masks.npy", "w+", dtype=np.uint8, shape=shape)
        for row in range(len(samples)):
            array[row] = samples.masks(row, size)
        array.flush()
        del array
        os.rename(work, root / key)
    return done
