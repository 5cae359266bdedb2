"""Where the seconds of a stage go: every phase of the work names itself.

A phase inside another is not counted twice. Seconds are those of the clock in the thread that
executes the stage; a GPU that is still computing is waited for in the phase that reads its numbers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class _Own(threading.local):
    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.inner: list[float] = []


_own = _Own()


@contextmanager
def timed(phase: str) -> Iterator[None]:
    """Adds the seconds it takes to a phase, without those of the phases inside."""
    start = time.perf_counter()
    _own.inner.append(0.0)
    try:
        yield
    finally:
        seconds = time.perf_counter() - start
        own = seconds - _own.inner.pop()
        _own.spent[phase] = _own.spent.get(phase, 0.0) + own
        if _own.inner:
            _own.inner[-1] += seconds


@contextmanager
def spending() -> Iterator[dict[str, float]]:
    """Seconds by phase of what happens inside; what no phase claims is ``other``. Complete once it
    is left."""
    before, _own.spent = _own.spent, {}
    found = _own.spent
    try:
        with timed("other"):
            yield found
    finally:
        _own.spent = before
