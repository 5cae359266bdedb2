"""What a row costs: all stages it is made from, those it shares with other rows or folds too."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltmlbench.grid import Grid
from ltmlbench.store import Store


@dataclass(frozen=True)
class Cost:
    """What was spent on a model.

    Args:
        seconds: on the clock, beside whatever else the machine did.
        trained: samples shown forward and backward.
        scored: samples that teachers were shown, forward alone.
    """

    seconds: float
    trained: int
    scored: int


def cost_of(model: str, grid: Grid, store: Store) -> Cost | None:
    """The cost of a stage of the grid and of all it is made from, each once; None if a part is not
    stored.

    Args:
        model: identity of the stage.
    """
    seconds, trained, scored = 0.0, 0, 0
    for identity in with_inputs(model, grid):
        artifact = store.get(identity)
        if artifact is None:
            return None
        seconds += artifact.seconds
        trained += _trained(artifact.folder / "history.csv")
        scored += _scored(artifact.folder / "logits.npy")
    return Cost(round(seconds, 1), trained, scored)


def with_inputs(identity: str, grid: Grid) -> set[str]:
    """A stage and all it is made from."""
    found: set[str] = set()
    waiting = [identity]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += grid.nodes[current].inputs
    return found


def _trained(history: Path) -> int:
    """What `ltmlbench.training.loop.train` counted; of an earlier version, from the seconds and the
    rate of every epoch."""
    if not history.exists():
        return 0
    with open(history, newline="") as file:
        rows = [row for row in csv.DictReader(file) if "images_per_second" in row]
    if all(row.get("samples") for row in rows):
        return sum(int(float(row["samples"])) for row in rows)
    return round(sum(float(row["seconds"]) * float(row["images_per_second"]) for row in rows))


def _scored(logits: Path) -> int:
    """V views of N rows, of a `ltmlbench.stages.LogitsStage`."""
    if not logits.exists():
        return 0
    views, rows, _ = np.load(logits, mmap_mode="r").shape
    return int(views * rows)
