"""What every engine does with one stage: find it stored, or run it and say how it went."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from ltmlbench.errors import Diverged
from ltmlbench.grid import Node, Outcome
from ltmlbench.stages import Stage, Work
from ltmlbench.store import Store

EpochReport = Callable[[int, int, Mapping[str, float]], None]


def execute(node: Node, store: Store, epoch: EpochReport) -> Outcome:
    """Runs one stage whose inputs are stored. Failures are returned, never raised or stored."""

    def input_folder(stage: Stage) -> Path:
        artifact = store.get(stage.identity(node.task))
        if artifact is None:
            raise RuntimeError(f"input {stage.title!r} is not stored any more: run again")
        return artifact.folder

    def produce(folder: Path) -> None:
        task = node.stage.handed(node.task)
        node.stage.run(Work(task=task, folder=folder, input=input_folder, epoch=epoch))

    try:
        artifact, made = store.build(node.identity, node.stage.preimage(node.task), produce)
    except Exception as error:  # a stage may raise anything; the other runs go on
        text = " ".join(str(error).split()) or type(error).__name__
        cause = text if isinstance(error, ArithmeticError) else f"{type(error).__name__}: {text}"
        return Outcome(
            node.identity, failure=_kind(error), cause=cause, trace=traceback.format_exc()
        )
    return Outcome(node.identity, made=made, seconds=artifact.seconds)


def _kind(error: Exception) -> str:
    import torch

    if isinstance(error, Diverged):
        return "diverged"
    memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return "out-of-memory" if memory or "can't allocate memory" in str(error) else "error"
