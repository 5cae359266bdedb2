"""Folders of several machines become one, and what differs between them is told."""

import numpy as np
import pandas as pd
import pytest

from ltmlbench.errors import DataError, RequestError
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.merge import merge


@pytest.fixture
def two(tmp_path, make_folder):
    return make_folder(tmp_path / "one"), make_folder(tmp_path / "two")


def merged(two, tmp_path):
    return merge([folder.root for folder in two], tmp_path / "both")


def test_rows_of_two_machines_stand_in_one_table(two, make_run, tmp_path):
    two[0].command(make_run("ib", "fold 1"), make_run("ib", "fold 2"))
    two[1].command(make_run("db", "fold 1"))
    found = merged(two, tmp_path)
    assert found.runs == 3
    benchmark = found.folder.benchmark()
    assert benchmark.runs == (
        "ib-net-fold_1-s0-abcd", "ib-net-fold_2-s0-abcd", "db-net-fold_1-s0-abcd",
    )  # fmt: skip
    assert set(benchmark.splits) == {"fold 1", "fold 2"}
    assert "merged from one, two" in benchmark.notes
    assert found.account == ()
    assert sorted(two[0].out.run_names()) == ["ib-net-fold_1-s0-abcd", "ib-net-fold_2-s0-abcd"]


def test_versions_machines_and_threads_are_told_where_they_differ(two, make_run, tmp_path):
    machine = {"torch": "2.8.0", "threads": 2, "python": "3.11.2"}
    two[0].command(make_run("ib", "fold 1", environment=machine))
    other = {**machine, "torch": "2.9.1", "threads": 8}
    two[1].command(
        make_run("db", "fold 1", environment=other), make_run("db", "fold 2", environment=other)
    )
    assert merged(two, tmp_path).account == (
        "threads: 2 (1 run of one); 8 (2 runs of two)",
        "torch: 2.8.0 (1 run of one); 2.9.1 (2 runs of two)",
    )


def test_a_run_of_both_that_is_equal_to_the_last_digit_is_said_to_be(two, make_run, tmp_path):
    for folder in two:
        folder.command(make_run("ib", "fold 1"))
    assert merged(two, tmp_path).account == (
        "1 run lies in both one and two, equal to the last digit",
    )


def test_a_run_of_both_that_differs_is_told_by_how_much_and_the_first_is_kept(
    two, make_run, tmp_path
):
    for folder in two:
        folder.command(make_run("ib", "fold 1"))
    path = two[1].out.run_folder("ib-net-fold_1-s0-abcd") / "predictions.parquet"
    frame = pd.read_parquet(path)
    frame.loc[3, "p:b"] += 2**-20
    frame.to_parquet(path)
    found = merged(two, tmp_path)
    assert found.account == (
        "ib-net-fold_1-s0-abcd: scores of one and two differ by up to 9.5e-07; that of one is kept",
    )
    kept, first = (
        f.predictions("ib-net-fold_1-s0-abcd", ("a", "b", "c"), "test")
        for f in (found.folder, two[0].out)
    )
    np.testing.assert_array_equal(kept.scores, first.scores)


def test_a_run_that_failed_here_is_taken_from_where_it_is_done(two, make_run, tmp_path):
    two[0].command(make_run("ib", "fold 1", status="failed"))
    two[1].command(make_run("ib", "fold 1"))
    found = merged(two, tmp_path)
    assert found.folder.run("ib-net-fold_1-s0-abcd").done
    assert found.account == ()


def test_two_identities_of_one_place_are_told(two, make_run, tmp_path):
    two[0].command(make_run("ib", "fold 1"))
    two[1].command(make_run("ib", "fold 1", end="9999"))
    (name,) = two[1].out.run_names()
    two[1].out.write_run(two[1].out.run(name), preimage={"fields": {"loss": "bce2"}, "seed": 0})
    (line,) = merged(two, tmp_path).account
    assert line == (
        'ib, fold 1, seed 0 was made in one and two from different work (fields.loss: "ib" -> '
        '"bce2"): the one recorded last is counted'
    )


