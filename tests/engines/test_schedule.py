"""`schedule` owns order, blocking, failures and events; an engine only submits."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from engine_toys import TASK, Toy, grid_of, outcomes_of

from ltmlbench.contracts import Engine
from ltmlbench.engines.execute import execute
from ltmlbench.engines.schedule import WorkerLost, schedule, to_do
from ltmlbench.grid import Outcome
from ltmlbench.hooks import hookimpl
from ltmlbench.registry import registry
from ltmlbench.store import Store


class Threaded(Engine):
    """The whole of an engine: one thread beside the caller's, as a process runs one stage at a
    time."""

    def run(self, grid, store, jobs, ended):
        with ThreadPoolExecutor(1) as pool:

            def submit(node, tell):
                return pool.submit(execute, node, store, tell)

            schedule(grid, store, submit, 1, ended)


class Observer:
    def __init__(self):
        self.events, self.threads = [], set()

    def _note(self, *event):
        self.events.append(event)
        self.threads.add(threading.get_ident())

    @hookimpl
    def ltmlbench_stage_started(self, stage, title):
        self._note("started", title)

    @hookimpl
    def ltmlbench_epoch_finished(self, stage, epoch, epochs, values):
        self._note("epoch", epoch, epochs, values["train_loss"])

    @hookimpl
    def ltmlbench_stage_finished(self, stage, title, seconds):
        self._note("finished", title)

    @hookimpl
    def ltmlbench_stage_failed(self, stage, title, kind, cause):
        self._note("failed", title, kind, cause)


@pytest.fixture
def observer():
    observer = Observer()
    registry().observe(observer, "test observer")
    yield observer
    registry().manager.unregister(name="test observer")


def threaded(grid, store, ended):
    Threaded().run(grid, store, 1, ended)


def here(grid, store, ended):
    def submit(node, tell):
        future = Future()
        future.set_result(execute(node, store, tell))
        return future

    schedule(grid, store, submit, 1, ended)


@pytest.mark.parametrize("run", [here, threaded])
def test_events_come_in_order_in_the_thread_of_the_caller(tmp_path, observer, run):
    first = Toy(name="first")
    grid = grid_of(Toy(name="second", after=(first,)))
    outcomes = outcomes_of(run, grid, Store(tmp_path))
    assert list(outcomes) == ["first", "second"]
    assert observer.threads == {threading.get_ident()}
    one, two = (
        [("started", name), ("epoch", 1, 1, 0.5), ("finished", name)]
        for name in ("first", "second")
    )
    assert observer.events == one + two


def test_a_failure_blocks_what_waits_for_it_and_nothing_else(tmp_path, observer):
    bad = Toy(name="bad", act="raise zero")
    grid = grid_of(Toy(name="blocked", after=(bad,)), Toy(name="good"))
    outcomes = outcomes_of(threaded, grid, Store(tmp_path))
    assert {name: o.failure for name, o in outcomes.items()} == {
        "bad": "error",
        "blocked": "error",
        "good": "",
    }
    assert outcomes["bad"].cause == "ZeroDivisionError: division by zero"
    assert outcomes["blocked"].cause == outcomes["bad"].cause
    assert "blocked" not in {event[1] for event in observer.events}


def test_a_stage_that_exits_the_program_or_breaks_a_pipe_is_a_failure(tmp_path):
    grid = grid_of(Toy(name="exits", act="exit 7"), Toy(name="pipe", act="raise pipe"))
    outcomes = outcomes_of(here, grid, Store(tmp_path))
    assert outcomes["exits"].cause == "it called sys.exit(7)"
    assert outcomes["pipe"].cause == "BrokenPipeError"
    assert all(outcome.failure == "error" for outcome in outcomes.values())


def test_stored_stages_end_after_their_inputs_and_are_not_done_again(tmp_path):
    stages = [Toy(name="a")]
    for name in "bcdefgh":
        stages.append(Toy(name=name, after=(stages[-1],)))
    store = Store(tmp_path)
    grid = grid_of(stages[-1])
    assert all(o.made for o in outcomes_of(here, grid, store).values())
    again = outcomes_of(here, grid, Store(tmp_path))
    assert list(again) == list("abcdefgh")
    assert not any(o.made for o in again.values())


def test_a_damaged_input_of_a_stored_run_is_made_again_before_the_run_ends(tmp_path, capsys):
    model = Toy(name="model")
    end = Toy(name="end", after=(model,))
    store, grid = Store(tmp_path), grid_of(end)
    outcomes_of(here, grid, store)
    (store.folder(model.identity(TASK)) / "out.txt").write_text("x")
    outcomes = outcomes_of(here, grid, Store(tmp_path))
    assert [(name, o.made) for name, o in outcomes.items()] == [("model", True), ("end", False)]
    assert "out.txt is damaged" in capsys.readouterr().err


def test_inputs_that_were_pruned_are_not_made_again_for_stages_that_are_stored(tmp_path):
    teacher = Toy(name="teacher")
    model = Toy(name="model", after=(teacher,))
    store, grid = Store(tmp_path), grid_of(model)
    outcomes_of(here, grid, store)
    store.discard(teacher.identity(TASK))
    assert to_do(grid, store) == {}
    assert list(outcomes_of(here, grid, store)) == ["model"]
    more = grid_of(model, Toy(name="other", after=(teacher,)))
    made = [n for n, o in outcomes_of(here, more, store).items() if o.made]
    assert made == ["teacher", "other"]


def test_a_lost_worker_is_replaced_once_and_an_error_is_final(tmp_path, observer):
    calls = []

    def run(grid, store, ended):
        def submit(node, tell):
            calls.append(node.title)
            future = Future()
            if node.title == "lost":
                future.set_exception(WorkerLost("gone", "out-of-memory"))
            elif calls.count(node.title) == 1 and node.title == "lost once":
                future.set_exception(WorkerLost("gone"))
            elif node.title == "engine error":
                future.set_exception(KeyError("x"))
            else:
                future.set_result(execute(node, store, tell))
            return future

        schedule(grid, store, submit, 1, ended)

    names = ["lost", "lost once", "engine error", "fine"]
    outcomes = outcomes_of(run, grid_of(*(Toy(name=name) for name in names)), Store(tmp_path))
    assert {name: o.failure for name, o in outcomes.items()} == {
        "lost": "out-of-memory",
        "lost once": "",
        "engine error": "error",
        "fine": "",
    }
    assert [calls.count(name) for name in names] == [2, 2, 1, 1]
    assert observer.events.count(("started", "lost")) == 1
    assert "the engine could not execute it: KeyError" in outcomes["engine error"].cause


def test_an_engine_that_gives_no_outcome_or_refuses_is_a_failure_of_that_stage(tmp_path):
    def run(grid, store, ended):
        def submit(node, tell):
            if node.title == "refused":
                raise OSError("no such queue")
            future = Future()
            given = {"nothing": None, "another's": Outcome("0" * 64)}
            if node.title == "cancelled":
                future.cancel()
            else:
                future.set_result(given[node.title])
            return future

        schedule(grid, store, submit, 2, ended)

    names = ["refused", "nothing", "another's", "cancelled"]
    outcomes = outcomes_of(run, grid_of(*(Toy(name=name) for name in names)), Store(tmp_path))
    assert [outcomes[name].failure for name in names] == ["error"] * 4
    assert "no such queue" in outcomes["refused"].cause


def test_no_more_stages_than_slots_run_at_once(tmp_path):
    running, most = set(), []

    def run(grid, store, ended):
        pending = []

        def submit(node, tell):
            future = Future()
            running.add(node.identity)
            most.append(len(running))
            pending.append((node, future))
            if len(running) == 2 or len(pending) == 5:
                for waiting, answer in pending:
                    if not answer.done():
                        running.discard(waiting.identity)
                        answer.set_result(Outcome(waiting.identity, made=True))
            return future

        schedule(grid, store, submit, 2, ended)

    outcomes_of(run, grid_of(*(Toy(name=name) for name in "abcde")), Store(tmp_path))
    assert max(most) == 2


def test_two_stages_at_once_in_one_process_are_refused(tmp_path):
    """They would draw from one random stream, and store wrong numbers under right identities."""

    def run(grid, store, ended):
        with ThreadPoolExecutor(2) as pool:
            schedule(grid, store, lambda n, t: pool.submit(execute, n, store, t), 2, ended)

    grid = grid_of(Toy(name="a", act="sleep 0.5"), Toy(name="b", act="sleep 0.5"))
    outcomes = outcomes_of(run, grid, Store(tmp_path))
    failed = [o for o in outcomes.values() if o.failure]
    assert len(failed) == 1
    assert "one stage at a time per process" in failed[0].cause
