"""Methods × backbones × folds × seeds -> runs -> one deduplicated stage graph."""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ltmlbench.contracts import Backbone, Component, Explanation, Method
from ltmlbench.errors import LtmlbenchError
from ltmlbench.fit import Predict
from ltmlbench.identity import NotCanonical, canonical, digest
from ltmlbench.naming import distinct
from ltmlbench.registry import registry
from ltmlbench.spec import parse_spec
from ltmlbench.stages import ModelStage, Stage
from ltmlbench.task import Numerics, Task

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """A row of the table: a method as the user typed it, and what it resolved to; or, for one that
    cannot be made from its plugin, why. ``trials``: settings of it that were tried before."""

    name: str
    method: Method | None
    failure: str = ""
    trials: int = 0

    @property
    def floor(self) -> bool:
        return self.method is not None and self.method.floor

    @property
    def reduced(self) -> str:
        """What it lacks of the method it is named after; empty if nothing."""
        entry = registry().entry_of(self.method) if self.method is not None else None
        return entry.record.ours if entry and entry.record.reduced else ""


@dataclass(frozen=True)
class Run:
    """One method, backbone, fold and seed.

    Args:
        row: identity of the method and the backbone with all their options, and of the arithmetic.
        options: what that identity is made from, to tell rows of one name apart.
        reduced: what it lacks of the method it is named after; empty if nothing.
        trials: settings of the row that were tried before this one was chosen, as it was told.
        identity: of its predictions; empty if it could not be planned.
        model: identity of the stage that predicts.
        explanation: identity of the stage that looks into the model; empty if there is none.
        failure: why it could not be planned, one line; ``trace`` is the traceback.
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
    row: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    reduced: str = ""
    trials: int = 0
    failure: str = ""
    trace: str = ""


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
    """All runs and the stages they need.

    Args:
        runs: those that can be executed.
        nodes: in an order that respects the inputs.
        unplanned: runs that failed before they began, each with its ``failure``.
        notes: what was asked for twice or had to be left out, one line each.
        tasks: one per fold and seed.
        looks: identities of the stages that methods plan to look at (`Method.looks`).
    """

    runs: tuple[Run, ...]
    nodes: Mapping[str, Node]
    unplanned: tuple[Run, ...] = ()
    notes: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    looks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a stage ended. ``failure`` is empty, or error, out-of-memory or diverged, of the
    stage itself or of the input it waited for; ``cause`` is one line, ``trace`` the traceback;
    ``waited``: seconds for another process that was making the same stage."""

    identity: str
    made: bool = False
    seconds: float = 0.0
    waited: float = 0.0
    failure: str = ""
    cause: str = ""
    trace: str = ""


Ended = Callable[[Outcome], None]


@dataclass(frozen=True)
class _Network:
    """A backbone, its arithmetic, what tables call it, and what that has to tell apart."""

    backbone: Backbone
    numerics: Numerics
    label: str
    options: Mapping[str, Any]

    def put_into(self, task: Task) -> Task:
        return replace(task, backbone=self.backbone, numerics=self.numerics)


def build_grid(
    rows: Sequence[Row],
    networks: Sequence[tuple[Backbone, Numerics]],
    tasks: Sequence[Task],
    explanation: Explanation | None = None,
) -> Grid:
    """Lays out the grid. ``tasks``: one per fold and seed; each network is put into each.

    What is asked for twice (a method under two names, a seed) is laid out once, with a note. A row
    that cannot be planned fails alone. Floor rows see no sample: they are laid out for the first
    network only, and never explained.

    Raises:
        RequestError, DataError: a method refuses what it was asked for.
    """
    notes: list[str] = []
    rows = _once(rows, _row_form, lambda row: f"method {row.name!r}", notes)
    networks = _once(networks, _network_form, lambda n: f"backbone {n[0].label!r}", notes)
    tasks = _once(tasks, lambda t: [t.split.fingerprint, t.seed], _place, notes)
    named = _named(networks)
    nodes: dict[str, Node] = {}
    blind = [task.blind() for task in tasks]  # once for all rows and networks
    equipped = (
        [(network, network.put_into(task), network.put_into(plain)) for network in named]
        for task, plain in zip(tasks, blind, strict=True)
    )
    placed = [
        (row, *place)
        for each in equipped
        for row in rows
        for place in (each[:1] if row.floor else each)
    ]
    runs = [_lay_out(*place, nodes, explanation, notes) for place in placed]
    wanted = set(nodes)
    looks: dict[str, Node] = {}
    for row, _, task, plain in placed:
        looks |= _looks(row, task, plain, wanted, notes)
    places = [(run.row, run.fold, run.seed) for run in runs]
    assert len(set(places)) == len(places), "a run is counted once"
    return Grid(
        runs=tuple(run for run in runs if not run.failure),
        nodes=nodes | looks,
        looks=tuple(looks),
        unplanned=tuple(run for run in runs if run.failure),
        notes=tuple(dict.fromkeys(notes)),
        tasks=tuple(tasks),
    )


def _looks(
    row: Row, task: Task, blind: Task, wanted: AbstractSet[str], notes: list[str]
) -> dict[str, Node]:
    """The looks of a row of which the rows make all inputs anyway (``wanted``)."""
    found: dict[str, Node] = {}
    try:
        for look in row.method.looks(blind) if row.method is not None else ():
            inputs = tuple(inner.identity(task) for inner in look.inputs())
            if wanted >= set(inputs):
                where = f"{row.name} · {task.split.name} · seed {task.seed}"
                identity = look.identity(task)
                found[identity] = Node(identity, look, task, inputs, f"{look.title} · {where}")
    except LtmlbenchError:
        raise
    except Exception as error:  # as for an explanation: the run itself is as it was
        notes.append(f"{_owner(row)}: no look at what it makes: {_cause(error)}")
    return found


