"""The output folder of the main command: whose it is, what a second command does to it."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from ltmlbench.cli import main
from ltmlbench.hooks import hookimpl
from ltmlbench.registry import registry

FAST = [
    "--backbones=test_resnet[weights=random]",
    "--image-size=32",
    "--folds=2",
    "--limit=40",
    "--set=floors=none",
    "--set=explanation=none",
]
"""Of methods that train nothing."""


@pytest.fixture
def run(tmp_path):
    def start(*given, out=None):
        flags = [f"--out={out or tmp_path / 'out'}", f"--cache-dir={tmp_path / 'cache'}"]
        return main(["run", *FAST, *flags, *given])

    return start


def counts(out):
    """How many runs each row of results.csv stands for."""
    results = pd.read_csv(out / "results.csv", keep_default_na=False)
    return results.groupby("method")["run"].nunique().to_dict()


def test_a_second_command_adds_its_rows_and_an_earlier_report_is_still_right(run, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("--methods=majority") == 0
    assert run("--methods=all-negative") == 0
    assert counts(out) == {"majority": 2, "all-negative": 2}
    assert "4 of 4 runs done" in capsys.readouterr().out
    table = (out / "table.md").read_bytes()
    assert main(["report", str(out)]) == 0
    assert (out / "table.md").read_bytes() == table


def test_rows_of_another_setting_leave_the_table_with_a_line(run, tmp_path, capsys):
    assert run("--methods=majority") == 0
    capsys.readouterr()
    assert run("--methods=all-negative", "--set=lr=0.5") == 0
    shown = capsys.readouterr()
    assert "2 earlier runs in runs/ are not in this table (schedule.lr: 0.001 -> 0.5)" in shown.err
    assert "2 of 2 runs done" in shown.out
    assert counts(tmp_path / "out") == {"all-negative": 2}
    assert len(list((tmp_path / "out" / "runs").iterdir())) == 4


def test_what_is_asked_for_twice_is_counted_once(run, tmp_path, capsys):
    assert run("--methods=majority", "--seeds=0,0,1") == 0
    shown = capsys.readouterr()
    assert "n = 4 runs (2 folds × 2 seeds)" in shown.out
    assert counts(tmp_path / "out") == {"majority": 4}


@pytest.mark.parametrize("name", ["config.yaml", "results.csv"])
def test_files_that_are_not_ours_are_kept(run, tmp_path, capsys, name):
    out = tmp_path / "mine"
    out.mkdir()
    (out / name).write_text("epochs: 3  # my own\n")
    given = [f"--config={out / name}"] if name == "config.yaml" else []
    assert run(*given, out=out) == 2
    error = capsys.readouterr().err
    assert name in error
    assert error.count("\n") == 1
    assert (out / name).read_text() == "epochs: 3  # my own\n"
    assert [path.name for path in out.iterdir()] == [name]


def test_out_is_a_file_or_in_the_cache(run, tmp_path, capsys):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "cache" / "out", tmp_path):
        assert run(out=out) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "cache").exists()


def test_a_tilde_in_out_is_the_home_folder(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert run("--methods=majority", out="~/here") == 0
    assert (tmp_path / "home" / "here" / "table.md").exists()


class Watcher:
    def __init__(self):
        self.runs, self.ends = [], []

    @hookimpl
    def ltmlbench_run_finished(self, run):
        self.runs.append(dict(run))

    @hookimpl
    def ltmlbench_benchmark_finished(self, out, status):
        self.ends.append((out, status))


def test_observers_are_told_the_scores_of_a_run_and_how_it_all_ended(run, tmp_path):
    watcher = Watcher()
    registry().observe(watcher, "watcher")
    try:
        assert run("--methods=majority") == 0
    finally:
        registry().unobserve("watcher")
    assert watcher.ends == [(str(tmp_path / "out"), "done")]
    results = pd.read_csv(tmp_path / "out" / "results.csv", dtype=str, keep_default_na=False)
    for told in watcher.runs:
        stored = json.loads((tmp_path / "out" / "runs" / told["id"] / "run.json").read_text())
        assert stored == told
        assert {"schema", "model", "seconds", "distributions"} <= set(told)
        mine = results[(results["run"] == told["id"]) & (results["label"] == "")]
        for row in mine.to_dict("records"):
            if row["value"] != "":
                assert told["metrics"][row["unit"]][row["metric"]] == pytest.approx(
                    float(row["value"])
                )


PLUGIN = """
import numpy as np
from ltmlbench.contracts import Method, Metric
from ltmlbench.hooks import Record, hookimpl

class Hopeless(Method):
    def plan(self, task):
        raise LookupError("no such layer")

class Abstract(Method):
    pass

class Wrong(Metric):
    higher_is_better = False
    def __call__(self, Y, scores):
        return float((np.asarray(Y) != (np.asarray(scores) > 0.5)).mean())

class Raises(Metric):
    def __call__(self, Y, scores):
        raise RuntimeError("out of ideas")

@hookimpl
def ltmlbench_methods():
    return [Record("hopeless", "odd_plugin:Hopeless", ""),
            Record("abstract", "odd_plugin:Abstract", "")]

@hookimpl
def ltmlbench_metrics():
    return [Record("wrong", "odd_plugin:Wrong", "share of wrong decisions"),
            Record("raises", "odd_plugin:Raises", "")]
"""


@pytest.fixture
def outside(tmp_path):
    """Runs the command line in a process that has the plugin package installed."""
    site = tmp_path / "site"
    info = site / "odd_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "odd_plugin.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ltmlbench]\nodd = odd_plugin\n")
    paths = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])

    def start(*given):
        return subprocess.run(
            [sys.executable, "-m", "ltmlbench", *given],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=250,
        )

    return start


def test_methods_that_break_are_failed_rows_and_metrics_of_ones_own_are_columns(outside, tmp_path):
    out = tmp_path / "out"
    flags = [f"--out={out}", f"--cache-dir={tmp_path / 'cache'}"]
    methods = "--methods=majority,hopeless,abstract"
    done = outside("run", *FAST, *flags, methods, "--metrics=wrong,raises,map")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "method 'hopeless' of 'odd-plugin': LookupError: no such layer" in done.stderr
    assert "method 'abstract' of 'odd-plugin': " in done.stderr
    assert done.stderr.count("metric 'raises' failed") == 1
    assert "2 of 6 runs done, 4 failed." in done.stdout
    table = (out / "table.md").read_text()
    assert "undefined" in table
    assert "hopeless" in table.split("Failed runs\n")[1]
    results = pd.read_csv(out / "results.csv", keep_default_na=False)
    assert {"wrong", "raises", "map"} <= set(results["metric"])
    assert set(results["method"]) == {"majority"}
    states = [json.loads(p.read_text())["status"] for p in (out / "runs").glob("*/run.json")]
    assert sorted(states) == ["done"] * 2 + ["failed"] * 4


@pytest.mark.slow
def test_two_commands_at_once_into_one_folder_both_end_right(outside, tmp_path):
    flags = [f"--out={tmp_path / 'out'}", f"--cache-dir={tmp_path / 'cache'}"]
    names = ("majority", "all-negative")
    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(lambda n: outside("run", *FAST, *flags, f"--methods={n}"), names))
    for name, end in zip(names, ends, strict=True):
        assert end.returncode == 0, end.stderr
        assert name in end.stdout
    assert main(["report", str(tmp_path / "out")]) == 0
    assert counts(tmp_path / "out") == {"majority": 2, "all-negative": 2}
