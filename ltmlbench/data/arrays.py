"""Arrays with one row per sample, made once, on disk, memory-mapped by all runs that share them.

    <root>/<key>/<name>.npy    N×... uint8
    <root>/<key>/meta.json     what it was made from, its digest, and which rows failed

An array is made in a folder of its own under a lock, and appears whole or not at all. Its room on
disk is reserved before anything is written: a memory map that outgrows the disk kills the process.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from ltmlbench.data.files import may_pass
from ltmlbench.errors import DataError
from ltmlbench.store import file_digest, write_json

Bytes = npt.NDArray[np.uint8]
Progress = Callable[[int, int], None]
CHUNK = 64
FEW = 256
"""Fewer rows than this are made here: starting processes takes longer."""
_SHOWN = 3


@dataclass(frozen=True)
class Place:
    """Where an array is, or will be."""

    root: Path
    key: str
    name: str
    shape: tuple[int, ...]

    @property
    def folder(self) -> Path:
        return self.root / self.key

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.npy"


def find_array(place: Place) -> dict[int, str] | None:
    """The cause per row that could not be made, if the array is there and whole, else None.

    The array is checked against its digest, so a damaged one is made again.
    """
    try:
        meta = json.loads((place.folder / "meta.json").read_text())
        failed = {int(row): str(cause) for row, cause in meta["failed"].items()}
        array = np.load(place.file, mmap_mode="r")
        whole = array.shape == place.shape and array.dtype == np.uint8
        if whole and file_digest(place.file) == meta.get("sha256"):
            return failed
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return None


def build_array(
    place: Place,
    make: Callable[[int], Bytes],
    about: Mapping[str, Any],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[int, str]:
    """Makes the array unless it is there; the cause per row that could not be made, which is zero.

    Safe to stop, and to start twice: another process that makes it is waited for.

    Args:
        make: gives row i; a `DataError` is the row's failure and is stored with the array, unless
            it may pass; what else it raises ends the whole. Must be picklable.
        about: is written beside the array.
        workers: processes; by default one per core.
        progress: called with (done, total).

    Raises:
        DataError: the folder cannot be written, the disk has no room, or rows could not be read
            for a cause that may pass.
    """
    found = find_array(place)
    if found is not None:
        return found
    with _writing(place.root), _locked(place):
        found = find_array(place)  # another process may have finished it
        if found is not None:
            return found
        work = place.root / f"{place.key}.work"
        for leftover in (work, place.folder):
            _remove(leftover)
        work.mkdir()
        try:
            file = work / place.file.name
            _reserve(file, place.shape)
            failed = _fill(file, place.shape, make, workers or os.cpu_count() or 1, progress)
            made = {"failed": failed, "sha256": file_digest(file)}
            write_json(work / "meta.json", {**about, **made})
        except Exception:
            shutil.rmtree(work, ignore_errors=True)  # what it reserved is needed elsewhere
            raise
        os.rename(work, place.folder)
    return failed


@contextlib.contextmanager
def _writing(root: Path) -> Iterator[None]:
    """Makes the folder; turns what the system says against writing there into one line."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        yield
    except DataError:
        raise
    except OSError as error:
        raise DataError(
            f"{root}: cannot be written ({error.strerror or error}): give another --cache-dir"
        ) from error


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(place: Place) -> Iterator[None]:
    lock = FileLock(place.root / f"{place.key}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(
            f"ltmlbench: waiting for another process that makes the same {place.name} "
            f"({lock.lock_file})",
            file=sys.stderr,
        )
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _reserve(file: Path, shape: tuple[int, ...]) -> None:
    """An array of zeros whose blocks on disk are ours."""
    needed = int(np.prod(shape, dtype=np.int64))
    try:
        np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape).flush()
        with open(file, "r+b") as target:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(target.fileno(), 0, file.stat().st_size)
            else:  # macOS: writing is what reserves
                _write_zeros(target, file.stat().st_size)
            os.fsync(target.fileno())
    except OSError as error:
        free = shutil.disk_usage(file.parent).free
        raise DataError(
            f"{file.parent.parent}: no room for the {file.stem} ({error.strerror}): they need "
            f"{in_units(needed)}, {in_units(free)} are free: give another --cache-dir or a smaller "
            "--image-size"
        ) from error


def _write_zeros(target: Any, needed: int) -> None:
    target.seek(0, os.SEEK_SET)
    head = target.read(4096)
    target.seek(len(head))
    block = bytes(2**24)
    for start in range(len(head), needed, len(block)):
        target.write(block[: needed - start])


def in_units(number: int) -> str:
    """Bytes for people: ``640 kB``, ``1.5 GB``."""
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return (
                f"{value:.0f} {unit}" if value >= 10 or unit == "bytes" else f"{value:.1f} {unit}"
            )
        value /= 1000
    return f"{value:.1f} TB"


def _fill(
    file: Path,
    shape: tuple[int, ...],
    make: Callable[[int], Bytes],
    workers: int,
    progress: Progress | None,
) -> dict[int, str]:
    """Makes every row; one that failed for a cause that may pass is tried once more at the end."""
    job = _Job(make, file)
    starts = range(0, shape[0], CHUNK)
    chunks = [range(start, min(start + CHUNK, shape[0])) for start in starts]
    failed: dict[int, str] = {}
    again: dict[int, str] = {}
    done = 0
    for made in _run(job, chunks, workers):
        failed |= made.failed
        again |= made.passing
        done += made.rows
        if progress:
            progress(done, shape[0])
    if again:
        last = job(sorted(again))
        failed |= last.failed
        if last.passing:
            raise DataError(_could_not_read(list(last.passing.values())))
    with open(file, "rb") as written:
        os.fsync(written.fileno())
    return dict(sorted(failed.items()))


def _could_not_read(causes: Sequence[str]) -> str:
    shown = "; ".join(causes[:_SHOWN]) + ("; ..." if len(causes) > _SHOWN else "")
    return (
        f"{len(causes)} of the pictures could not be read, which may pass: {shown}: nothing was "
        "stored; run the same command again when they can be read, or remove them"
    )


@dataclass(frozen=True)
class _Chunk:
    """How many rows were tried, and the cause of those that failed: for good, or for now."""

    rows: int
    failed: dict[int, str]
    passing: dict[int, str]


@dataclass(frozen=True)
class _Job:
    """Makes rows straight into the shared file; sent to worker processes."""

    make: Callable[[int], Bytes]
    file: Path

    def __call__(self, rows: Sequence[int]) -> _Chunk:
        import cv2

        cv2.setNumThreads(0)
        array = np.load(self.file, mmap_mode="r+")
        made = _Chunk(len(rows), {}, {})
        for row in rows:
            try:
                array[row] = self.make(row)
            except DataError as error:
                (made.passing if may_pass(error) else made.failed)[row] = str(error)
        return made


def _run(job: _Job, chunks: Sequence[Sequence[int]], workers: int) -> Iterator[_Chunk]:
    if workers == 1 or sum(map(len, chunks)) < FEW:
        yield from map(job, chunks)
        return
    import cloudpickle
    from joblib import Parallel, delayed  # its workers need no guard in the caller's script
    from joblib.externals.loky import get_reusable_executor

    cloudpickle.dumps(job)  # a reader that cannot be sent says so here, in its own words
    try:
        yield from Parallel(workers, return_as="generator_unordered", batch_size=1)(
            delayed(job)(rows) for rows in chunks
        )
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
