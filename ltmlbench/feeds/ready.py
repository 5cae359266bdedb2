"""The stage that makes samples ready for their feed: decoding, once for all runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, overload

from ltmlbench.contracts.feed import Feed, Opened
from ltmlbench.data.samples import Samples
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


@overload
def make_ready(
    feed: Feed, samples: Samples, store: Store, *, progress: Progress | None = None
) -> Opened: ...
@overload
def make_ready(
    feed: Feed, samples: Samples, store: Store, *, make: bool, progress: Progress | None = None
) -> Opened | None: ...
def make_ready(
    feed: Feed,
    samples: Samples,
    store: Store,
    *,
    make: bool = True,
    progress: Progress | None = None,
) -> Opened | None:
    """What the stage `Ready` leaves, before there is a task: a sample that cannot be read takes no
    part in any split, so this has to be known first.

    Args:
        make: False: only if it is stored already, else None.
        progress: called with (done, total).
    """
    preimage = _preimage(feed, samples)
    identity = digest(preimage)
    if make:
        told = progress or (lambda done, total: None)
        artifact, _ = store.build(
            identity, preimage, lambda folder: feed.prepare(samples, folder, told)
        )
        return feed.open(samples, artifact.folder)
    stored = store.get(identity)
    return feed.open(samples, stored.folder) if stored else None
