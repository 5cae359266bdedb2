"""Trackers: told everything, in one process, and harmless."""

import json
import subprocess
import sys

import pandas as pd
import pytest

import ltmlbench
from ltmlbench import load
from ltmlbench.contracts import Tracker
from ltmlbench.errors import RequestError
from ltmlbench.registry import registry
from ltmlbench.tracking import tracked


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A CSV of 60 samples with two labels and two features."""
    import numpy as np

    rng = np.random.default_rng(0)
    Y = (rng.random((60, 2)) < [0.5, 0.3]).astype(int)
    X = rng.normal(size=(60, 2)) + Y
    frame = pd.DataFrame({"a": Y[:, 0], "b": Y[:, 1], "x": X[:, 0], "y": X[:, 1]})
    path = tmp_path_factory.mktemp("data") / "table.csv"
    frame.to_csv(path, index=False)
    return path


def settings(table, folder, **given):
    return {
        "dataset": "table",
        "data_dir": str(table),
        "methods": "ib",
        "floors": "none",
        "epochs": 3,
        "folds": 2,
        "out": str(folder / "out"),
        "cache_dir": str(folder / "cache"),
        **given,
    }


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_json_lines_hold_every_event_in_order(table, tmp_path, jobs):
    ltmlbench.run(settings(table, tmp_path, trackers="jsonl", jobs=jobs))
    events = lines(tmp_path / "out" / "events.jsonl")
    kinds = [event["event"] for event in events]
    assert kinds[0] == "benchmark_started"
    assert kinds[-2:] == ["benchmark_finished", "closed"]
    assert kinds.count("run_finished") == 2
    assert kinds.count("epoch_finished") == 2 * 3
    assert kinds.count("stage_started") == kinds.count("stage_finished") == events[0]["stages"]
    run = next(event["run"] for event in events if event["event"] == "run_finished")
    results = pd.read_csv(tmp_path / "out" / "results.csv", keep_default_na=False)
    mine = results[(results["run"] == run["id"]) & (results["metric"] == "map")]
    score = float(mine[mine["label"] == ""]["value"].iloc[0])
    assert score in [v for unit in run["metrics"].values() for v in unit.values()]
    trained = {e["stage"] for e in events if e["event"] == "epoch_finished"}
    assert run["model"] in trained, "epochs can be put to runs"


class Angry(Tracker):
    """Raises whenever it is told anything."""

    def _raise(self, *args, **kwargs):
        raise OSError("no")

    benchmark_started = stage_started = epoch_finished = stage_finished = _raise
    run_finished = benchmark_finished = close = _raise


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_one_that_raises_at_every_event_is_dropped_alone(
    table, tmp_path, monkeypatch, capsys, jobs
):
    real = load("tracker", "jsonl")
    monkeypatch.setattr(
        "ltmlbench.tracking.load", lambda kind, name: Angry() if name == "angry" else real
    )
    result = ltmlbench.run(settings(table, tmp_path, trackers="angry,jsonl", jobs=jobs))
    assert not result.about.failures
    assert lines(tmp_path / "out" / "events.jsonl")[-1]["event"] == "closed"
    told = capsys.readouterr().err
    assert "tracker angry" in told or "tracker 'angry'" in told
    assert "Traceback" not in told


def test_an_unknown_tracker_is_refused_before_any_work(table, tmp_path):
    with pytest.raises(RequestError, match="there is no tracker 'jsnol', did you mean 'jsonl'"):
        ltmlbench.run(settings(table, tmp_path, trackers="jsnol"))


def test_nobody_is_told_anything_after_the_end(tmp_path):
    with tracked(("jsonl",), tmp_path):
        registry().announce("stage_started", stage="s", title="t")
    registry().announce("stage_started", stage="s2", title="t2")
    assert [e["event"] for e in lines(tmp_path / "events.jsonl")] == ["stage_started", "closed"]


def test_tensorboard_files_hold_the_curves_and_the_table(table, tmp_path):
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    ltmlbench.run(settings(table, tmp_path, trackers="tensorboard", folds=2))
    folders = {p.parent for p in (tmp_path / "out" / "tensorboard").rglob("events.out*")}
    curves, texts = [], []
    for folder in folders:
        events = reading.EventAccumulator(str(folder)).Reload()
        texts += events.Tags()["tensors"]
        if "train_loss" in events.Tags()["scalars"]:
            curves.append([e.step for e in events.Scalars("train_loss")])
    assert curves == [[1, 2, 3]] * 2
    assert {"table.md/text_summary", "config.yaml/text_summary"} <= set(texts)


def test_mlflow_holds_parameters_scores_and_the_table(table, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow = pytest.importorskip("mlflow")
    uri = (tmp_path / "flow").as_uri()
    ltmlbench.run(settings(table, tmp_path, trackers=[f"mlflow[experiment=x,uri={uri}]"]))
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("x")
    runs = client.search_runs([experiment.experiment_id])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert len(parents) == 1
    assert (
        parents[0].data.params["methods"] == "('ib',)" or "ib" in parents[0].data.params["methods"]
    )
    assert "table.md" in {f.path for f in client.list_artifacts(parents[0].info.run_id)}
    children = [run for run in runs if run not in parents]
    assert {run.data.params["method"] for run in children} == {"ib"}
    for run in children:
        assert any("map" in name for name in run.data.metrics)
        steps = client.get_metric_history(run.info.run_id, "train_loss")
        assert [point.step for point in steps] == [1, 2, 3]


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_without_its_package_the_line_says_how_to_get_it(name, tmp_path):
    script = (
        f"import sys; sys.modules[{name!r}] = None\n"
        "from pathlib import Path\n"
        "from ltmlbench import load\n"
        f"load('tracker', {name!r}).open(Path({str(tmp_path)!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert f"pip install 'ltmlbench[{name}]'" in done.stderr


def test_mlflow_that_cannot_keep_anything_says_so_in_one_line(tmp_path):
    tracker = load("tracker", "mlflow[uri=nowhere://at-all]")
    with pytest.raises(
        RequestError, match=r"cannot keep anything there .*: give uri=http://SERVER"
    ):
        tracker.open(tmp_path)