def test_other_data_or_schedules_make_no_one_table(two, make_run, setting, tmp_path):
    longer = {**setting, "schedule": {"epochs": 9, "lr": 0.001}}
    two[0].command(make_run("ib", "fold 1"))
    two[1].command(make_run("db", "fold 1", setting=longer), setting=longer)
    with pytest.raises(RequestError, match=r"one and two make no one table.*schedule.epochs: 8"):
        merged(two, tmp_path)
    assert not (tmp_path / "both").exists()


def test_splits_of_one_name_have_to_be_one(two, make_run, make_split, tmp_path):
    two[0].command(make_run("ib", "fold 1"))
    two[1].command(make_run("db", "fold 1", split=make_split("fold 1", mark="g")))
    with pytest.raises(RequestError, match=r"fold 1: f-fold 1 -> g-fold 1"):
        merged(two, tmp_path)


def test_what_is_there_is_never_written_into(two, make_run, tmp_path):
    for folder in two:
        folder.command(make_run("ib", "fold 1"))
    (tmp_path / "both").mkdir()
    with pytest.raises(RequestError, match="both exists"):
        merged(two, tmp_path)
    assert list((tmp_path / "both").iterdir()) == []


def test_a_folder_without_a_benchmark_is_named_and_nothing_is_written(two, make_run, tmp_path):
    two[0].command(make_run("ib", "fold 1"))
    with pytest.raises(DataError, match="two holds no benchmark"):
        merged(two, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_one_folder_twice_is_not_enough(two, make_run):
    two[0].command(make_run("ib", "fold 1"))
    with pytest.raises(RequestError, match="give two or more"):
        merge([two[0].root, two[0].root], two[0].root / "new")


def test_folders_of_one_name_are_told_apart(make_run, make_folder, tmp_path):
    folders = [make_folder(tmp_path / machine / "out") for machine in ("x", "y")]
    folders[0].command(make_run("ib", "fold 1"))
    folders[1].command(make_run("ib", "fold 1"))
    found = merge([folder.root for folder in folders], tmp_path / "both")
    assert found.account == ("1 run lies in both x/out and y/out, equal to the last digit",)


def test_the_configuration_asks_for_what_all_of_them_asked_for(two, make_run, tmp_path):
    from ltmlbench.config import dump_config, make_config, read_config

    for folder, methods, seeds in zip(two, ("ib,focal", "db,ib"), ((0,), (0, 1)), strict=True):
        folder.command(make_run("ib", "fold 1"))
        config = make_config({"methods": methods, "seeds": seeds, "out": str(folder.root)})
        folder.out.write_config(dump_config(config), "")
    merged(two, tmp_path)
    config = make_config(read_config(tmp_path / "both" / "config.yaml"))
    assert config.methods == ("ib", "focal", "db")
    assert config.seeds == (0, 1)
    assert config.out == tmp_path / "both"


def test_a_damaged_run_is_left_out_and_named(two, make_run, tmp_path):
    for folder, name in zip(two, ("ib", "db"), strict=True):
        folder.command(make_run(name, "fold 1"))
    (two[1].out.run_folder("db-net-fold_1-s0-abcd") / "run.json").write_text("{")
    found = merged(two, tmp_path)
    assert len(found.damaged) == 1
    assert found.damaged[0].startswith("two: db-net-fold_1-s0-abcd: run.json")
    assert OutFolder(tmp_path / "both").run_names() == ["ib-net-fold_1-s0-abcd"]


def test_what_all_of_them_used_is_noted_and_else_nothing_is_claimed(two, make_run, tmp_path):
    for folder, name in zip(two, ("ib", "db"), strict=True):
        folder.command(make_run(name, "fold 1"))
        folder.out.note_uses([name, "samples"])
    assert merged(two, tmp_path).folder.uses() == ["db", "ib", "samples"]
    (two[1].root / "uses.json").unlink()
    again = merge([folder.root for folder in two], tmp_path / "again")
    assert again.folder.uses() is None


def test_runs_that_stand_in_no_table_are_told_and_left(two, make_run, setting, tmp_path):
    longer = {**setting, "schedule": {"epochs": 9, "lr": 0.001}}
    two[0].add(make_run("old", "fold 1", setting=longer))
    two[0].command(make_run("ib", "fold 1"))
    two[1].command(make_run("db", "fold 1"))
    found = merged(two, tmp_path)
    assert found.account == ("1 run of one is not of its table and is left there",)
    assert found.runs == 2
