"""What a row costs, against a count by hand."""

import json
from dataclasses import replace

import pytest

from ltmlbench import load
from ltmlbench.data.samples import Protocol
from ltmlbench.engines.execute import execute
from ltmlbench.feeds.ready import make_ready
from ltmlbench.grid import Row, build_grid
from ltmlbench.report.cost import cost_block
from ltmlbench.results.cost import cost_of
from ltmlbench.results.records import RunRecord
from ltmlbench.store import Store
from ltmlbench.testing import made, task_of, vectors


@pytest.fixture
def task():
    samples = replace(
        vectors(n=120, shares=(0.5, 0.4, 0.4, 0.3, 0.3)), protocol=Protocol(apart=("a",))
    )
    return task_of(samples)


def laid_out(task, *texts):
    rows = [Row(text, load("method", text).suited(task)) for text in texts]
    return build_grid(rows, [(task.backbone, task.numerics)], [task])


def full_batches(rows, task):
    size = task.schedule.batch_size
    return max(size, rows // size * size) if rows >= size else rows


def test_every_stage_counts_once_with_what_it_shows_the_networks(task, tmp_path):
    grid, store = laid_out(task, "ib", "ours[views=1]"), Store(tmp_path)
    ib, ours = grid.runs
    assert cost_of(ours.model, grid, store) is None, "nothing is made yet"
    for run in (ib, ours):
        made(grid.nodes[run.model].stage, task, store)
    n, epochs = len(task.split.train), task.schedule.epochs
    plain = cost_of(ib.model, grid, store)
    assert plain.trained == pytest.approx(epochs * full_batches(n, task), rel=0.02)
    assert plain.scored == 0
    student = grid.nodes[ours.model].stage
    learnt = [said.teacher.examples for said in student.teaching]
    subsets = [len(examples(made(stage, task, store))) for stage in learnt]
    shown = epochs * (full_batches(n, task) + sum(full_batches(rows, task) for rows in subsets))
    spent = cost_of(ours.model, grid, store)
    assert spent.trained == pytest.approx(shown, rel=0.02)
    assert spent.scored == len(subsets) * n


def test_a_head_on_stored_features_trains_on_no_sample_and_its_trunk_scores_each(task, tmp_path):
    grid, store = laid_out(task, "ib", "crt[views=2]", "probe"), Store(tmp_path)
    for run in grid.runs:
        made(grid.nodes[run.model].stage, task, store)
    ib, crt, probe = (cost_of(run.model, grid, store) for run in grid.runs)
    n, held_out = len(task.split.train), len(task.split.val)
    assert (crt.trained, crt.scored) == (ib.trained, 2 * n + held_out)
    assert (probe.trained, probe.scored) == (0, n + held_out)


def examples(folder):
    from ltmlbench.stages import read_examples

    return read_examples(folder)[0]


def record(name, seconds, **given):
    cost = {"seconds": seconds, "trained": 3000, "scored": 1000}
    fixed = {"id": f"{name}{seconds}", "method": name, "backbone": "net", "fold": "1", "seed": 0}
    return RunRecord(**fixed, **{"floor": False, "status": "done", "cost": cost} | given)


def test_the_table_gives_means_over_runs_and_leaves_out_what_has_no_cost():
    runs = [
        record("ib", 60),
        record("ib", 120),
        record("ours", 300),
        record("old", 1, cost=None),
        record("lost", 2, status="failed"),
        record("floor", 3, floor=True),
    ]
    block = cost_block(runs)
    assert [[cell.text for cell in line.cells] for line in block.lines] == [
        ["ib", "net", "1.5", "3,000", "1,000"],
        ["ours", "net", "5.0", "3,000", "1,000"],
    ]
    assert "peak memory, GiB" not in block.header
    assert cost_block(runs[3:]) is None


def test_memory_and_parameters_are_shown_where_every_run_of_a_row_recorded_them():
    known = {"seconds": 60, "trained": 1, "scored": 0, "parameters": 3_380_000, "memory": 3 << 29}
    runs = [
        record("new", 60, cost=known),
        record("old", 60),
        record("mixed", 60),
        record("mixed", 61, cost=known),
    ]
    block = cost_block(runs)
    place = {name: block.header.index(name) for name in block.header}
    for line, memory, parameters in zip(
        block.lines, ("1.50", "–", "–"), ("3.38", "–", "–"), strict=True
    ):
        assert line.cells[place["peak memory, GiB"]].text == memory
        assert line.cells[place["parameters, million"]].text == parameters
    assert "peak GPU memory, GiB" not in block.header


def test_a_training_that_an_engine_ran_notes_memory_and_parameters(task, tmp_path):
    grid, store = laid_out(task, "ib"), Store(tmp_path)
    (ib,) = grid.runs
    make_ready(task.feed, task.samples, store)
    for node in _in_order(grid, ib.model):
        assert not execute(node, store, lambda event, **values: None).failure
    spent = cost_of(ib.model, grid, store)
    network = json.loads((store.get(ib.model).folder / "network.json").read_text())
    assert spent.parameters == network["parameters"] > 0
    assert 50 << 20 < spent.memory < 64 << 30
    assert spent.device_memory is None


def _in_order(grid, identity):
    for inner in grid.nodes[identity].inputs:
        yield from _in_order(grid, inner)
    yield grid.nodes[identity]
