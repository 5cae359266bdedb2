"""A report on an output folder: from what can be read, naming the rest, losing nothing."""

import errno
import os
import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from ltmlbench.cli import main
from ltmlbench.contracts import LabelMetric, Metric
from ltmlbench.data.samples import Protocol
from ltmlbench.errors import DataError
from ltmlbench.report.folder import report_on, write_report
from ltmlbench.results.collect import collect
from ltmlbench.results.records import CostRecord, ExplanationRecord
from ltmlbench.results.scores import Metrics, overall

FILES = ("results.csv", "summary.csv", "table.md", "report.html")
FOLDS = ("fold 1 of 2", "fold 2 of 2")


@pytest.fixture
def runs(make_run):
    return [make_run(method, fold) for fold in FOLDS for method in ("ib", "focal")]


@pytest.fixture
def record(folder, runs):
    return folder.command(*runs)


def contents(folder):
    return {name: (folder.root / name).read_bytes() for name in FILES}


def report_with(folder, record, **metrics):
    record = record.model_copy(update={"metrics": tuple(metrics), "chosen": True})
    return report_on(collect(folder.out, record), Metrics(metrics))


def test_the_numbers_are_those_of_the_stored_predictions(folder, record, runs):
    results = write_report(folder.root).results
    for run in runs:
        path = folder.out.run_folder(run.id) / "predictions.parquet"
        test = pd.read_parquet(path).query("part == 'test'")
        mine = results[(results["run"] == run.id) & (results["metric"] == "map")]
        value = mine[mine["label"] == "a"]["value"].item()
        assert value == pytest.approx(average_precision_score(test["y:a"], test["p:a"]))


def test_the_same_folder_gives_the_same_bytes(folder, record):
    write_report(folder.root)
    first = contents(folder)
    write_report(folder.root)
    assert contents(folder) == first


def test_an_earlier_command_keeps_its_rows_whatever_another_has_written_since(
    folder, make_run, record
):
    """Two commands at once: the second has made the folder its own when the first ends."""
    folder.command(make_run("cb", FOLDS[0]))
    report = report_on(collect(folder.out, record), Metrics.load(record.metrics))
    assert list(dict.fromkeys(report.results["method"])) == ["ib", "focal", "cb"]


@pytest.mark.parametrize("damage", ["cut", "missing", "other labels", "no test rows", "nan"])
def test_a_damaged_run_is_named_with_how_to_get_it_again(folder, record, runs, capsys, damage):
    path = folder.out.run_folder(runs[0].id) / "predictions.parquet"
    frame = pd.read_parquet(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif damage == "missing":
        path.unlink()
    elif damage == "other labels":
        frame.rename(columns={"p:a": "p:z"}).to_parquet(path)
    elif damage == "no test rows":
        frame.assign(part="val").to_parquet(path)
    else:
        frame.assign(**{"p:a": np.nan}).to_parquet(path)
    assert main(["report", str(folder.root)]) == 1
    said = capsys.readouterr()
    line = next(line for line in said.err.splitlines() if runs[0].id in line)
    assert "cannot be read" in line
    assert "ltmlbench run --config" in line
    assert "Traceback" not in said.err
    assert "3 of 4 runs done, 1 cannot be read." in said.out
    assert runs[0].id in (folder.root / "table.md").read_text()


def test_results_are_not_replaced_by_nothing(folder, record, capsys):
    write_report(folder.root)
    before = contents(folder)
    shutil.move(folder.root / "runs", folder.root / "elsewhere")
    assert main(["report", str(folder.root)]) == 2
    error = capsys.readouterr().err
    assert "left as they are" in error
    assert error.count("\n") == 1
    assert contents(folder) == before


def test_a_command_that_has_done_nothing_yet_may_replace_the_table_of_another_setting(
    folder, record, runs, setting
):
    write_report(folder.root)
    other = record.model_copy(update={"setting": {**setting, "head": "mlp"}, "runs": ("new",)})
    folder.out.write_benchmark(other)
    report = write_report(folder.root)
    assert report.results.empty
    assert "4 earlier runs" in report.about.notes[-1]


def test_a_full_disk_leaves_the_old_report_as_it_was(folder, record, make_run, monkeypatch):
    write_report(folder.root)
    before = contents(folder)
    folder.command(make_run("cb", FOLDS[0]))
    wrote = []

    def full(descriptor):
        wrote.append(descriptor)
        if len(wrote) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"No space left on device.*left as it was"):
        write_report(folder.root)
    assert contents(folder) == before
    assert not list(folder.root.glob(".*.tmp"))


def test_metrics_can_be_chosen_afterwards(folder, record, capsys):
    given = ["report", str(folder.root), "--metrics", "macro_f1[threshold=0.3],micro_f1"]
    assert main(given) == 0
    assert "macro_f1[threshold=0.3]" in capsys.readouterr().out
    results = pd.read_csv(folder.root / "results.csv")
    assert {"macro_f1[threshold=0.3]", "micro_f1"} <= set(results["metric"])
    assert "map" not in set(results["metric"])
    assert main(["report", str(folder.root), "--metrics=macro_f2"]) == 2
    assert "did you mean" in capsys.readouterr().err


