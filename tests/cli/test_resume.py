"""A benchmark that was stopped, damaged or found no room goes on, to the same last digit."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ltmlbench.cli import main
from ltmlbench.hooks import hookimpl
from ltmlbench.registry import registry

SMALL = [
    "--methods=ib,focal",
    "--backbones=test_resnet[weights=random]",
    "--image-size=32",
    "--folds=2",
    "--epochs=2",
    "--limit=60",
    "--set=explanation=none",
    "--set=floors=none",
    "--set=precision=float32",
]


VECTORS = ["--methods=ib", "--dataset=table", "--backbones=mlp[width=16]", *SMALL[3:5]]
"""What worker processes train in a second: they need no library of networks for pictures."""


@pytest.fixture
def table(tmp_path):
    """60 rows of two labels and three features."""
    rng = np.random.default_rng(0)
    Y = (rng.random((60, 2)) < [0.5, 0.3]).astype(int)
    X = np.hstack([Y, np.zeros((60, 1))]) + rng.normal(size=(60, 3))
    columns = {f"x{c}": X[:, c] for c in range(3)} | {name: Y[:, c] for c, name in enumerate("ab")}
    pd.DataFrame(columns).to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def flags(out, cache):
    return [f"--out={out}", f"--cache-dir={cache}"]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    root = tmp_path_factory.mktemp("done")
    assert main(["run", *SMALL, *flags(root / "out", root / "cache")]) == 0
    return root


@pytest.fixture
def copied(done, tmp_path):
    """A finished benchmark of one's own to damage: its out and cache, files linked as they were."""
    subprocess.run(["cp", "-a", f"{done}/.", str(tmp_path)], check=True)
    return tmp_path / "out", tmp_path / "cache"


@pytest.mark.parametrize("damage", ["changed", "deleted", "a folder"])
def test_damaged_files_of_a_finished_run_are_made_again(copied, damage, capsys):
    """One of each kind, every one of another training."""
    out, cache = copied
    table = (out / "results.csv").read_bytes()
    fits = sorted(path.parent for path in cache.glob("artifacts/*/*/model.safetensors"))
    files = ("model.safetensors", "history.csv", "network.json")
    for folder, file in zip(fits[:3], files, strict=True):
        path = folder / file
        whole = path.read_bytes()
        path.unlink()
        if damage == "changed":
            path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        elif damage == "a folder":
            path.mkdir()
    assert main(["run", *SMALL, *flags(out, cache)]) == 0
    error = capsys.readouterr().err
    assert "3 stages to do" in error
    assert error.count("making it again") == 3
    assert all(file in error for file in files)
    assert (out / "results.csv").read_bytes() == table
    assert main(["run", *SMALL, *flags(out, cache)]) == 0
    assert "everything is stored already" in capsys.readouterr().err


def test_the_record_says_where_a_run_was_trained_not_where_it_was_recorded(copied, monkeypatch):
    out, cache = copied
    monkeypatch.setattr("ltmlbench.environment._processor", lambda: "another machine")
    assert main(["run", *SMALL, *flags(out / "again", cache)]) == 0
    records = [json.loads(p.read_text()) for p in (out / "again" / "runs").glob("*/run.json")]
    assert len(records) == 4
    for record in records:
        assert record["environment"]["processor"] != "another machine"
        assert record["environment"]["threads"] >= 1
        assert record["environment"]["numpy"]


def test_an_older_artifact_without_environment_says_unknown(copied):
    out, cache = copied
    for path in cache.glob("artifacts/*/*/artifact.json"):
        manifest = json.loads(path.read_text())
        for key in ("environment", "origin", "states", "seal"):
            manifest.pop(key, None)
        path.write_text(json.dumps(manifest))
    assert main(["run", *SMALL, *flags(out, cache)]) == 0
    for path in (out / "runs").glob("*/run.json"):
        record = json.loads(path.read_text())
        assert "environment" not in record, "it is not known, and nobody else's stands in its place"


class StopAfter:
    """Ctrl-C when a stage of a title has ended."""

    def __init__(self, word):
        self.word = word

    @hookimpl
    def ltmlbench_stage_finished(self, stage, title, seconds):
        if title.startswith(self.word):
            raise KeyboardInterrupt


def test_stopped_and_resumed_under_jobs_auto_gives_the_same_table_byte_for_byte(
    table, tmp_path, monkeypatch, without_cost
):
    """What is left is less than is worth processes; the whole is not. Threads change digits."""
    monkeypatch.setattr("ltmlbench.api.WORTH_PROCESSES", 90)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    given = [*VECTORS, f"--data-dir={table}"]
    assert main(["run", *given, *flags(tmp_path / "whole", tmp_path / "cache 1")]) == 0
    registry().observe(StopAfter("fit"), "stop")
    try:
        assert main(["run", *given, *flags(tmp_path / "out", tmp_path / "cache 2")]) == 130
    finally:
        registry().manager.unregister(name="stop")
    assert main(["run", *given, *flags(tmp_path / "out", tmp_path / "cache 2")]) == 0
    whole, stopped = (tmp_path / name for name in ("whole", "out"))
    assert (stopped / "results.csv").read_bytes() == (whole / "results.csv").read_bytes()
    assert without_cost(stopped / "table.md") == without_cost(whole / "table.md")
    threads = {
        json.loads(path.read_text())["environment"]["threads"]
        for path in tmp_path.glob("*/runs/*/run.json")
    }
    assert threads == {1}


