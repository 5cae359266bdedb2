"""Runs share the stages they have in common; identities hold what changes the numbers."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ltmlbench import LabelMatrix
from ltmlbench.contracts import Component, Explanation, Method
from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import make_splits
from ltmlbench.engines.local import Local
from ltmlbench.errors import RequestError
from ltmlbench.feeds.pictures.views import Augment
from ltmlbench.grid import Row, build_grid, slug
from ltmlbench.hooks import Record
from ltmlbench.registry import Entry, load, registry
from ltmlbench.stages import ModelStage, Stage
from ltmlbench.store import Store
from ltmlbench.task import Numerics, Schedule, Task

CALLS = []


class Shared(Stage):
    """An input that depends on the data alone."""

    depends = frozenset({"data"})
    level: float = 0.5

    def run(self, work):
        CALLS.append("shared")
        (work.folder / "level.txt").write_text(str(self.level))


class Level(ModelStage):
    shared: Shared = Shared()
    factor: float = 1.0
    fail: bool = False

    def run(self, work):
        CALLS.append(f"level {self.factor}")
        if self.fail:
            raise MemoryError("no room")
        level = float((work.input(self.shared) / "level.txt").read_text())
        (work.folder / "level.txt").write_text(str(level * self.factor))

    def scores(self, work, folder, rows):
        level = float((folder / "level.txt").read_text())
        return np.full((len(rows), work.task.samples.labels.n_labels), level)


class LevelMethod(Method):
    factor: float = 1.0
    fail: bool = False

    def plan(self, task):
        return Level(factor=self.factor, fail=self.fail)


@pytest.fixture
def tasks():
    rng = np.random.default_rng(0)
    Y = (rng.random((60, 4)) < 0.3).astype(np.uint8)
    samples = Samples(
        ids=tuple(f"s{i}" for i in range(60)),
        groups=tuple(f"g{i // 2}" for i in range(60)),
        labels=LabelMatrix(Y, ["a", "b", "c", "d"]),
        read=Path,
        content=tuple(str(i) for i in range(60)),
    )
    backbone = load("backbone", "resnet18[weights=random,digest=random]")
    return [
        Task(samples, split, backbone, Schedule(), Numerics(), load("feed", "pictures"), seed=0)
        for split in make_splits(samples, folds=3, validation=0.1, seed=0)
    ]


def networks(tasks):
    return [(tasks[0].backbone, tasks[0].numerics)]


def test_stages_in_common_are_laid_out_and_run_once(tasks, tmp_path):
    rows = [Row("one", LevelMethod()), Row("two", LevelMethod(factor=2))]
    grid = build_grid(rows, networks(tasks), tasks)
    assert len(grid.runs) == 6
    # one shared stage for all folds; per fold two models and two predictions
    assert len(grid.nodes) == 1 + 3 * 2 * 2
    CALLS.clear()
    outcomes = {}
    Local().run(grid, Store(tmp_path), 1, lambda o: outcomes.update({o.identity: o}))
    assert sorted(CALLS) == sorted(["shared"] + 3 * ["level 1.0", "level 2.0"])
    assert all(not outcome.failure for outcome in outcomes.values())
    CALLS.clear()
    Local().run(grid, Store(tmp_path), 1, lambda o: None)
    assert CALLS == []


def test_a_failure_blocks_only_what_waits_for_it_and_is_tried_again(tasks, tmp_path):
    rows = [Row("bad", LevelMethod(fail=True)), Row("good", LevelMethod())]
    grid = build_grid(rows, networks(tasks), tasks[:1])
    for _ in range(2):
        outcomes = {}
        CALLS.clear()
        Local().run(grid, Store(tmp_path), 1, lambda o, seen=outcomes: seen.update({o.identity: o}))
        assert "level 1.0" in CALLS, "a failure is not cached as a result"
        kinds = {grid.nodes[i].title: o.failure for i, o in outcomes.items()}
        assert sorted(kinds.values()) == ["", "", "", "out-of-memory", "out-of-memory"]
        bad = next(run for run in grid.runs if run.method == "bad")
        assert "no room" in outcomes[bad.identity].cause


def test_everything_that_changes_numbers_changes_the_identity(tasks):
    task = tasks[0]
    stage = Level()
    base = stage.identity(task)
    others = [
        replace(task, seed=1),
        replace(task, schedule=Schedule(epochs=9)),
        replace(task, numerics=Numerics(dtype="bfloat16")),
        replace(task, feed=load("feed", "pictures[image_size=128]")),
        replace(task, feed=task.feed.model_copy(update={"augment": Augment(rotate=3)})),
        replace(task, split=tasks[1].split),
        replace(task, backbone=load("backbone", "resnet34[weights=random,digest=random]")),
        replace(task, samples=task.samples.take(np.arange(59))),
    ]
    identities = {base, *(stage.identity(other) for other in others)}
    identities |= {Level(factor=2.0).identity(task), Level(shared=Shared(level=0.1)).identity(task)}
    assert len(identities) == 1 + len(others) + 2


def test_a_stage_is_shared_across_the_parts_it_does_not_depend_on(tasks):
    assert Shared().identity(tasks[0]) == Shared().identity(tasks[1])
    assert Level().identity(tasks[0]) != Level().identity(tasks[1])


def test_what_is_asked_for_twice_is_run_once_with_a_note(tasks):
    rows = [
        Row("one", LevelMethod()),
        Row("alias", LevelMethod()),
        Row("two", LevelMethod(factor=2)),
    ]
    twice = [*networks(tasks), *networks(tasks)]
    grid = build_grid(rows, twice, [*tasks, tasks[0]])
    assert len(grid.runs) == len({run.id for run in grid.runs}) == 2 * 3
    assert grid.notes == (
        "method 'alias' is method 'one': it is run once",
        "backbone 'resnet18 (random init)' was asked for twice: it is run once",
        "fold 1 of 3, seed 0 was asked for twice: it is run once",
    )


def test_networks_of_one_label_are_rows_of_their_own_that_say_what_differs(tasks):
    def net(file, digest):
        return load("backbone", f"resnet18[weights={file},digest={digest}]"), Numerics()

    def labels(*networks):
        grid = build_grid([Row("level", LevelMethod())], networks, tasks[:1])
        assert len({run.row for run in grid.runs}) == len(networks)
        return [run.backbone for run in grid.runs]

    a, b, same_name = (
        net("/a/w1.pth", "a" * 64),
        net("/b/w2.pth", "b" * 64),
        net("/b/w1.pth", "c" * 64),
    )
    assert labels(a) == ["resnet18"]
    assert labels(a, b) == ["resnet18[weights=w1.pth]", "resnet18[weights=w2.pth]"]
    assert labels(a, same_name) == ["resnet18[digest=aaaaaaaa]", "resnet18[digest=cccccccc]"]
    halved = (a[0], Numerics(dtype="bfloat16"))
    assert labels(a, halved) == ["resnet18[dtype=float32]", "resnet18[dtype=bfloat16]"]


class PlansNoModel(LevelMethod):
    def plan(self, task):
        return Shared()


class Raises(LevelMethod):
    def plan(self, task):
        raise KeyError("retina")


class Exits(LevelMethod):
    def plan(self, task):
        raise SystemExit("no licence")


class NotANumber(LevelMethod):
    def plan(self, task):
        return Level(factor=float("nan"))


class Holder(Component):
    kind = "loss"
    content: Any = None


class Holds(ModelStage):
    inner: Holder

    def run(self, work): ...

    def scores(self, work, folder, rows): ...


class NoForm(LevelMethod):
    def plan(self, task):
        return Holds(inner=Holder(content=object()))


@pytest.mark.parametrize(
    ("method", "cause"),
    [
        (PlansNoModel(), "plan returned Shared, which cannot predict"),
        (Raises(), "KeyError: 'retina'"),
        (Exits(), "SystemExit: no licence"),
        (NotANumber(), "Level, field factor: nan cannot be part of an identity"),
        (NoForm(), "Holder, field content: object cannot be part of an identity"),
        (None, "Can't instantiate abstract class"),
    ],
)
def test_a_row_that_cannot_be_planned_fails_alone_and_says_where(tasks, method, cause, monkeypatch):
    entry = Entry("method", Record("bad", "x:y", ""), SimpleNamespace(distribution="some-package"))
    monkeypatch.setattr(type(registry()), "find", lambda self, *given: entry)
    kept = type(registry()).entry_of

    def entry_of(self, component):
        return entry if component is method else kept(self, component)

    monkeypatch.setattr(type(registry()), "entry_of", entry_of)
    bad = Row("bad", method, "TypeError: Can't instantiate abstract class Bad")
    grid = build_grid([bad, Row("good", LevelMethod())], networks(tasks), tasks)
    alone = build_grid([Row("good", LevelMethod())], networks(tasks), tasks)
    assert grid.runs == alone.runs
    assert list(grid.nodes) == list(alone.nodes)
    assert [run.fold for run in grid.unplanned] == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3"]
    assert len({run.id for run in grid.unplanned}) == 3
    for run in grid.unplanned:
        assert run.failure.startswith("method 'bad' of 'some-package': ")
        assert cause in run.failure
        assert run.trace


def test_a_method_that_says_what_to_mend_refuses_the_whole_request(tasks):
    class Needs(LevelMethod):
        def plan(self, task):
            raise RequestError("give --source")

    with pytest.raises(RequestError, match="give --source"):
        build_grid([Row("needs", Needs())], networks(tasks), tasks)


class Unhappy(Explanation):
    def plan(self, model, task, *, samples=(), labels=()):
        raise ZeroDivisionError("no picture")


def test_an_explanation_that_cannot_be_planned_leaves_its_run_as_it_is(tasks):
    rows = [Row("one", LevelMethod())]
    grid = build_grid(rows, networks(tasks), tasks[:1], Unhappy())
    assert grid.runs == build_grid(rows, networks(tasks), tasks[:1]).runs
    assert "not explained: ZeroDivisionError: no picture" in grid.notes[0]


class Picture(Explanation):
    """Looks into the models of one factor only."""

    factor: float

    def plan(self, model, task, *, samples=(), labels=()):
        return Seen(model=model) if model.factor == self.factor else None


class Seen(Stage):
    model: Level

    def run(self, work):
        raise MemoryError("no room for a picture")


def test_explanations_are_laid_out_beside_and_change_no_run(tasks, tmp_path):
    rows = [Row("one", LevelMethod()), Row("two", LevelMethod(factor=2))]
    plain = build_grid(rows, networks(tasks), tasks[:1])
    grid = build_grid(rows, networks(tasks), tasks[:1], Picture(factor=2))
    assert [replace(run, explanation="") for run in grid.runs] == list(plain.runs)
    assert [bool(run.explanation) for run in grid.runs] == [False, True]
    assert set(grid.nodes) - set(plain.nodes) == {grid.runs[1].explanation}
    outcomes = {}
    Local().run(grid, Store(tmp_path), 1, lambda o: outcomes.update({o.identity: o}))
    failed = [identity for identity, outcome in outcomes.items() if outcome.failure]
    assert failed == [grid.runs[1].explanation]


def test_floor_rows_are_never_explained(tasks):
    row = Row("majority", load("method", "majority"))
    assert not build_grid([row], networks(tasks), tasks[:1], Picture(factor=1)).runs[0].explanation


def test_floor_rows_are_laid_out_once_for_all_networks(tasks):
    floor = load("method", "majority")
    two = [*networks(tasks), (load("backbone", "resnet34[weights=random]"), Numerics())]
    grid = build_grid([Row("majority", floor), Row("level", LevelMethod())], two, tasks[:1])
    assert [run.method for run in grid.runs] == ["majority", "level", "level"]


class Compared(Stage):
    shown = ("compared.txt",)
    mine: Level
    other: Level

    def run(self, work):
        raise MemoryError("no room to compare")


class ComparedMethod(LevelMethod):
    def looks(self, task):
        return (Compared(mine=self.plan(task), other=Level(factor=2)),)


def test_a_look_is_laid_out_only_where_the_rows_make_its_inputs_and_changes_no_run(tasks, tmp_path):
    one, two = Row("one", ComparedMethod()), Row("two", LevelMethod(factor=2))
    alone = build_grid([one], networks(tasks), tasks[:1])
    assert not any(isinstance(node.stage, Compared) for node in alone.nodes.values())
    both = build_grid([one, two], networks(tasks), tasks[:2])
    plain = build_grid([Row("one", LevelMethod()), two], networks(tasks), tasks[:2])
    assert [run.id for run in both.runs] == [run.id for run in plain.runs]
    assert [run.model for run in both.runs] == [run.model for run in plain.runs]
    looks = set(both.nodes) - set(plain.nodes)
    assert len(looks) == 2, "one per fold"
    outcomes = {}
    Local().run(both, Store(tmp_path), 1, lambda o: outcomes.update({o.identity: o}))
    assert {identity for identity, outcome in outcomes.items() if outcome.failure} == looks


def test_a_long_name_becomes_a_file_name_that_a_disk_takes_and_stays_apart_from_others():
    long = "focal[" + "x" * 300 + "=1]"
    assert len(slug(long)) <= 120
    assert slug(long) != slug(long.replace("=1", "=2"))
    assert slug("focal[gamma=3]-net") == "focal_gamma=3_-net"


class Noted(Compared):
    def run(self, work):
        (work.folder / "compared.txt").write_text("alike")


class NotedMethod(LevelMethod):
    def looks(self, task):
        return (Noted(mine=self.plan(task), other=Level(factor=2)),)


def test_a_look_is_made_and_nothing_is_made_again_for_it(tasks, tmp_path):
    rows = [Row("one", NotedMethod()), Row("two", LevelMethod(factor=2))]
    grid = build_grid(rows, networks(tasks), tasks[:1])
    store = Store(tmp_path)
    made = []
    Local().run(grid, store, 1, lambda outcome: made.append(outcome.identity))
    (look,) = grid.looks
    assert (store.folder(look) / "compared.txt").read_text() == "alike"
    assert made[-1] == look
    # its inputs gone, as after a clean-up, it stays away and so do they
    store.discard(look)
    store.discard(grid.runs[1].model)
    CALLS.clear()
    Local().run(replace(grid, runs=grid.runs[:1]), store, 1, lambda outcome: None)
    assert not store.has(look)
    assert CALLS == []
