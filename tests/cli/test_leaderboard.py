"""``ltmlbench leaderboard``: rows of several folders."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from ltmlbench.cli import main

ROOT = Path(__file__).parents[2]
STORED = ROOT / "tests/historic/0.1.0"


@pytest.fixture
def out(tmp_path):
    shutil.copytree(STORED, tmp_path / "first")
    return tmp_path / "first"


def rows(capsys):
    return list(
        csv.DictReader(io.StringIO(capsys.readouterr().out.replace("\n\ntable", "\ntable")))
    )


def test_folders_of_other_data_stand_apart_and_nothing_is_mixed(out, capsys):
    reference = ROOT / "benchmarks/reference/2026-11-24-odir5k-lite0-96px"
    capsys.readouterr()
    assert main(["leaderboard", str(out), str(reference), "--metric", "map"]) == 0
    said = capsys.readouterr().out
    titles = [line for line in said.splitlines() if line.startswith("## ")]
    assert len(titles) == 2
    assert "| ib " in said
    assert "| –" in said  # what the reference did not keep


def test_the_best_mean_comes_first_with_versions_and_machine(out, capsys):
    for path in out.glob("runs/*/run.json"):
        record = json.loads(path.read_text())
        record["environment"] = {"torch": "2.9.9", "processor": "A chip × 4", "threads": 4}
        path.write_text(json.dumps(record))
    capsys.readouterr()
    main(["leaderboard", str(out), "--metric", "map", "--format", "csv"])
    found = rows(capsys)
    means = [float(row["map"].split(" ")[0]) for row in found]
    assert means == sorted(means, reverse=True)
    assert {row["versions"] for row in found} == {"torch 2.9.9"}
    assert {row["machine"] for row in found} == {"A chip × 4, 4 threads"}
    assert {row["n"] for row in found} == {"2"}


def test_folders_of_the_same_setting_share_a_table(out, tmp_path, capsys):
    path = out / "benchmark.json"
    record = json.loads(path.read_text()) | {"setting": {"schedule": 1}, "splits": {"fold 1": "a"}}
    path.write_text(json.dumps(record))
    for run in out.glob("runs/*/run.json"):
        run.write_text(json.dumps(json.loads(run.read_text()) | {"setting": {"schedule": 1}}))
    shutil.copytree(out, tmp_path / "second")
    capsys.readouterr()
    main(["leaderboard", str(out), str(tmp_path / "second"), "--format", "csv"])
    found = rows(capsys)
    assert {row["folder"] for row in found} == {"first", "second"}
    assert len({row["table"] for row in found}) == 1


def test_a_folder_named_twice_is_shown_once(out, capsys):
    capsys.readouterr()
    main(["leaderboard", str(out), str(out), "--format", "csv"])
    assert len(rows(capsys)) == 2


def test_a_folder_without_results_is_one_line(tmp_path, capsys):
    assert main(["leaderboard", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("ltmlbench: cannot read results")
