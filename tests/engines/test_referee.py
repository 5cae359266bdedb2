"""Whatever an engine does, every run ends, and nothing is believed that is not stored."""

import pytest
from engine_toys import TASK, Toy, grid_of
from pydantic import ConfigDict

from ltmlbench.contracts import Engine
from ltmlbench.engines.local import Local
from ltmlbench.engines.referee import run_engine
from ltmlbench.errors import RequestError
from ltmlbench.grid import Outcome
from ltmlbench.store import Store


class Given(Engine):
    """Does what a test says."""

    model_config = ConfigDict(extra="allow")

    def run(self, grid, store, jobs, ended):
        self.what(grid, store, ended)


def judged(tmp_path, what, *stages):
    grid = grid_of(*(stages or (Toy(name="a"), Toy(name="b"))))
    outcomes = {}

    def record(outcome):
        outcomes[grid.nodes[outcome.identity].title] = outcome

    lines = run_engine(Given(what=what), "odd", grid, Store(tmp_path), 1, record)
    assert lines == []
    return outcomes


def test_an_engine_that_does_nothing_is_no_success(tmp_path):
    outcomes = judged(tmp_path, lambda grid, store, ended: None)
    assert {o.failure for o in outcomes.values()} == {"error"}
    assert {o.cause for o in outcomes.values()} == {"the engine 'odd' never ended it"}


@pytest.mark.parametrize("error", [ValueError("boom"), BrokenPipeError(), SystemExit(0)])
def test_an_engine_that_raises_fails_what_it_left_in_one_line(tmp_path, capsys, error):
    def what(grid, store, ended):
        Local().run(grid_of(Toy(name="a")), store, 1, ended)
        raise error

    outcomes = judged(tmp_path, what)
    assert outcomes["a"].failure == ""
    assert f"the engine 'odd' stopped before: {type(error).__name__}" in outcomes["b"].cause
    assert "Traceback" in outcomes["b"].trace
    assert capsys.readouterr().err.count("\n") == 1


def test_an_engine_that_lies_is_not_believed(tmp_path, capsys):
    def what(grid, store, ended):
        for identity in grid.nodes:
            ended(Outcome(identity))
        ended(Outcome("0" * 64))
        ended(None)
        ended(Outcome(next(iter(grid.nodes)), failure="error", cause="a second word"))

    outcomes = judged(tmp_path, what)
    assert {o.cause for o in outcomes.values()} == {
        "the engine 'odd' says it is done, but it is not stored"
    }
    assert capsys.readouterr().err.count("\n") == 1


def test_ctrl_c_is_no_failure_of_the_engine(tmp_path):
    def what(grid, store, ended):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judged(tmp_path, what)


def test_what_cannot_be_written_is_said_and_the_others_go_on(tmp_path, capsys):
    grid, recorded = grid_of(*(Toy(name=name) for name in "abc")), []

    def record(outcome):
        if grid.nodes[outcome.identity].title != "b":
            recorded.append(outcome)
            return
        raise OSError(28, "No space left on device", "out/runs/b")

    store = Store(tmp_path)
    lines = run_engine(Local(), "local", grid, store, 1, record)
    assert len(recorded) == 2
    assert store.has(Toy(name="b").identity(TASK))
    assert lines == ["b: [Errno 28] No space left on device: 'out/runs/b'"]
    error = capsys.readouterr().err
    assert "No space left on device" in error
    assert "the same command writes them later" in error


def test_what_the_user_has_to_mend_before_anything_ran_is_raised_as_it_is(tmp_path):
    class Missing(Engine):
        def run(self, grid, store, jobs, ended):
            raise RequestError("pip install it")

    with pytest.raises(RequestError, match="pip install it"):
        run_engine(Missing(), "missing", grid_of(Toy(name="a")), Store(tmp_path), 1, print)
