"""What every engine does with one stage: find it stored, or run it and say how it went."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ltmlbench.engines.memory import peak_memory
from ltmlbench.environment import environment
from ltmlbench.errors import Diverged, LtmlbenchError
from ltmlbench.feeds.batches import feed_threads
from ltmlbench.grid import Node, Outcome
from ltmlbench.origin import origin_of
from ltmlbench.spent import spending
from ltmlbench.stages import Stage, Work
from ltmlbench.store import Store
from ltmlbench.task import Task


class Tell(Protocol):
    """Told what happens while a stage runs: the name of an event and its values, as in
    `ltmlbench.hooks.EventHooks`."""

    def __call__(self, event: str, /, **values: Any) -> None: ...


_one_at_a_time = threading.Lock()


def execute(node: Node, store: Store, tell: Tell) -> Outcome:
    """Runs one stage whose inputs are stored. Its failures are returned, never raised or stored.

    Raises:
        RuntimeError: this process runs another stage already. Stages seed the random streams of
            the process, so two at once would store wrong numbers under right identities.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise RuntimeError(
            "an engine may run one stage at a time per process: stages seed its random streams"
        )
    try:
        return _execute(node, store, tell)
    finally:
        _one_at_a_time.release()


def _execute(node: Node, store: Store, tell: Tell) -> Outcome:
    def input_folder(stage: Stage) -> Path:
        artifact = store.get(stage.identity(node.task))  # read whole by `to_do` before it began
        if artifact is None:
            raise RuntimeError(f"input {stage.title!r} is not stored any more: run again")
        return artifact.folder

    def epoch(index: int, of: int, values: Mapping[str, float]) -> None:
        named = dict(values)
        tell("epoch_finished", stage=node.identity, epoch=index, epochs=of, values=named)

    spent: dict[str, float] = {}
    marks: dict[str, float] = {}
    memory: dict[str, int] = {}

    def produce(folder: Path) -> None:
        marks["begun"] = time.monotonic()
        task = node.stage.handed(node.task)
        with spending() as found, peak_memory() as held:
            node.stage.run(Work(task=task, folder=folder, input=input_folder, epoch=epoch))
        memory.update(held)
        spent.update({phase: round(seconds, 3) for phase, seconds in found.items()})

    def waiting() -> None:
        marks["waiting"] = time.monotonic()
        tell("stage_waiting", stage=node.identity, title=node.title)

    try:
        artifact, made = store.build(
            node.identity,
            node.stage.preimage(node.task),
            produce,
            whole=True,
            about=lambda: {**about(node.stage, node.task), "memory": memory, "spent": spent},
            waiting=waiting,
        )
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a stage may raise anything; the other runs go on
        return Outcome(
            node.identity, failure=_kind(error), cause=_cause(error), trace=traceback.format_exc()
        )
    waited = 0.0
    if "waiting" in marks:
        waited = marks.get("begun", time.monotonic()) - marks["waiting"]
    return Outcome(node.identity, made=made, seconds=artifact.seconds, waited=waited)


def about(stage: Stage, task: Task) -> dict[str, Any]:
    """What an artifact says of how it was made, beside its pre-image."""
    return {
        "environment": environment(),
        "feed_threads": feed_threads(task.numerics.device),
        "origin": origin_of(stage, task),
    }


def _cause(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, SystemExit):
        return f"it called sys.exit({text})"
    told = isinstance(error, LtmlbenchError) and text  # sentences for people
    return text if told else f"{type(error).__name__}: {text}" if text else type(error).__name__


def _kind(error: BaseException) -> str:
    import torch

    if isinstance(error, Diverged):
        return "diverged"
    memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return "out-of-memory" if memory or "can't allocate memory" in str(error) else "error"