GARBAGE = ["", "epoch", "epoch,val_map,train_loss\nx,y,z\n1,two,inf\n", "\0", "a,b\n1\n2,3,4\n"]


@pytest.mark.parametrize("text", GARBAGE)
def test_damaged_pictures_and_curves_harm_no_number(folder, make_run, text):
    files = ("gallery.png", "pointing.csv")
    run = make_run("ib", FOLDS[0], explanation=ExplanationRecord(files=files))
    folder.command(run)
    for name in (*files, "history.csv"):
        (folder.out.run_folder(run.id) / name).write_text(text)
    report = write_report(folder.root)
    assert len(report.results) > 0
    assert not report.about.damaged


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ("a", "b", "z")},
        {"labels": ("a", "a", "b")},
        {"protocol": Protocol(group_unit="patient", group_all=("nothing",))},
    ],
)
def test_a_benchmark_that_does_not_fit_its_runs_names_them(folder, record, capsys, change):
    folder.out.write_benchmark(record.model_copy(update=change))
    assert main(["report", str(folder.root)]) == 2
    error = capsys.readouterr().err
    assert "can be read" in error
    assert error.count("\n") == 1


class Odd(Metric):
    answer: object = None

    def __call__(self, Y, scores):
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class OddPerLabel(LabelMetric):
    def per_label(self, Y, scores):
        return np.zeros(7)


@pytest.mark.parametrize(
    "metric",
    [
        Odd(answer=ZeroDivisionError("no label")),
        Odd(answer=SystemExit(3)),
        Odd(answer=GeneratorExit()),
        Odd(answer="0.5"),
        Odd(answer=None),
        Odd(answer=[1, 2]),
        OddPerLabel(),
    ],
)
def test_a_metric_that_fails_is_a_column_without_a_number_and_one_line(
    folder, record, capsys, metric
):
    good = Metrics.load(["map"]).loaded["map"]
    report = report_with(folder, record, odd=metric, map=good)
    odd = report.results[report.results["metric"] == "odd"]
    assert len(odd) == 4
    assert odd["value"].isna().all()
    assert report.results[report.results["metric"] == "map"]["value"].notna().all()
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "metric 'odd' failed" in error
    assert "undefined" in (folder.root / "table.md").read_text()


def test_rows_that_saw_unequal_numbers_of_samples_are_named_under_the_table(
    folder, record, make_run
):
    def table(**seen):
        runs = [
            make_run(method, fold, cost=number and CostRecord(seconds=9, trained=number, scored=0))
            for method, number in seen.items()
            for fold in ("fold 1 of 2", "fold 2 of 2")
        ]
        report_on(collect(folder.out, folder.command(*runs)), Metrics.load(["map"]))
        return (folder.root / "table.md").read_text()

    assert "samples shown in training per run" not in table(ib=26, focal=26)
    said = "samples shown in training per run, teachers and pre-training included: ib 26, focal 3"
    assert said in table(ib=26, focal=3)
    assert "samples shown" not in table(ib=26, focal=None)  # of an earlier version


class Loss(Metric):
    higher_is_better = False

    def __call__(self, Y, scores):
        return float(np.mean((np.asarray(Y) - scores) ** 2))


def test_the_lowest_value_is_bold_where_lower_is_better(folder, record):
    report = report_with(folder, record, brier=Loss())
    means = report.results.groupby("method")["value"].mean()
    lines = (folder.root / "table.md").read_text().splitlines()
    bold = next(line for line in lines if line.startswith("| ") and "**" in line)
    assert bold.split("|")[1].strip() == means.idxmin()


class Tuned(Metric):
    """The share of scores above the largest validation score."""

    threshold: float = 0.0

    def tuned(self, Y_val, scores_val):
        assert np.shape(Y_val) == np.shape(scores_val) == (10, 3)
        return Tuned(threshold=float(np.max(scores_val)))

    def __call__(self, Y, scores):
        return float((np.asarray(scores) > self.threshold).mean())


def test_a_metric_may_be_tuned_on_the_validation_rows_of_its_run(folder, record, runs):
    results = report_with(folder, record, tuned=Tuned()).results.set_index("run")["value"]
    for run in runs:
        frame = pd.read_parquet(folder.out.run_folder(run.id) / "predictions.parquet")
        scores = frame[["p:a", "p:b", "p:c"]]
        most = scores[frame["part"] == "val"].to_numpy().max()
        want = (scores[frame["part"] == "test"].to_numpy() > most).mean()
        assert results[run.id] == pytest.approx(want)


def test_without_validation_rows_a_metric_is_used_as_it_is(folder, record, runs):
    for run in runs:
        path = folder.out.run_folder(run.id) / "predictions.parquet"
        pd.read_parquet(path).query("part == 'test'").to_parquet(path)
    assert (report_with(folder, record, tuned=Tuned()).results["value"] == 1).all()


def test_a_run_has_its_overall_scores_by_unit_and_metric():
    rows = [
        {"unit": "eye", "metric": "map", "label": "", "value": 0.5},
        {"unit": "eye", "metric": "map", "label": "a", "value": 0.1},
        {"unit": "eye", "metric": "auc", "label": "", "value": float("nan")},
    ]
    assert overall(rows) == {"eye": {"map": 0.5, "auc": None}}
