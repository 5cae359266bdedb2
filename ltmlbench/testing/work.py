"""Stages run one by one, without grid and engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ltmlbench.feeds.ready import make_ready
from ltmlbench.stages import Stage, Work
from ltmlbench.store import SCRATCH, Store
from ltmlbench.task import Task


def made(stage: Stage, task: Task, store: Store) -> Path:
    """The folder of a stage's artifact; the stage and its inputs are run where they are not stored.

    >>> import tempfile
    >>> from ltmlbench.registry import load
    >>> from ltmlbench.testing import task_of, vectors
    >>> task = task_of(vectors())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = made(load("method", "majority").plan(task), task, Store(Path(folder)))
    ...     sorted(path.name for path in found.iterdir())
    ['artifact.json', 'scores.json']
    """
    for inner in stage.inputs():
        made(inner, task, store)

    def produce(folder: Path) -> None:
        stage.run(work_for(stage, task, store, folder))

    artifact, _ = store.build(stage.identity(task), stage.preimage(task), produce)
    return artifact.folder


def work_for(stage: Stage, task: Task, store: Store, folder: Path) -> Work:
    """What an engine would hand the stage, to write into ``folder``; inputs are made when asked
    for."""
    make_ready(task.feed, task.samples, store)
    for source in task.sources:
        make_ready(source.feed, source.samples, store)
    (folder / SCRATCH).mkdir(parents=True, exist_ok=True)

    def told(index: int, of: int, values: Mapping[str, float]) -> None:
        """Nobody watches."""

    return Work(stage.handed(task), folder, lambda inner: made(inner, task, store), told)
