"""Engines and trackers."""

from __future__ import annotations

import contextlib
import pickle
import tempfile
import threading
from pathlib import Path
from typing import ClassVar

from ltmlbench.contracts import Engine, Tracker
from ltmlbench.errors import RequestError
from ltmlbench.grid import Grid, Node, Outcome, Run
from ltmlbench.stages import Stage, Work
from ltmlbench.store import Store
from ltmlbench.testing.checking import NotApplicable, check, expect
from ltmlbench.testing.samples import task_of, vectors


class Toy(Stage):
    """Writes a file, or fails.

    Args:
        fails: raises instead.
    """

    depends: ClassVar[frozenset[str]] = frozenset()

    name: str
    fails: bool = False
    after: tuple[Toy, ...] = ()

    @property
    def title(self) -> str:
        return self.name

    def run(self, work: Work) -> None:
        if self.fails:
            raise ZeroDivisionError("a stage that fails on purpose")
        before = "".join((work.input(inner) / "name.txt").read_text() for inner in self.after)
        (work.folder / "name.txt").write_text(f"{before}{self.name} ")


def _grid() -> Grid:
    """Two stages, one after the other; a stage that fails and one that waits for it; one alone."""
    first, broken = Toy(name="first"), Toy(name="broken", fails=True)
    stages = (
        first,
        Toy(name="second", after=(first,)),
        broken,
        Toy(name="blocked", after=(broken,)),
        Toy(name="alone"),
    )
    task = task_of(vectors(24))
    nodes = {}
    for stage in stages:
        inputs = tuple(inner.identity(task) for inner in stage.inputs())
        nodes[stage.identity(task)] = Node(stage.identity(task), stage, task, inputs, stage.title)
    return Grid(tuple(map(_run, (n for n in nodes.values()))), nodes)


def _run(node: Node) -> Run:
    return Run(id=node.title, method=node.title, backbone="none", fold="fold 1", seed=0,
               floor=False, identity=node.identity, model=node.identity)  # fmt: skip


def _ended(engine: Engine, grid: Grid, store: Store, jobs: int) -> dict[str, Outcome]:
    """Outcomes by title, in the order in which they ended."""
    found: dict[str, Outcome] = {}
    here = threading.get_ident()

    def ended(outcome: Outcome) -> None:
        title = grid.nodes[outcome.identity].title
        expect(threading.get_ident() == here, "ended() in the thread that called run()")
        expect(title not in found, "every stage to end once", f"{title!r} twice")
        found[title] = outcome

    engine.run(grid, store, jobs, ended)
    missing = {node.title for node in grid.nodes.values()} - set(found)
    expect(not missing, "every stage to end", f"{sorted(missing)} did not")
    return found


def _works(engine: Engine, jobs: int) -> None:
    grid = _grid()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        try:
            found = _ended(engine, grid, store, jobs)
        except RequestError as error:  # such as a cluster that is not there
            raise NotApplicable(str(error)) from None
        failed = {title for title, outcome in found.items() if outcome.failure}
        expect(failed == {"broken", "blocked"}, "the failing stage and the one that waits for it "
               "to fail, and no other", sorted(failed))  # fmt: skip
        order = list(found)
        for before, after in (("first", "second"), ("broken", "blocked")):
            expect(order.index(before) < order.index(after), "inputs to end first", order)
        expect("division" in found["blocked"].cause or "on purpose" in found["blocked"].cause,
               "the cause to be told", found["blocked"].cause)  # fmt: skip
        stored = {n.title for n in grid.nodes.values() if store.has(n.identity)}
        expect(stored == {"first", "second", "alone"}, "what succeeded to be stored", stored)
        again = _ended(engine, grid, store, jobs)
        twice = [title for title, outcome in again.items() if outcome.made]
        expect(not twice, "nothing to be made twice", twice)


@check(
    "engine", name="runs a grid in which a stage fails", why="one failure must not cost the rest"
)
def runs_grid(component: Engine) -> None:
    _works(component, jobs=1)


@check("engine", name="runs it with two jobs", why="--jobs 2 must give the same", slow=True)
def runs_two_jobs(component: Engine) -> None:
    _works(component, jobs=2)


@check("tracker", name="takes every event of a benchmark, and may be opened again",
       why="a tracker that raises is told no more")  # fmt: skip
def told_everything(component: Tracker) -> None:
    before = pickle.dumps(component)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            tracker = pickle.loads(before)
            try:
                tracker.open(Path(folder))
            except RequestError as error:  # such as an extra that is not installed
                raise NotApplicable(str(error)) from None
            try:
                _tell(tracker, Path(folder))
            finally:
                tracker.close()
    for option in type(component).model_fields:
        same = getattr(tracker, option) == getattr(component, option)
        expect(same, f"option {option} to stay as it was", getattr(tracker, option))


@check("tracker", name="survives a benchmark that ends before it begins",
       why="Ctrl-C comes at any time")  # fmt: skip
def closed_early(component: Tracker) -> None:
    tracker = pickle.loads(pickle.dumps(component))
    with tempfile.TemporaryDirectory() as folder:
        try:
            tracker.open(Path(folder))
        except RequestError as error:
            raise NotApplicable(str(error)) from None
        with contextlib.closing(tracker):
            pass


def _tell(tracker: Tracker, out: Path) -> None:
    """A benchmark of two stages, one of which fails, as `ltmlbench.hooks.EventHooks` has it."""
    run = {
        "run": "ib--fold-1", "method": "ib", "backbone": "tiny", "fold": "fold 1", "seed": 0,
        "id": "ib--fold-1", "identity": "0" * 64, "model": "a" * 64, "status": "done",
        "metrics": {"sample": {"map": 0.5, "macro_auc": None}}, "stages": ["a" * 64],
    }  # fmt: skip
    tracker.benchmark_started({"methods": ["ib"], "epochs": 2, "data_dir": None}, 2)
    for stage, title in (("a" * 64, "fit"), ("b" * 64, "predict")):
        tracker.stage_started(stage, title)
        for epoch in (1, 2):
            tracker.epoch_finished(stage, epoch, 2, {"train_loss": 0.5, "lr": 1e-3})
    tracker.stage_finished("a" * 64, "fit", 1.5)
    tracker.stage_failed("b" * 64, "predict", "error", "ValueError: no")
    tracker.run_finished(run)
    tracker.benchmark_finished(str(out), "failed")
