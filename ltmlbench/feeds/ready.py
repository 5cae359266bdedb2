"""The stage that makes samples ready for their feed: decoding, once for all runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, overload

from ltmlbench.contracts.feed import Feed, Opened
from ltmlbench.data.samples import Samples
from ltmlbench.environment import environment
from ltmlbench.errors import DataError
from ltmlbench.identity import canonical, digest, edition
from ltmlbench.stages import Stage, Work
from ltmlbench.store import Store
from ltmlbench.task import Task

Progress = Callable[[int, int], None]


class Ready(Stage):
    """The samples of a task, or of one of its sources, as their feed stores them.

    Its identity is that of the content alone, so that all splits, methods and seeds share it.

    Args:
        source: which of ``task.sources``; None: the samples of the task itself.
    """

    depends: ClassVar[frozenset[str]] = frozenset()

    source: int | None = None

    @property
    def title(self) -> str:
        return "make samples ready" if self.source is None else "make source ready"

    def preimage(self, task: Task) -> dict[str, Any]:
        return _preimage(*self._of(task))

    def run(self, work: Work) -> None:
        feed, samples = self._of(work.task)
        feed.prepare(samples, work.folder, lambda done, total: work.epoch(done, total, {}))

    def opened(self, work: Work) -> Opened:
        """What the stage made ready."""
        feed, samples = self._of(work.task)
        return feed.open(samples, work.input(self))

    def _of(self, task: Task) -> tuple[Feed, Samples]:
        if self.source is None:
            return task.feed, task.samples
        source = task.sources[self.source]
        return source.feed, source.samples


def _preimage(feed: Feed, samples: Samples) -> dict[str, Any]:
    return {
        "stage": f"{__name__}:Ready",
        "version": Ready.version,
        "feed": edition(feed) or canonical(feed)["component"],
        "content": feed.key(samples),
    }


def ready_identity(feed: Feed, samples: Samples) -> str:
    """The identity of the artifact that `make_ready` makes."""
    return digest(_preimage(feed, samples))


@overload
def make_ready(
    feed: Feed,
    samples: Samples,
    store: Store,
    *,
    again: bool = False,
    progress: Progress | None = None,
) -> Opened: ...
@overload
def make_ready(
    feed: Feed,
    samples: Samples,
    store: Store,
    *,
    make: bool,
    again: bool = False,
    progress: Progress | None = None,
) -> Opened | None: ...
def make_ready(
    feed: Feed,
    samples: Samples,
    store: Store,
    *,
    make: bool = True,
    again: bool = False,
    progress: Progress | None = None,
) -> Opened | None:
    """What the stage `Ready` leaves, before there is a task: a sample that cannot be read takes no
    part in any split, so this has to be known first.

    Args:
        make: False: only if it is stored already, else None.
        again: make it although it is stored; who uses the old one just now keeps it.
        progress: called with (done, total).

    Raises:
        DataError: the cache cannot be written, or what `Feed.prepare` raises.
    """
    preimage, identity = _preimage(feed, samples), ready_identity(feed, samples)
    stored = store.get(identity) if store.root.is_dir() else None
    if make and (again or stored is None):
        _refuse_read_only(store.root)
        told = progress or (lambda done, total: None)
        stored, _ = store.build(
            identity,
            preimage,
            lambda folder: feed.prepare(samples, folder, told),
            again=again,
            about=lambda: {"environment": environment()},
            waiting=_say_waiting,
        )
    return feed.open(samples, stored.folder) if stored else None


def _say_waiting() -> None:
    print(
        "ltmlbench: waiting for another process that makes the same samples ready", file=sys.stderr
    )


def _refuse_read_only(root: Path) -> None:
    """The first that is written to the cache: what stands against it is told here, in one line."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        cause = "" if os.access(root, os.W_OK | os.X_OK) else "no permission"
    except OSError as error:
        cause = error.strerror or str(error)
    if cause:
        raise DataError(f"{root}: cannot be written ({cause}): give another --cache-dir")
