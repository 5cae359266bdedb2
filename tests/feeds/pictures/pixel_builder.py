"""A builder in a process of its own: ``pixel_builder.py PICTURES CACHE WORKERS [STUCK_ROW]``.

When it comes to STUCK_ROW it leaves the file ``reached`` in PICTURES and hangs, so that it can be
killed there.
"""

import hashlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltmlbench.data.samples import Samples
from ltmlbench.feeds.pictures.decode import read_rgb
from ltmlbench.feeds.pictures.feed import Pictures
from ltmlbench.feeds.ready import make_ready
from ltmlbench.labels import LabelMatrix
from ltmlbench.store import Store

SIZE = 16


@dataclass(frozen=True)
class Photographs:
    paths: tuple[Path, ...]
    stuck: int | None = None

    def __call__(self, row, size):
        if row == self.stuck:
            (self.paths[row].parent / "reached").touch()
            time.sleep(60)
        return read_rgb(self.paths[row], size)


def samples_of(folder, stuck=None, border=None):
    """One sample per file of a folder, in the order of their names."""
    paths = tuple(sorted(folder.glob("*.*")))
    names = tuple(path.name for path in paths)
    return Samples(
        ids=names,
        groups=names,
        labels=LabelMatrix(np.ones((len(paths), 1), dtype=int)),
        read=Photographs(paths, stuck),
        content=tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths),
        border=border,
    )


def ready(samples, cache, size=SIZE, **options):
    """The opened pictures, decoded first if need be; None if they are not stored (make=False)."""
    return make_ready(Pictures(image_size=size), samples, Store(cache), **options)


if __name__ == "__main__":
    pictures, cache = Path(sys.argv[1]), Path(sys.argv[2])
    os.cpu_count = lambda: int(sys.argv[3])  # how many workers there are
    stuck = int(sys.argv[4]) if len(sys.argv) > 4 else None
    try:
        print(ready(samples_of(pictures, stuck), cache).path)
    except KeyboardInterrupt:
        sys.exit(130)