def test_a_full_disk_under_out_loses_nothing_and_the_same_command_goes_on(
    done, tmp_path, monkeypatch, capsys
):
    import ltmlbench.store

    out, sync = tmp_path / "out", os.fsync
    full = {"since": None}

    def fsync(descriptor):
        name = os.readlink(f"/proc/self/fd/{descriptor}")
        if "/out/runs/" in name and "/focal-" in name:
            full["since"] = name
            raise OSError(28, "No space left on device", name)
        sync(descriptor)

    cache = tmp_path / "cache"
    with monkeypatch.context() as patched:
        patched.setattr(ltmlbench.store.os, "fsync", fsync)
        assert main(["run", *SMALL, *flags(out, cache)]) == 1
    error = capsys.readouterr().err
    assert full["since"]
    assert "No space left on device" in error
    assert "Traceback" not in error
    assert not list(tmp_path.rglob(".*.tmp"))
    assert len(list(out.glob("runs/ib-*/run.json"))) == 2
    assert not list(out.glob("runs/focal-*/run.json"))
    assert main(["run", *SMALL, *flags(out, cache)]) == 0
    assert "everything is stored already" in capsys.readouterr().err
    assert (out / "results.csv").read_bytes() == (done / "out" / "results.csv").read_bytes()


def test_the_traceback_of_a_run_that_failed_goes_when_it_succeeds(done, tmp_path, monkeypatch):
    given = [*SMALL, *flags(tmp_path / "out", tmp_path / "cache")]

    def broken(*_, **__):
        raise ZeroDivisionError("division by zero")

    with monkeypatch.context() as patched:
        patched.setattr("ltmlbench.training.loop.train", broken)
        assert main(["run", *given]) == 1
    records = [json.loads(p.read_text()) for p in tmp_path.glob("out/runs/*/run.json")]
    assert {r["failure"]["cause"] for r in records} == {"ZeroDivisionError: division by zero"}
    assert list(tmp_path.glob("out/runs/*/traceback.txt"))
    assert main(["run", *given]) == 0
    assert not list(tmp_path.glob("out/runs/*/traceback.txt"))


def test_one_sample_per_step_is_explained(tmp_path, capsys):
    given = [*SMALL[1:], "--methods=focal", "--batch-size=1"]
    assert main(["run", *given, *flags(tmp_path / "out", tmp_path / "cache")]) == 1
    assert "batch normalisation on 1×1 maps needs 2 samples per step" in capsys.readouterr().err


def test_fresh_decodes_again_and_does_rows_alone_or_everything(copied, capsys):
    out, cache = copied
    table = (out / "results.csv").read_bytes()
    for rows, stages in ((["focal"], 4), ([], 8)):
        (decoded,) = cache.glob("artifacts/*/*/pixels.npy")
        before = decoded.stat().st_ctime_ns
        assert main(["run", *SMALL, *flags(out, cache), "--fresh", *rows]) == 0
        assert f"{stages} stages to do" in capsys.readouterr().err
        assert decoded.stat().st_ctime_ns > before
        assert (out / "results.csv").read_bytes() == table
    assert main(["run", *SMALL, *flags(out, cache), "--fresh", "fokal"]) == 2
    assert "did you mean 'focal'" in capsys.readouterr().err


def test_a_script_without_a_main_guard_runs_in_several_processes(table, tmp_path):
    settings = {
        "methods": ["ib"],
        "dataset": "table",
        "data_dir": str(table),
        "backbones": ["mlp[width=16]"],
        "folds": 2,
        "epochs": 1,
        "jobs": 2,
        "out": str(tmp_path / "out"),
        "cache_dir": str(tmp_path / "cache"),
    }
    script = tmp_path / "script.py"
    script.write_text(
        f"print('begun')\nimport ltmlbench\nprint(ltmlbench.run({settings!r}).about.failures)\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=200)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["begun", "{}"]


def start(arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "ltmlbench", "run", *arguments],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_at_random_moments_again_and_again_it_ends_with_the_same_table(tmp_path, jobs):
    """20 kills for each; of the parent alone, which has to take its workers along."""
    import random

    rng, kills = random.Random(jobs), 0
    given = [*SMALL, f"--jobs={jobs}"]
    assert main(["run", *given, *flags(tmp_path / "whole", tmp_path / "cache")]) == 0
    wanted = (tmp_path / "whole" / "results.csv").read_bytes()
    for attempt in range(100):
        where = flags(tmp_path / f"out {attempt}", tmp_path / f"cache {attempt}")
        while kills < 20:
            child = start([*given, *where])
            try:
                child.wait(rng.uniform(2, 14))
                break
            except subprocess.TimeoutExpired:
                child.send_signal(rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGHUP]))
                child.wait(60)
                kills += 1
        assert main(["run", *given, *where]) == 0
        assert (tmp_path / f"out {attempt}" / "results.csv").read_bytes() == wanted
        if kills == 20:
            break
    assert kills == 20
    time.sleep(2)
    mine = str(tmp_path)
    left = [p for p in Path("/proc").glob("[0-9]*/cmdline") if mine in _text(p)]
    assert left == []


def _text(path):
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""