def _once(
    items: Iterable[T], form: Callable[[T], Any], name: Callable[[T], str], notes: list[str]
) -> list[T]:
    """The items without those that are the same as an earlier one."""
    found: dict[str, T] = {}
    for item in items:
        key = digest(form(item))
        if key in found:
            first = name(found[key])
            same = name(item)
            what = f"{same} was asked for twice" if same == first else f"{same} is {first}"
            notes.append(f"{what}: it is run once")
        found.setdefault(key, item)
    return list(found.values())


def _row_form(row: Row) -> Any:
    """What makes a method the same as another: its class, version and options."""
    try:
        return [canonical(row.method)] if row.method is not None else row.name
    except (TypeError, ValueError):  # said when it is planned
        return row.name


def _network_form(network: tuple[Backbone, Numerics]) -> Any:
    backbone, numerics = network
    return {"backbone": canonical(backbone), "numerics": canonical(numerics.identity)}


def _place(task: Task) -> str:
    return f"{task.split.name}, seed {task.seed}"


def _named(networks: Sequence[tuple[Backbone, Numerics]]) -> list[_Network]:
    """The networks, called so that no two share a name."""
    options = [{**_shown(b), **canonical(n.identity)} for b, n in networks]
    labels = distinct([backbone.label for backbone, _ in networks], options)
    return [
        _Network(backbone, numerics, label, form)
        for (backbone, numerics), label, form in zip(networks, labels, options, strict=True)
    ]


def _shown(component: Component) -> dict[str, Any]:
    """The options as text, also those that change no number (the path of weights)."""
    return {name: str(getattr(component, name)) for name in type(component).model_fields}


def _lay_out(
    row: Row,
    network: _Network,
    task: Task,
    blind: Task,
    nodes: dict[str, Node],
    explanation: Explanation | None,
    notes: list[str],
) -> Run:
    label = "none" if row.floor else network.label
    key = {
        "method": _row_form(row),
        "network": None if row.floor else _network_form((network.backbone, network.numerics)),
    }
    shown = {} if row.method is None else _shown(row.method)
    run = Run(
        id="",
        method=row.name,
        backbone=label,
        fold=task.split.name,
        seed=task.seed,
        floor=row.floor,
        identity="",
        model="",
        row=digest(key),
        options={"method": shown, "backbone": {} if row.floor else network.options},
        reduced=row.reduced,
        trials=row.trials,
    )
    where = " · ".join([row.name, label, task.split.name, f"seed {task.seed}"])
    try:
        model = _planned(row, blind)
        added: dict[str, Node] = {}
        identity = _add(Predict(model=model), task, added, where)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit as well: a plugin may do anything
        if isinstance(error, LtmlbenchError) and not isinstance(error, NotCanonical):
            raise  # the method says what to mend: nothing is begun
        cause = f"{_owner(row)}: {_cause(error)}"
        name = _run_id(run, digest([run.row, task.split.fingerprint, run.seed]))
        return replace(run, id=name, failure=cause, trace=traceback.format_exc())
    nodes |= {key: node for key, node in added.items() if key not in nodes}
    look = None if row.floor else _look(explanation, model, task, nodes, where, notes)
    return replace(
        run,
        id=_run_id(run, identity),
        identity=identity,
        model=model.identity(task),
        explanation=look or "",
    )


def _planned(row: Row, blind: Task) -> ModelStage:
    if row.method is None:
        raise _Unusable(row.failure)
    model = row.method.plan(blind)
    if not isinstance(model, ModelStage):
        raise _Unusable(
            f"plan returned {type(model).__name__}, which cannot predict: "
            "Method.plan has to return a ModelStage, such as Fit"
        )
    return model


class _Unusable(Exception):
    """Why a method cannot be run, in words of our own."""


def _look(
    explanation: Explanation | None,
    model: ModelStage,
    task: Task,
    nodes: dict[str, Node],
    where: str,
    notes: list[str],
) -> str | None:
    """Identity of the stage that explains a model; a plan that fails leaves the run as it is."""
    if explanation is None:
        return None
    try:
        stage = explanation.plan(model, task)
        return _add(stage, task, nodes, where) if stage else None
    except LtmlbenchError:
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # as for a method
        notes.append(f"{where}: not explained: {_cause(error)}")
        return None


def _owner(row: Row) -> str:
    """A method with the distribution it comes from."""
    if row.method is not None:
        entry = registry().entry_of(row.method)
    else:
        spec = parse_spec(row.name)
        entry = registry().find("method", spec.name, spec.distribution)
    return f"method {row.name!r} of {entry.distribution!r}" if entry else f"method {row.name!r}"


def _cause(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, _Unusable | NotCanonical):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _run_id(run: Run, identity: str) -> str:
    """The name of a run's folder; its end alone makes it unique."""
    return f"{slug(f'{run.method}-{run.backbone}-{run.fold}')}-s{run.seed}-{identity[:8]}"


def slug(text: str, most: int = 120) -> str:
    """A text as a file name; of a longer one the beginning, and a digest of the whole."""
    name = re.sub(r"[^A-Za-z0-9.+=-]+", "_", text).strip("_")
    if len(name) <= most:
        return name
    return f"{name[: most - 9]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _add(stage: Stage, task: Task, nodes: dict[str, Node], where: str) -> str:
    identity = stage.identity(task)
    if identity not in nodes:
        inputs = tuple(_add(inner, task, nodes, where) for inner in stage.inputs())
        nodes[identity] = Node(identity, stage, task, inputs, f"{stage.title} · {where}")
    return identity
