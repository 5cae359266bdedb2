"""Methods, and what each kind of stage promises to leave."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ltmlbench.contracts import Component, Method
from ltmlbench.errors import LtmlbenchError
from ltmlbench.stages import ExamplesStage, LogitsStage, ModelStage, Stage, TrunkStage
from ltmlbench.stages import read_examples as read_examples_of
from ltmlbench.store import Store
from ltmlbench.task import Schedule, Task
from ltmlbench.testing.checking import NotApplicable, Unmet, check, expect
from ltmlbench.testing.checks.every import variants
from ltmlbench.testing.samples import bars, task_of, vectors
from ltmlbench.testing.watching import generators_untouched
from ltmlbench.testing.work import made, work_for

_SHARES = (0.6, 0.4, 0.3, 0.2)


def task_for(method: Method, shares: tuple[float, ...] = _SHARES) -> tuple[Method, Task]:
    """A small task of pictures, or of vectors if it takes no pictures, and the method suited to it.

    Raises:
        NotApplicable: the method can serve neither without more being given.
    """
    cause = ""
    for samples in (bars(48, shares), vectors(48, shares)):
        task = task_of(samples, schedule=Schedule(epochs=1, batch_size=8)).blind()
        try:
            suited = method.suited(task)
            suited.plan(task)
        except LtmlbenchError as error:
            cause = cause or str(error)
        else:
            return suited, task
    raise NotApplicable(cause)


def stages_of(stage: Stage) -> Iterator[Stage]:
    """The stage and all that it waits for, each once."""
    seen: list[Stage] = []
    waiting = [stage]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.append(one)
            waiting += one.inputs()
    return iter(seen)


@check("method", name="plans a model, and the same one every time",
       why="a run that was stopped would train everything again")  # fmt: skip
def plan_stable(component: Method) -> None:
    method, task = task_for(component)
    with generators_untouched("planning"):
        first, again = (method.model_copy().plan(task) for _ in range(2))
    expect(isinstance(first, ModelStage), "plan() to give a ModelStage", type(first).__name__)
    expect(first.identity(task) == again.identity(task), "one identity from two plans")
    expect(first == again and hash(first) == hash(again), "equal, hashable stages from two plans")
    for stage in stages_of(first):
        expect(bool(stage.title.strip()), f"a title of {type(stage).__name__}")


@check("method", name="plans another model when an option is another",
       why="two rows of the table would share one training")  # fmt: skip
def options_count(component: Method) -> None:
    method, task = task_for(component)
    changed = dict(variants(method))
    for name in changed:
        bases = (method, *(m for option, m in changed.items() if option != name))
        differs = [
            _identity(base, task) != _identity(other, task)
            for base in bases
            for option, other in variants(base)
            if option == name and _identity(base, task)
        ]
        if all(_identity(base, task) for base in bases):  # it may count where one refuses to plan
            expect(any(differs), f"some plan to change with {name}", "none that does")


def _identity(method: Component, task: Task) -> str:
    """Of the model it plans; empty if it refuses its options here, which is to notice them."""
    assert isinstance(method, Method)
    try:
        return method.plan(task).identity(task)
    except LtmlbenchError:
        return ""


@check("method", name="plans for one label and for twenty", why="data sets have as many")
def any_number_of_labels(component: Method) -> None:
    task_for(component)  # whether it can be planned at all here
    for shares in ((0.5,), tuple(np.linspace(0.6, 0.05, 20))):
        try:
            task_for(component, shares)
        except NotApplicable:  # refused in one line
            continue


@check("method", name="runs, and every stage leaves what its kind promises",
       why="other stages and the report read it", slow=True)  # fmt: skip
def runs(component: Method) -> None:
    method, task = task_for(component)
    model = method.plan(task)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        made(model, task, store)
        for stage in stages_of(model):
            _kept(stage, made(stage, task, store), task)
        work = work_for(model, task, store, Path(folder) / "work")
        rows = task.split.test
        scores = model.scores(work, made(model, task, store), rows)
        logits = model.logits(work, made(model, task, store), rows)
    shape = (len(rows), task.samples.labels.n_labels)
    for what, given in (("scores", scores), ("logits", logits)):
        expect(given.shape == shape, f"{what} of shape {shape}", given.shape)
        expect(bool(np.isfinite(given).all()), f"finite {what}")
    inside = bool((scores >= 0).all() and (scores <= 1).all())
    expect(inside, "scores in 0..1", f"{scores.min():g} to {scores.max():g}")


def _kept(stage: Stage, folder: Path, task: Task) -> None:
    """What the kind of the stage promises is there."""
    who = type(stage).__name__
    try:
        if isinstance(stage, TrunkStage):
            expect(len(stage.trunk_weights(folder)) > 0, f"weights of a trunk from {who}")
        if isinstance(stage, ExamplesStage):
            rows, labels = read_examples_of(folder)
            expect(bool((np.diff(rows) > 0).all()) and len(rows) > 0, f"sorted rows from {who}")
            expect(len(labels) > 0, f"labels from {who}")
        if isinstance(stage, LogitsStage):
            taught, known = np.load(folder / "logits.npy"), np.load(folder / "labels.npy")
            shape = (len(task.split.train), len(known))
            expect(taught.shape[1:] == shape, f"logits V×{shape} from {who}", taught.shape)
            prior = np.load(folder / "prior.npy")
            expect(prior.shape == known.shape, f"a prior per label from {who}", prior.shape)
    except FileNotFoundError as error:
        raise Unmet(f"expected {who} to write {Path(str(error.filename)).name}") from None
