"""Methods × backbones × folds × seeds -> runs -> one deduplicated stage graph."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ltmlbench.contracts import Backbone, Explanation, Method
from ltmlbench.errors import RequestError
from ltmlbench.fit import Predict
from ltmlbench.stages import ModelStage, Stage
from ltmlbench.task import Numerics, Task


@dataclass(frozen=True)
class Row:
    """A row of the table: a method as the user typed it, and what it resolved to."""

    name: str
    method: Method


@dataclass(frozen=True)
class Run:
    """One method, backbone, fold and seed.

    Args:
        identity: of its predictions.
        model: identity of the stage that predicts.
        explanation: identity of the stage that looks into the model; empty if there is none.
    """

    id: str
    method: str
    backbone: str
    fold: str
    seed: int
    floor: bool
    identity: str
    model: str
    explanation: str = ""


@dataclass(frozen=True)
class Node:
    """A stage to be executed, with the identities it waits for."""

    identity: str
    stage: Stage
    task: Task
    inputs: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class Grid:
    """All runs and the stages they need; ``nodes`` is in an order that respects the inputs."""

    runs: tuple[Run, ...]
    nodes: Mapping[str, Node]


@dataclass(frozen=True)
class Outcome:
    """How a stage ended. ``failure`` is empty, or error, out-of-memory or diverged, of the
    stage itself or of the input it waited for; ``cause`` is one line, ``trace`` the traceback."""

    identity: str
    made: bool = False
    seconds: float = 0.0
    failure: str = ""
    cause: str = ""
    trace: str = ""


Ended = Callable[[Outcome], None]


def build_grid(
    rows: Sequence[Row],
    networks: Sequence[tuple[Backbone, Numerics]],
    tasks: Sequence[Task],
    explanation: Explanation | None = None,
) -> Grid:
    """Lays out the grid. ``tasks``: one per fold and seed; each network is put into each.

    Floor rows see no image: they are laid out for the first network only, and never explained.
    """
    runs: list[Run] = []
    nodes: dict[str, Node] = {}
    for task in tasks:
        for row in rows:
            for backbone, numerics in networks[:1] if row.method.floor else networks:
                full = replace(task, backbone=backbone, numerics=numerics)
                runs.append(_lay_out(row, full, nodes, explanation))
    for task in tasks:
        for row in rows:
            for backbone, numerics in networks[:1] if row.method.floor else networks:
                _add_looks(row, replace(task, backbone=backbone, numerics=numerics), nodes)
    return Grid(tuple(runs), nodes)


def _add_looks(row: Row, task: Task, nodes: dict[str, Node]) -> None:
    """The looks of a row whose inputs the rows make anyway; to be called after all rows."""
    for look in row.method.looks(task):
        if all(inner.identity(task) in nodes for inner in look.inputs()):
            _add(look, task, nodes, " · ".join([row.name, task.split.name, f"seed {task.seed}"]))


def _lay_out(row: Row, task: Task, nodes: dict[str, Node], explanation: Explanation | None) -> Run:
    model = row.method.plan(task)
    if not isinstance(model, ModelStage):
        raise RequestError(
            f"method {row.name!r} planned {type(model).__name__}, which cannot predict: "
            "Method.plan has to return a ModelStage, such as Fit"
        )
    backbone = "none" if row.method.floor else task.backbone.label
    where = " · ".join([row.name, backbone, task.split.name, f"seed {task.seed}"])
    identity = _add(Predict(model=model), task, nodes, where)
    look = explanation.plan(model, task) if explanation and not row.method.floor else None
    return Run(
        id=f"{slug(f'{row.name}-{backbone}-{task.split.name}')}-s{task.seed}-{identity[:8]}",
        method=row.name,
        backbone=backbone,
        fold=task.split.name,
        seed=task.seed,
        floor=row.method.floor,
        identity=identity,
        model=model.identity(task),
        explanation=_add(look, task, nodes, where) if look else "",
    )


def slug(text: str) -> str:
    """A text as a file name."""
    return re.sub(r"[^A-Za-z0-9.+=-]+", "_", text).strip("_")


def _add(stage: Stage, task: Task, nodes: dict[str, Node], where: str) -> str:
    identity = stage.identity(task)
    if identity not in nodes:
        inputs = tuple(_add(inner, task, nodes, where) for inner in stage.inputs())
        nodes[identity] = Node(identity, stage, task, inputs, f"{stage.title} · {where}")
    return identity
