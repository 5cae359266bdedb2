"""Batches of pictures, prepared by a background thread while the last one is trained on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, Full, Queue
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ltmlbench.data.augment import Augment, Batch, Images, occurrences, plain

Item = tuple[npt.NDArray[np.int64], Batch]
Made = TypeVar("Made")


def batches(
    pixels: Images,
    order: npt.NDArray[np.int64],
    batch_size: int,
    augment: Augment | None,
    *,
    seed: int,
    epoch: int,
    mean: Sequence[float],
    std: Sequence[float],
    drop_last: bool,
    prefetch: int = 2,
) -> Iterator[Item]:
    """Yields (rows B, normalised pictures B×3×S×S float32) in the given order.

    Args:
        pixels: N×S×S×3, may be memory-mapped.
        order: row indices; a row may come several times.
        augment: None for the pictures as they are.
        prefetch: batches prepared ahead.
    """
    repeats = occurrences(order)
    end = len(order) - (len(order) % batch_size if drop_last else 0)

    def make(start: int) -> Item:
        chosen = slice(start, min(start + batch_size, end))
        rows = order[chosen]
        if augment is None:
            return rows, plain(pixels[rows], mean, std)
        images = augment(
            pixels[rows], rows, repeats[chosen], seed=seed, epoch=epoch, mean=mean, std=std
        )
        return rows, images

    yield from ahead(make, range(0, end, batch_size), prefetch)


def ahead(make: Callable[[int], Made], starts: range, prefetch: int = 2) -> Iterator[Made]:
    """Yields ``make(start)`` for every start, made by a background thread, at most ``prefetch``
    before they are asked for. What ``make`` raises is raised here."""
    queue: Queue[Made | BaseException | None] = Queue(maxsize=prefetch)
    stop = threading.Event()

    def put(item: Made | BaseException | None) -> None:
        while not stop.is_set():
            try:
                return queue.put(item, timeout=0.1)
            except Full:
                continue

    def work() -> None:
        try:
            for start in starts:
                if stop.is_set():
                    return
                put(make(start))
            put(None)
        except BaseException as error:  # whatever it is, the training thread has to see it
            put(error)

    thread = threading.Thread(target=work, daemon=True, name="ltmlbench-feed")
    thread.start()
    try:
        while (item := queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        while not queue.empty():
            try:
                queue.get_nowait()
            except Empty:
                break
        thread.join()
