"""The main command, from the outside: whole, stopped, failed, repeated."""

import json
import os
import signal
import subprocess
import sys

import pandas as pd
import pytest

from ltmlbench.cli import main

SMALL = [
    "--methods=ib,db",
    "--backbones=test_resnet[weights=random]",
    "--image-size=32",
    "--folds=2",
    "--epochs=2",
    "--limit=60",
    "--set=precision=float32",
]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """One finished benchmark and its cache, shared by the tests that only look."""
    root = tmp_path_factory.mktemp("done")
    out, cache = root / "out", root / "cache"
    assert main(["run", *SMALL, f"--out={out}", f"--cache-dir={cache}"]) == 0
    return out, cache


def flags(out, cache):
    return [f"--out={out}", f"--cache-dir={cache}"]


def test_it_leaves_what_the_design_says(done):
    out, _ = done
    names = {
        "table.md",
        "results.csv",
        "summary.csv",
        "report.html",
        "config.yaml",
        "benchmark.json",
    }
    assert names <= {path.name for path in out.iterdir()}
    folders = list((out / "runs").iterdir())
    assert len(folders) == 2 * 4  # two folds of two floors and two methods
    for folder in folders:
        run = json.loads((folder / "run.json").read_text())
        trained = (
            {"model.safetensors", "history.csv", "network.json"} if not run["floor"] else set()
        )
        files = {path.name for path in folder.iterdir()}
        assert (files >= {"gallery.png", "pointing.csv"}) != run["floor"]
        assert trained | {"predictions.parquet", "run.json", "identity.json"} <= files
        assert run["status"] == "done"
        shown = 2 * (run["split"]["train"] // 16 * 16)  # two epochs of full batches
        assert run["cost"]["trained"] == (0 if run["floor"] else shown)
        assert len(run["split"]["fingerprint"]) == 64


def test_every_file_for_people_says_that_the_data_are_simulated(done):
    out, _ = done
    assert "SIMULATED" in (out / "table.md").read_text().splitlines()[0]
    assert "SIMULATED" in (out / "report.html").read_text()
    assert pd.read_csv(out / "results.csv")["simulated"].all()
    assert pd.read_csv(out / "summary.csv")["simulated"].all()


def test_every_number_can_be_computed_from_the_stored_predictions(done):
    from sklearn.metrics import average_precision_score

    out, _ = done
    results = pd.read_csv(out / "results.csv", keep_default_na=False, na_values={"value": [""]})
    for folder in (out / "runs").iterdir():
        table = pd.read_parquet(folder / "predictions.parquet").query("part == 'test'")
        mine = results[(results["run"] == folder.name) & (results["unit"] == "eye")]
        value = mine[(mine["metric"] == "map") & (mine["label"] == "D")]["value"].item()
        assert value == pytest.approx(average_precision_score(table["y:D"], table["p:D"]))


def test_the_same_command_again_trains_nothing_and_gives_the_same_files(done, capsys):
    out, cache = done
    before = {n: (out / n).read_bytes() for n in ("results.csv", "table.md")}
    records = [p for p in out.glob("runs/*/*") if p.name in ("run.json", "identity.json")]
    assert len(records) == 2 * 8
    written = {path: path.stat().st_mtime_ns for path in records}
    assert main(["run", *SMALL, *flags(out, cache)]) == 0
    assert "everything is stored already" in capsys.readouterr().err
    assert {n: (out / n).read_bytes() for n in before} == before
    assert {path: path.stat().st_mtime_ns for path in records} == written  # nothing new to say


def test_the_written_configuration_reproduces_the_table(done, tmp_path, capsys):
    out, cache = done
    again = tmp_path / "again"
    assert main(["run", f"--config={out / 'config.yaml'}", *flags(again, cache)]) == 0
    assert "everything is stored already" in capsys.readouterr().err
    assert (again / "results.csv").read_bytes() == (out / "results.csv").read_bytes()


def test_an_edited_configuration_in_the_folder_itself_is_kept(done, tmp_path, capsys):
    import shutil

    out, cache = tmp_path / "out", done[1]
    shutil.copytree(done[0], out)
    again = ["run", f"--config={out / 'config.yaml'}", *flags(out, cache)]
    assert main(again) == 0
    assert "was edited" not in capsys.readouterr().err
    edited = "# my notes\n" + (out / "config.yaml").read_text()
    (out / "config.yaml").write_text(edited)
    assert main(again) == 0
    assert capsys.readouterr().err.count("config.yaml was edited: kept as") == 1
    (kept,) = out.glob("config.edited-*.yaml")
    assert kept.read_text() == edited
    assert "my notes" not in (out / "config.yaml").read_text()


def test_an_added_method_trains_only_itself(done, tmp_path, capsys):
    _, cache = done
    more = ["--methods=ib,db,focal", *SMALL[1:]]
    assert main(["plan", *more, *flags(tmp_path, cache)]) == 0
    assert "6 to do" in capsys.readouterr().out  # a fit, a prediction and a gallery per fold
    assert main(["run", *more, *flags(tmp_path, cache)]) == 0
    assert "6 stages to do" in capsys.readouterr().err


def test_bce_and_ib_are_the_same_training_and_share_it(done, tmp_path, capsys):
    _, cache = done
    assert main(["run", "--methods=bce,ib", *SMALL[1:], *flags(tmp_path, cache)]) == 0
    assert "everything is stored already" in capsys.readouterr().err
    results = pd.read_csv(tmp_path / "results.csv")
    assert {"bce", "ib"} <= set(results["method"])


def test_the_report_needs_neither_data_nor_cache(done, tmp_path, capsys):
    import shutil

    out, _ = done
    moved = tmp_path / "moved"
    shutil.copytree(out, moved)
    (moved / "table.md").unlink()
    assert main(["report", str(moved)]) == 0
    assert (moved / "table.md").read_bytes() == (out / "table.md").read_bytes()
    assert "written" in capsys.readouterr().out
    assert main(["report", str(tmp_path / "nowhere")]) == 2


def test_plan_shows_runs_stages_and_what_is_left_without_doing_it(tmp_path, capsys):
    assert main(["plan", *SMALL, *flags(tmp_path / "out", tmp_path / "cache")]) == 0
    shown = capsys.readouterr().out
    assert "runs: 8" in shown
    assert "22 to do" in shown  # per fold: 4 models and predictions, the lesions, 2 galleries
    assert not (tmp_path / "out").exists()


def test_why_names_what_differs(done, capsys):
    out, _ = done
    runs = sorted(path.name for path in (out / "runs").iterdir())
    ib = next(name for name in runs if name.startswith("ib-") and "fold_1" in name)
    db = next(name for name in runs if name.startswith("db-") and "fold_1" in name)
    assert main(["why", ib[:-4], db[:-4], f"--out={out}"]) == 0
    shown = capsys.readouterr().out
    assert 'fields.loss.component: "ltmlbench:bce" -> "ltmlbench:db"' in shown
    assert "split" not in shown
    assert main(["why", ib, ib, f"--out={out}"]) == 0
    assert "the same identity" in capsys.readouterr().out
    assert main(["why", "nothing", ib, f"--out={out}"]) == 2


def test_a_failed_run_is_recorded_the_others_go_on_and_only_it_is_tried_again(
    done, tmp_path, capsys
):
    _, cache = done
    wild = ["--methods=ib,db[kappa=1e300]", *SMALL[1:], *flags(tmp_path, cache)]
    for _ in range(2):
        assert main(["run", *wild]) == 1
        error = capsys.readouterr().err
        assert "6 stages to do" in error  # of the failing row alone: ib is stored
        assert "diverged" in error
    runs = [json.loads(p.read_text()) for p in (tmp_path / "runs").glob("*/run.json")]
    failed = [run for run in runs if run["status"] == "failed"]
    assert {run["method"] for run in failed} == {"db[kappa=1e300]"}
    assert "no longer finite" in failed[0]["failure"]["cause"]
    assert "Failed runs" in (tmp_path / "table.md").read_text()
    assert any(p.name == "traceback.txt" for p in tmp_path.glob("runs/*/*"))


def test_fresh_does_it_all_again_and_gets_the_same_numbers(done, tmp_path, capsys):
    out, cache = done
    assert main(["run", *SMALL, *flags(tmp_path, cache), "--fresh"]) == 0
    assert "22 stages to do" in capsys.readouterr().err
    assert (tmp_path / "results.csv").read_bytes() == (out / "results.csv").read_bytes()


def scores_of(out):
    return {p.parent.name: pd.read_parquet(p) for p in out.glob("runs/*/predictions.parquet")}


def test_several_jobs_give_the_same_scores_within_rounding(done, tmp_path):
    """A worker has one thread and this process has all: sums are added in another order."""
    several = [*SMALL, *flags(tmp_path / "out", tmp_path / "cache"), "--set=explanation=none"]
    assert main(["run", *several, "--jobs=2"]) == 0
    scores = [scores_of(done[0]), scores_of(tmp_path / "out")]
    assert set(scores[0]) == set(scores[1])
    assert len(scores[0]) == 8
    for name, frame in scores[0].items():
        pd.testing.assert_frame_equal(frame, scores[1][name], rtol=0, atol=1e-3)


def start(arguments):
    command = [sys.executable, "-m", "ltmlbench", "run", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_benchmark_goes_on_and_gives_the_same_table(done, tmp_path, stop, without_cost):
    out, _ = done
    given = [*SMALL, *flags(tmp_path / "out", tmp_path / "cache")]
    child = start(given)
    for line in child.stderr:
        if "[9/22]" in line:  # in the middle: some fits done, some not
            child.send_signal(stop)
            break
    rest = child.stderr.read()
    child.wait(60)
    child.stderr.close()
    if stop == signal.SIGINT:
        assert child.returncode == 130
        assert "goes on from here" in rest
        assert "Traceback" not in rest
    assert len(list((tmp_path / "out" / "runs").glob("*/predictions.parquet"))) < 8
    assert main(["run", *given]) == 0
    assert (tmp_path / "out/results.csv").read_bytes() == (out / "results.csv").read_bytes()
    assert without_cost(tmp_path / "out/table.md") == without_cost(out / "table.md")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--methods=focall"], "did you mean 'focal'"),
        (["run", "--methods=focal[gama=2]"], "did you mean 'gamma'"),
        (["run", "--dataset=odir5k"], "--data-dir"),
        (["run", "--dataset=odir5k", "--data-dir=/nowhere"], "/nowhere"),
        (["run", "--backbones=resnet5O"], "resnet50"),
        (["run", "--set", "lr"], "KEY=VALUE"),
        (["run", "--set", "augment.rotat=3"], "options: flip, rotate"),
        (["run", "--folds=900"], "900 folds"),
        (["run", "--folds=official"], "no official test part"),
        (["run", "--config=/nowhere.yaml"], "nowhere.yaml"),
        (["info", "focall"], "did you mean focal"),
        (["list", "los"], "did you mean 'loss'"),
        (["rum"], "did you mean 'run'"),
    ],
)
def test_wrong_requests_get_one_line_and_exit_code_2(
    arguments, message, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_plugin_of_ones_own_becomes_a_row(tmp_path):
    """What the README promises: a package with one hook, one class, one entry point."""
    package = tmp_path / "site"
    (package / "asl_plugin.py").parent.mkdir()
    (package / "asl_plugin.py").write_text(
        "from ltmlbench.plugin import Fit, Method, Record, hookimpl, load\n"
        "class Mine(Method):\n"
        "    def plan(self, task):\n"
        "        return Fit(loss=load('loss', 'focal[gamma=1]'), sampler=load('sampler', 'cb'),\n"
        "                   head=load('head', task.head))\n"
        "@hookimpl\n"
        "def ltmlbench_methods():\n"
        "    return [Record('mine', 'asl_plugin:Mine', 'my own method')]\n"
    )
    info = package / "asl_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: asl-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ltmlbench]\nasl = asl_plugin\n")
    command = [
        sys.executable,
        "-m",
        "ltmlbench",
        "run",
        "--methods=mine,asl-plugin:mine",
        *SMALL[1:],
        "--set=floors=none",
        "--set=explanation=none",
    ]
    paths = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
    run = subprocess.run(
        [*command, *flags(tmp_path / "out", tmp_path / "cache")],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert run.returncode == 0, run.stderr
    assert "mine" in run.stdout
