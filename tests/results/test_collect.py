"""Which runs make one table: those of one setting, each counted once, rows told apart."""

import pytest

from ltmlbench.results.collect import collect

FOLDS = ("fold 1 of 2", "fold 2 of 2")


@pytest.fixture
def runs_of(make_run):
    def make(method, **more):
        return [make_run(method, fold, **more) for fold in FOLDS]

    return make


def found(folder, record):
    return collect(folder.out, record)


def rows(collected):
    return list(dict.fromkeys((run.method, run.backbone) for run in collected.runs))


def test_rows_of_an_earlier_command_of_the_same_setting_stay(folder, runs_of):
    folder.command(*runs_of("ib"))
    record = folder.command(*runs_of("focal"))
    collected = found(folder, record)
    assert rows(collected) == [("focal", "net"), ("ib", "net")]
    assert len(collected.benchmark.runs) == 4
    assert not collected.others


def test_another_seed_of_a_row_joins_it(folder, runs_of):
    folder.command(*runs_of("ib"))
    record = folder.command(*runs_of("ib", seed=1, end="ef"))
    collected = found(folder, record)
    assert rows(collected) == [("ib", "net")]
    assert sorted(run.seed for run in collected.runs) == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schedule": {"epochs": 9, "lr": 0.001}}, "schedule.epochs: 9 -> 8"),
        ({"data": {"samples": "t" * 64, "pixels": "p"}}, "other samples"),
        ({"data": {"samples": "s" * 64, "pixels": "q"}}, 'data.pixels: "q" -> "p"'),
    ],
)
def test_rows_of_another_setting_leave_the_table_and_it_is_said_why(
    folder, runs_of, setting, change, why
):
    folder.command(*runs_of("ib", setting={**setting, **change}))
    record = folder.command(*runs_of("focal"))
    collected = found(folder, record)
    assert rows(collected) == [("focal", "net")]
    assert len(collected.others) == 2
    assert why in collected.others_line
    assert "their folders stay" in collected.others_line


def test_rows_of_other_splits_leave_the_table(folder, runs_of, make_run, make_split):
    folder.command(make_run("ib", "fold 1 of 3"), *runs_of("cb", split=make_split("x", "other")))
    collected = found(folder, folder.command(*runs_of("focal")))
    assert rows(collected) == [("focal", "net")]
    assert "fold 1 of 3 is not a split of this table" in collected.others_line


def test_a_run_that_was_made_again_counts_once(folder, runs_of):
    old = runs_of("ib", end="old")
    folder.command(*old)
    record = folder.command(*runs_of("ib", end="new"))
    collected = found(folder, record)
    assert all(run.id.endswith("new") for run in collected.runs)
    assert len(collected.runs) == 2
    assert not collected.others


def test_of_two_earlier_makings_of_a_run_the_later_counts(folder, runs_of):
    folder.add(*runs_of("ib", end="b", recorded="2026-01-01T00:00:00Z"))
    folder.add(*runs_of("ib", end="a", recorded="2026-01-02T00:00:00Z"))
    collected = found(folder, folder.command(*runs_of("focal")))
    assert [run.id[-1] for run in collected.runs if run.method == "ib"] == ["a", "a"]


def test_a_row_that_only_failed_before_is_not_dragged_along(folder, runs_of):
    folder.command(*runs_of("bad", status="failed"))
    collected = found(folder, folder.command(*runs_of("focal")))
    assert rows(collected) == [("focal", "net")]
    first, second = runs_of("half")
    folder.add(first, second.model_copy(update={"status": "failed"}))
    collected = found(folder, folder.command(*runs_of("focal")))
    assert [run.status for run in collected.runs if run.method == "half"] == ["done", "failed"]


def test_rows_of_one_name_are_told_apart_by_what_differs(folder, runs_of):
    one = runs_of("ib", row="1" * 64, options={"backbone": {"weights": "/a/w1.pth", "d": "x"}})
    two = runs_of(
        "ib", row="2" * 64, options={"backbone": {"weights": "/a/w2.pth", "d": "y"}}, end="two"
    )
    folder.command(*one)
    assert rows(found(folder, folder.command(*two))) == [
        ("ib", "net[weights=w2.pth]"),
        ("ib", "net[weights=w1.pth]"),
    ]


def test_rows_that_differ_in_a_version_alone_are_told_apart_by_their_identity(folder, runs_of):
    folder.command(*runs_of("ib", row="1" * 64))
    record = folder.command(*runs_of("ib", row="2" * 64, end="two"))
    assert rows(found(folder, record)) == [("ib", "net[row=22222222]"), ("ib", "net[row=11111111]")]


def test_a_row_has_one_name_whatever_earlier_commands_called_it(folder, runs_of):
    folder.command(*runs_of("ib", backbone="net[weights=w1.pth]", row="r"))
    record = folder.command(*runs_of("ib", row="r", seed=1))
    collected = found(folder, record)
    assert rows(collected) == [("ib", "net")]
    assert len(collected.runs) == 4


def test_damaged_runs_are_named_and_the_others_are_there(folder, runs_of):
    ib, focal = runs_of("ib"), runs_of("focal")
    record = folder.command(*ib, *focal)
    path = folder.out.run_folder(ib[0].id) / "run.json"
    path.write_text(path.read_text()[:100])
    (folder.out.run_folder(ib[1].id) / "run.json").unlink()
    collected = found(folder, record)
    assert rows(collected) == [("focal", "net")]
    assert set(collected.damaged) == {ib[0].id, ib[1].id}
    assert "run.json" in collected.damaged[ib[0].id]
    assert collected.damaged[ib[1].id] == "run.json is missing"


def test_a_run_whose_folder_is_still_being_written_is_not_run_yet(folder, runs_of):
    record = folder.command(*runs_of("ib"), runs=["ib-later", *(r.id for r in runs_of("ib"))])
    (folder.out.runs_folder / "ib-later").mkdir()
    (folder.out.runs_folder / "stranger").mkdir()
    collected = found(folder, record)
    assert not collected.damaged
    assert "ib-later" in collected.benchmark.runs


def test_a_run_json_under_another_name_is_not_taken_for_that_run(folder, runs_of):
    record = folder.command(*runs_of("ib"))
    moved = folder.out.runs_folder / "elsewhere"
    folder.out.run_folder(record.runs[0]).rename(moved)
    collected = found(folder, record)
    assert "is that of" in collected.damaged["elsewhere"]
