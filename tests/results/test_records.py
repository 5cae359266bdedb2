"""Records are typed: what is not one is refused in one line, and older ones are upgraded."""

import json
from pathlib import Path

import pytest

from ltmlbench.errors import DataError
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import SCHEMA, is_benchmark, read_benchmark, read_run, safe_name

HISTORIC = Path(__file__).parents[1] / "historic" / "0.1.0"


def test_a_record_comes_back_as_it_was_written(folder, make_run):
    run = make_run(
        "ib",
        "fold 1 of 2",
        metrics={"sample": {"map": 0.5, "macro_auc": None}},
        seconds={"fit": 1.5},
        environment={"torch": "2"},
    )
    folder.add(run)
    path = folder.out.run_folder(run.id) / "run.json"
    assert read_run(path) == run
    assert json.loads(path.read_text())["schema"] == SCHEMA
    record = folder.command(run)
    assert folder.out.benchmark() == record


def test_a_record_that_was_written_or_damaged_since_is_read_again(folder, make_run):
    """Another command may write into the folder meanwhile."""
    run = make_run("ib", "fold 1 of 2")
    folder.add(run)
    assert folder.out.run(run.id) == run
    later = run.model_copy(update={"seconds": {"fit": 2.5}})
    OutFolder(folder.root).write_run(later)
    assert folder.out.run(run.id) == later
    (folder.out.run_folder(run.id) / "run.json").write_text("{")
    with pytest.raises(DataError, match=r"run\.json"):
        folder.out.run(run.id)
    (folder.out.run_folder(run.id) / "run.json").unlink()
    with pytest.raises(DataError, match="missing"):
        folder.out.run(run.id)


def test_a_benchmark_without_runs_comes_back_too(folder):
    record = folder.command()
    assert folder.out.benchmark() == record


def test_records_of_version_1_are_upgraded():
    path = next((HISTORIC / "runs").glob("ib-*fold_1*")) / "run.json"
    old, new = json.loads(path.read_text()), read_run(path)
    assert new.seconds == {"fit": old["seconds_fit"], "predict": old["seconds_predict"]}
    assert new.split.fingerprint == old["split"]["fingerprint"]
    assert new.row == ""
    assert read_benchmark(HISTORIC / "benchmark.json").setting == {}


@pytest.mark.parametrize("content", ["", "{", "null", "[]", "3", '"x"', "[" * 100_000, "\0", "{}"])
def test_what_is_no_record_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "run.json"
    path.write_text(content)
    for read in (read_run, read_benchmark):
        with pytest.raises(DataError, match=r"run\.json") as error:
            read(path)
        assert "\n" not in str(error.value)
    assert not is_benchmark(path)


def test_a_missing_or_wrong_key_is_named(folder, make_run):
    record = folder.command(make_run("ib", "fold 1 of 2"))
    path = folder.root / "benchmark.json"
    content = record.json_form()
    for key, value in {"labels": [], "counts": ["x", 1, 2], "shots": ["head"], "runs": 3}.items():
        path.write_text(json.dumps({**content, key: value}))
        with pytest.raises(DataError, match=r"benchmark\.json") as error:
            folder.out.benchmark()
        assert str(error.value).count("\n") == 0
    del content["protocol"]
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="protocol"):
        folder.out.benchmark()


def test_a_record_of_a_newer_version_says_what_to_do(folder, make_run):
    content = folder.command(make_run("ib", "fold 1 of 2")).json_form()
    (folder.root / "benchmark.json").write_text(json.dumps({**content, "schema": SCHEMA + 1}))
    with pytest.raises(DataError, match="upgrade ltmlbench"):
        folder.out.benchmark()


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "../../etc", "a\\b", "a\0b", "x" * 256])
def test_names_that_lead_out_of_the_folder_are_refused(folder, make_run, name):
    with pytest.raises(ValueError, match="no name"):
        safe_name(name)
    content = folder.command(make_run("ib", "fold 1 of 2")).json_form()
    for key in ("runs", "stages"):
        (folder.root / "benchmark.json").write_text(json.dumps({**content, key: [name]}))
        with pytest.raises(DataError, match="no name of a run"):
            folder.out.benchmark()
