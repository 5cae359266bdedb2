"""A run that another program follows, or that nobody does."""

import json

import numpy as np
import pytest

import ltmlbench
from ltmlbench.cli import main

TINY = [
    "--dataset=table", "--data-dir=toy.npz", "--backbones=mlp[width=8]", "--epochs=2", "--folds=2",
    "--set=floors=none", "--set=explanation=none", "--methods=ib",
]  # fmt: skip


@pytest.fixture(autouse=True)
def toy(tmp_path, monkeypatch):
    rng = np.random.default_rng(5)
    Y = rng.random((48, 3)) < (0.6, 0.4, 0.3)
    np.savez(tmp_path / "toy.npz", X=Y + rng.normal(size=Y.shape), Y=Y.astype(int))
    monkeypatch.setenv("LTMLBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def test_json_gives_every_event_as_a_line_and_nothing_else(capsys):
    assert main(["run", *TINY, "--json", "--quiet"]) == 0
    shown = capsys.readouterr()
    events = [json.loads(line) for line in shown.out.splitlines()]
    names = [event["event"] for event in events]
    assert names[0] == "benchmark_started"
    assert names[-1] == "benchmark_finished"
    assert names.count("stage_started") == names.count("stage_finished") == 4
    assert names.count("epoch_finished") == 4  # two epochs in each of two folds
    scores = [e["run"]["metrics"]["sample"]["map"] for e in events if e["event"] == "run_finished"]
    assert len(scores) == 2
    assert all(0 < score <= 1 for score in scores)
    assert events[-1]["status"] == "done"
    assert shown.err == ""


def test_quiet_leaves_the_table_and_what_went_wrong(capsys):
    assert main(["run", *TINY, "--quiet"]) == 0
    shown = capsys.readouterr()
    assert "Per sample" in shown.out
    assert "written:" in shown.out
    assert shown.err == ""
    assert main(["run", *TINY, "--quiet", "--methods=nobody"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_progress_of_a_whole_grid_tells_how_long_it_takes(capsys):
    assert main(["run", *TINY, "--out=told"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert any(line.startswith("[1/4] fit") and "min left" in line for line in told), told
    assert "left" not in told[-1]


def test_a_notebook_shows_the_table(capsys):
    result = ltmlbench.run(
        {
            "dataset": "table",
            "data_dir": "toy.npz",
            "backbones": ["mlp[width=8]"],
            "methods": ["ib"],
            "epochs": 1,
            "folds": 2,
            "explanation": "none",
            "floors": "none",
        }
    )
    html = result._repr_html_()
    overall = result.results[(result.results.metric == "map") & (result.results.label == "")]
    mean = overall.loc[overall.unit == "sample", "value"].mean()
    assert f"{mean:.3f}".removeprefix("0") in html
    assert "standard deviation (ddof = 1) over n = 2 runs" in html
