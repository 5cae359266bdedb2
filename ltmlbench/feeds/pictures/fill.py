"""Fills an array on disk, one row per sample, by several processes.

Its room on disk is reserved before anything is written: a memory map that outgrows the disk kills
the process (SIGBUS).
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Image
from ltmlbench.data.files import may_pass
from ltmlbench.errors import DataError
from ltmlbench.lifeline import follow_parent

Progress = Callable[[int, int], None]
CHUNK = 64
FEW = 256
"""Fewer rows than this are made here: starting processes takes longer."""
_SHOWN = 3


def fill_array(
    file: Path,
    shape: tuple[int, ...],
    make: Callable[[int], Image],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[int, str]:
    """Writes a .npy file of uint8; the cause per row that could not be made, whose row is zero.

    Args:
        make: gives row i, one of N. A `DataError` is the row's failure. If it may pass, the row is
            tried again at the end, and then the whole fails: what passes must not be stored. What
            else it raises ends the whole. Must be picklable.
        workers: processes; by default one per core.
        progress: called with (done, total).

    Raises:
        DataError: the disk has no room, or rows could not be read for a cause that may pass.
    """
    try:
        reserve(file, shape, np.uint8, "a smaller --image-size")
        return _filled(_Job(make, file), shape[0], workers or os.cpu_count() or 1, progress)
    except BaseException:
        file.unlink(missing_ok=True)  # the room is needed elsewhere
        raise


def reserve(file: Path, shape: tuple[int, ...], dtype: npt.DTypeLike, instead: str) -> None:
    """Writes a .npy file of zeros whose blocks on disk are ours.

    Args:
        instead: what would need less room, for the error.

    Raises:
        DataError: the disk has no room.
    """
    needed = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    try:
        np.lib.format.open_memmap(file, mode="w+", dtype=dtype, shape=shape).flush()
        with open(file, "r+b") as target:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(target.fileno(), 0, file.stat().st_size)
            else:  # macOS: writing is what reserves
                _write_zeros(target, file.stat().st_size)
            os.fsync(target.fileno())
    except OSError as error:
        free = shutil.disk_usage(file.parent).free
        raise DataError(
            f"{file.parent}: no room for the {file.stem} ({error.strerror}): they need "
            f"{in_units(needed)}, {in_units(free)} are free: give another --cache-dir or {instead}"
        ) from error


def _write_zeros(target: BinaryIO, needed: int) -> None:
    """Zeros behind the head of the file, which is at most 4096 bytes and stays."""
    start = len(target.read(4096))
    block = bytes(2**24)
    for place in range(start, needed, len(block)):
        target.write(block[: needed - place])


def in_units(number: float) -> str:
    """Bytes for people: ``640 kB``, ``1.5 GB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.{0 if number >= 10 or unit == 'bytes' else 1}f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


@dataclass(frozen=True)
class _Chunk:
    """How many rows were tried, and the cause of those that failed: for good, or for now."""

    rows: int
    failed: dict[int, str]
    passing: dict[int, str]


@dataclass(frozen=True)
class _Job:
    """Makes rows straight into the shared file; sent to worker processes."""

    make: Callable[[int], Image]
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


def _filled(job: _Job, n: int, workers: int, progress: Progress | None) -> dict[int, str]:
    chunks = [range(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]
    failed: dict[int, str] = {}
    again: dict[int, str] = {}
    done = 0
    for made in _run(job, chunks, workers):
        failed |= made.failed
        again |= made.passing
        done += made.rows
        if progress:
            progress(done, n)
    if again:
        last = job(sorted(again))
        failed |= last.failed
        if last.passing:
            raise DataError(_could_not_read(list(last.passing.values())))
    with open(job.file, "rb") as written:
        os.fsync(written.fileno())
    return dict(sorted(failed.items()))


def _could_not_read(causes: Sequence[str]) -> str:
    shown = "; ".join(causes[:_SHOWN]) + ("; ..." if len(causes) > _SHOWN else "")
    return (
        f"{len(causes)} of the pictures could not be read, which may pass: {shown}: nothing was "
        "stored; run the same command again when they can be read, or remove them"
    )


def _run(job: _Job, chunks: Sequence[Sequence[int]], workers: int) -> Iterator[_Chunk]:
    if workers == 1 or sum(map(len, chunks)) < FEW:
        yield from map(job, chunks)
        return
    import cloudpickle
    from joblib import Parallel, delayed  # its workers need no guard in the caller's script
    from joblib.externals.loky import get_reusable_executor

    sent = job.file.with_suffix(".job")
    sent.write_bytes(cloudpickle.dumps(job))
    try:
        pool = Parallel(
            workers, return_as="generator_unordered", batch_size=1, initializer=follow_parent
        )
        with _interrupts_held():
            made = pool(delayed(_made)(sent, rows) for rows in chunks)
        yield from made
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
        sent.unlink(missing_ok=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C comes when this ends, and never to the processes that are started meanwhile: a
    terminal sends it to them as well, and they would say so. Whoever started them ends them."""
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    for tracker in (resource_tracker, loky_tracker):  # starting one lets Ctrl-C through again
        tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _made(sent: Path, rows: Sequence[int]) -> _Chunk:
    return _received(sent)(rows)


@cache
def _received(sent: Path) -> _Job:
    """Read once per worker: the paths of 200,000 pictures take longer to send than a chunk to
    decode."""
    import cloudpickle

    job: _Job = cloudpickle.loads(sent.read_bytes())
    return job
