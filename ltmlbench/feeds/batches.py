"""Batches, prepared by background threads while the last one is trained on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ltmlbench.arrays import Rows
from ltmlbench.contracts.feed import Inputs, Norm, Opened
from ltmlbench.feeds.draws import occurrences
from ltmlbench.spent import timed

Made = TypeVar("Made")
MOST_FEED_THREADS = 8
"""More would only hold more batches in memory: two more than there are threads may wait (ours)."""


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
    threads: int = 1,
) -> Iterator[tuple[Rows, Inputs]]:
    """Yields (rows B, what a network is shown of them) in the given order.

    Args:
        order: row indices; a row may come several times.
        epoch: whose random views; None: the samples as they are.
        prefetch, threads: see `ahead`.
    """
    repeats = occurrences(order)
    end = len(order) - (len(order) % batch_size if drop_last else 0)

    def make(start: int) -> tuple[Rows, Inputs]:
        chosen = slice(start, min(start + batch_size, end))
        rows = order[chosen]
        return rows, opened.batch(rows, repeats[chosen], seed=seed, epoch=epoch, norm=norm)

    yield from ahead(make, range(0, end, batch_size), prefetch, threads)


def ahead(
    make: Callable[[int], Made], starts: range, prefetch: int = 2, threads: int = 1
) -> Iterator[Made]:
    """Yields ``make(start)`` for every start, in order, made by background threads before they are
    asked for. What ``make`` raises is raised here, in its place. No thread outlives the iterator.

    Args:
        make: called by several threads at once where there are several.
        prefetch: how many may wait to be taken, beside the one that each thread has in hand.
        threads: how many make them; they change neither the order nor what is made.
    """
    pending: deque[Future[Made]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="ltmlbench-feed")
    try:
        for start in starts:
            pending.append(pool.submit(make, start))
            if len(pending) > prefetch + threads:
                yield _taken(pending.popleft())
        while pending:
            yield _taken(pending.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _taken(made: Future[Made]) -> Made:
    with timed("feed"):
        return made.result()


def feed_threads(device: str) -> int:
    """How many threads make batches ahead of a network on ``device``; they change no number.

    On a CPU the network wants every core, and one thread feeds it many times over. Beside a GPU the
    cores are idle: all that are this process's share but one, at most `MOST_FEED_THREADS`.
    """
    if device.partition(":")[0] == "cpu":
        return 1
    import torch

    return min(max(torch.get_num_threads() - 1, 1), MOST_FEED_THREADS)
