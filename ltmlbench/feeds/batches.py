"""Batches, prepared by a background thread while the last one is trained on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from typing import TypeVar

from ltmlbench.arrays import Rows
from ltmlbench.contracts.feed import Inputs, Norm, Opened
from ltmlbench.feeds.draws import occurrences
from ltmlbench.spent import timed

Made = TypeVar("Made")


def batches(
    opened: Opened,
    order: Rows,
    batch_size: int,
    *,
    seed: int,
    epoch: int | None,
    norm: Norm,
    drop_last: bool = False,
    prefetch: int = 2,
) -> Iterator[tuple[Rows, Inputs]]:
    """Yields (rows B, what a network is shown of them) in the given order.

    Args:
        order: row indices; a row may come several times.
        epoch: whose random views; None: the samples as they are.
        prefetch: batches prepared ahead.
    """
    repeats = occurrences(order)
    end = len(order) - (len(order) % batch_size if drop_last else 0)

    def make(start: int) -> tuple[Rows, Inputs]:
        chosen = slice(start, min(start + batch_size, end))
        rows = order[chosen]
        return rows, opened.batch(rows, repeats[chosen], seed=seed, epoch=epoch, norm=norm)

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
        while (item := _taken(queue)) is not None:
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


def _taken(queue: Queue[Made | BaseException | None]) -> Made | BaseException | None:
    with timed("feed"):
        return queue.get()
