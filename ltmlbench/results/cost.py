"""What a row costs: all stages it is made from, those it shares with other rows or folds too."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltmlbench.fit import Fit
from ltmlbench.frozen import FEATURES
from ltmlbench.grid import Grid
from ltmlbench.store import Store


@dataclass(frozen=True)
class Cost:
    """What was spent on a model.

    Args:
        seconds: on the clock, beside whatever else the machine did.
        trained: samples shown forward and backward.
        scored: samples that teachers and frozen trunks were shown, forward alone.
        parameters: of the network that predicts.
        memory: most bytes of RAM that a training held; None if one of them did not note it.
        device_memory: the same of a graphics card.
    """

    seconds: float
    trained: int
    scored: int
    parameters: int | None = None
    memory: int | None = None
    device_memory: int | None = None


def cost_of(model: str, grid: Grid, store: Store) -> Cost | None:
    """The cost of a stage of the grid and of all it is made from, each once; None if a part is not
    stored.

    Args:
        model: identity of the stage.
    """
    seconds, trained, scored = 0.0, 0, 0
    parameters = None
    peaks: list[Mapping[str, int]] = []
    for identity in with_inputs(model, grid):
        artifact = store.get(identity)
        if artifact is None:
            return None
        seconds += artifact.seconds
        shown = _trained(artifact.folder / "history.csv")
        stage = grid.nodes[identity].stage
        on_features = isinstance(stage, Fit) and stage.frozen is not None
        trained += 0 if on_features else shown
        scored += _scored(artifact.folder)
        peaks += [artifact.manifest.get("memory") or {}] if shown else []
        parameters = parameters or _parameters(artifact.folder / "network.json")
    return Cost(
        round(seconds, 1), trained, scored, parameters, _most(peaks, "host"), _most(peaks, "device")
    )


def with_inputs(identity: str, grid: Grid) -> list[str]:
    """The stage first, then what is nearest to it."""
    found = [identity]
    for current in found:
        found += [inner for inner in grid.nodes[current].inputs if inner not in found]
    return found


def _most(peaks: Sequence[Mapping[str, int]], where: str) -> int | None:
    return max(peak[where] for peak in peaks) if peaks and all(where in p for p in peaks) else None


def _parameters(network: Path) -> int | None:
    """What `ltmlbench.training.fold.write_model` counted; earlier versions did not."""
    if not network.exists():
        return None
    found = json.loads(network.read_text()).get("parameters")
    return found if isinstance(found, int) else None


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


def _scored(folder: Path) -> int:
    """V views of N rows, of a `ltmlbench.stages.LogitsStage`, and the rows of a
    `ltmlbench.frozen.FrozenTrunk`."""
    number = 0
    if (logits := folder / "logits.npy").exists():
        views, rows, _ = np.load(logits, mmap_mode="r").shape
        number += views * rows
    if (features := folder / FEATURES).exists():
        number += len(np.load(features, mmap_mode="r"))
    return int(number)
