"""Every picture decoded once, into one memory-mapped array that all runs share.

    <cache>/pixels/<key>/pixels.npy   N×S×S×3 uint8
    <cache>/pixels/<key>/meta.json    what it was made from, and which pictures failed

The key is the sha256 of the pictures' content digests and of everything done to them.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from ltmlbench.data.samples import Samples
from ltmlbench.errors import DataError
from ltmlbench.feeds.pictures.decode import DECODER, Image, prepare
from ltmlbench.identity import digest
from ltmlbench.store import file_digest, write_json

CHUNK = 64
FEW = 256
"""Fewer pictures than this are decoded here: starting processes takes longer."""


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
    return digest(_preimage(samples, size))


def _preimage(samples: Samples, size: int) -> dict[str, Any]:
    return {
        "content": list(samples.content),
        "size": size,
        "border": samples.border,
        "decoder": DECODER,
    }


def find_pixels(samples: Samples, size: int, cache_dir: Path) -> Pixels | None:
    """The decoded pictures if they are there and whole, else None.

    The array is checked against its digest, so a damaged cache is decoded again.
    """
    key = pixels_key(samples, size)
    folder = cache_dir / "pixels" / key
    try:
        meta = json.loads((folder / "meta.json").read_text())
        failed = {int(row): str(cause) for row, cause in meta["failed"].items()}
        array = np.load(folder / "pixels.npy", mmap_mode="r")
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if array.shape != (len(samples), size, size, 3) or array.dtype != np.uint8:
        return None
    if file_digest(folder / "pixels.npy") != meta.get("sha256"):
        return None
    return Pixels(folder / "pixels.npy", key, failed)


def build_pixels(
    samples: Samples,
    size: int,
    cache_dir: Path,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Pixels:
    """The decoded pictures, decoding them first if need be. Safe to stop, and to start twice.

    A picture that cannot be decoded stays black and is named in `Pixels.failed`.

    Args:
        workers: processes; by default one per core.
        progress: called with (done, total).

    Raises:
        DataError: the disk has no room for the pictures.
    """
    found = find_pixels(samples, size, cache_dir)
    if found:
        return found
    root = cache_dir / "pixels"
    root.mkdir(parents=True, exist_ok=True)
    key = pixels_key(samples, size)
    with FileLock(root / f"{key}.lock"):
        found = find_pixels(samples, size, cache_dir)  # another builder may have finished it
        if found:
            return found
        work = root / f"{key}.work"
        for leftover in (work, root / key):
            shutil.rmtree(leftover, ignore_errors=True)
        work.mkdir()
        _check_room(root, len(samples) * size * size * 3)
        failed = _fill(samples, size, work / "pixels.npy", workers or os.cpu_count() or 1, progress)
        made = {"failed": failed, "sha256": file_digest(work / "pixels.npy")}
        meta = {**_preimage(samples, size), **made}
        del meta["content"]
        write_json(work / "meta.json", meta)
        os.rename(work, root / key)
    return Pixels(root / key / "pixels.npy", key, failed)


def _check_room(folder: Path, needed: int) -> None:
    """A memory map that outgrows the disk kills the process (SIGBUS), so look before."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"{folder}: the decoded pictures need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are "
            "free: give another --cache-dir or a smaller --image-size"
        )


def _fill(
    samples: Samples,
    size: int,
    path: Path,
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> dict[int, str]:
    shape = (len(samples), size, size, 3)
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    array.flush()
    failed: dict[int, str] = {}
    done = 0
    for rows, causes in _chunks(samples, size, path, workers):
        failed |= causes
        done += rows
        if progress:
            progress(done, len(samples))
    del array
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    return dict(sorted(failed.items()))


def _chunks(
    samples: Samples, size: int, path: Path, workers: int
) -> Iterator[tuple[int, dict[int, str]]]:
    starts = range(0, len(samples), CHUNK)
    job = _Job(samples.reader, samples.border, size, path, len(samples))
    if workers == 1 or len(samples) < FEW:
        for start in starts:
            yield job(start)
        return
    from joblib import Parallel, delayed  # its workers need no guard in the caller's script
    from joblib.externals.loky import get_reusable_executor

    try:
        yield from Parallel(workers, return_as="generator_unordered", batch_size=1)(
            delayed(job)(start) for start in starts
        )
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)


@dataclass(frozen=True)
class _Job:
    """Decodes one chunk straight into the shared file; sent to worker processes."""

    read: Callable[[int, int], Image]
    border: int | None
    size: int
    path: Path
    n: int

    def __call__(self, start: int) -> tuple[int, dict[int, str]]:
        import cv2

        cv2.setNumThreads(0)
        array = np.load(self.path, mmap_mode="r+")
        rows = range(start, min(start + CHUNK, self.n))
        failed = {}
        for row in rows:
            try:
                array[row] = prepare(self.read(row, self.size), self.size, self.border)
            except DataError as error:
                failed[row] = str(error)
        return len(rows), failed
