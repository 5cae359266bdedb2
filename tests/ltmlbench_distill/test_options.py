"""Every option of `ours` on tiny data: it plans, it trains, and it changes what it says."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from ltmlbench import load
from ltmlbench.data.samples import Protocol
from ltmlbench.errors import RequestError
from ltmlbench.grid import Row, build_grid
from ltmlbench.stages import read_examples
from ltmlbench.store import Store
from ltmlbench.testing import bars, made, task_of, vectors, work_for
from ltmlbench_distill.report import TeacherReport, verdict
from ltmlbench_distill.stages import RestExamples

SHARES = (0.5, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2)


@pytest.fixture(scope="module")
def task():
    samples = replace(vectors(n=120, shares=SHARES), protocol=Protocol(apart=("a",)))
    return task_of(samples)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


def planned(text, task):
    return load("method", text).suited(task).plan(task)


def scores(text, task, store):
    stage = planned(text, task)
    folder = made(stage, task, store)
    work = work_for(stage, task, store, folder)
    return stage.scores(work, folder, task.split.test)


ABLATIONS = [
    "mixing=block",
    "kd_weight=uniform",
    "subsets=random",
    "teachers=none",
    "alpha=0.2",
    "rest=teacher",
    "teacher_epochs=4",
    "teacher_epoch=data",
    "teacher_prior=raw",
]


@pytest.mark.parametrize("option", ABLATIONS)
def test_every_option_trains_and_gives_other_scores(option, task, store):
    mine, plain = scores(f"ours[{option}]", task, store), scores("ours", task, store)
    assert mine.shape == plain.shape == (len(task.split.test), 7)
    assert not np.allclose(mine, plain), "an option that changes nothing is none"


def test_pictures_without_pretraining_train_and_differ(tmp_path):
    pictures = task_of(bars(n=48))
    plain = scores("ours[pretrain=none]", pictures, Store(tmp_path))
    assert ((plain > 0) & (plain < 1)).all()
    for option in ("attention=none", "views=0", "views=2"):
        mine = scores(f"ours[pretrain=none,{option}]", pictures, Store(tmp_path))
        assert not np.array_equal(mine, plain), option


def test_focal_against_the_labels_shares_the_teachers(task):
    assert planned("ours+focal", task).teaching == planned("ours", task).teaching


def test_the_rest_has_a_teacher_of_its_own_on_all_rows(task, store):
    stage = planned("ours[rest=teacher]", task)
    rest = stage.teaching[-1].teacher.examples
    assert isinstance(rest, RestExamples)
    rows, columns = read_examples(made(rest, task, store))
    assert [task.labels.names[c] for c in columns] == ["a"]
    assert rows.tolist() == list(range(len(task.split.train)))
    assert stage.teaching[:-1] == planned("ours", task).teaching
    everything = replace(task, samples=replace(task.samples, protocol=Protocol()))
    with pytest.raises(RequestError, match="every label is in a subset"):
        planned("ours[rest=teacher]", everything)


def test_teachers_have_a_length_of_their_own_and_the_student_that_of_the_benchmark(task):
    stage = planned("ours[teacher_epochs=5,teacher_keep=best]", task)
    assert {said.teacher.schedule.epochs for said in stage.teaching} == {5}
    assert {said.teacher.keep for said in stage.teaching} == {"best"}
    assert stage.schedule is None
    assert stage.keep is None
    longer = replace(task, schedule=task.schedule.model_copy(update={"epochs": 10}))
    taught = planned("ours", longer).teaching
    assert {said.teacher.schedule.epochs for said in taught} == {8}, "three quarters, rounded up"


def test_the_best_epoch_of_a_teacher_needs_validation_rows_before_anything_is_trained(task):
    bare = replace(task, split=replace(task.split, val=np.empty(0, dtype=np.int64)))
    with pytest.raises(RequestError, match=r"teacher_keep=best .* set validation above 0"):
        planned("ours[teacher_keep=best]", bare)


class TestTeacherReport:
    def laid_out(self, task, *names):
        rows = [Row(name, load("method", name).suited(task)) for name in names]
        grid = build_grid(rows, [(task.backbone, task.numerics)], [task])
        return [node.stage for node in grid.nodes.values() if isinstance(node.stage, TeacherReport)]

    def test_it_comes_with_the_row_it_compares_with_and_trains_nothing(self, task):
        assert self.laid_out(task, "ours") == []
        (report,) = self.laid_out(task, "ours", "ib")
        assert report.plain == load("method", "ib").plan(task)
        assert len(self.laid_out(task, "ours", "ours+focal", "ib")) == 1, "of the same teachers"

    def test_its_numbers_are_those_of_scikit_learn_on_the_validation_rows(self, task, store):
        (report,) = self.laid_out(task, "ours", "ib")
        folder = made(report, task, store)
        table = pd.read_csv(folder / "teachers.csv").set_index("label")
        assert sorted(table.index) == ["b", "c", "d", "e", "f", "g"]
        rows = task.split.val
        truth = task.samples.labels.take(rows).dense
        plain_folder = made(report.plain, task, store)
        work = work_for(report.plain, task, store, plain_folder)
        plain = report.plain.scores(work, plain_folder, rows)
        for label, line in table.iterrows():
            c = task.labels.names.index(label)
            assert line["positives"] == truth[:, c].sum()
            expected = average_precision_score(truth[:, c], plain[:, c])
            assert line["ap_plain"] == pytest.approx(expected)
            assert line["auc_plain"] == pytest.approx(roc_auc_score(truth[:, c], plain[:, c]))
            teacher = report.teachers[int(line["teacher"])]
            _, columns = read_examples(made(teacher.examples, task, store))
            said = teacher.scores(work, made(teacher, task, store), rows)
            mine = said[:, columns.tolist().index(c)]
            expected = average_precision_score(truth[:, c], mine)
            assert line["ap_teacher"] == pytest.approx(expected)

    def test_a_worse_teacher_is_named_with_by_how_much(self, tmp_path):
        lines = [
            {"label": "a", "ap_teacher": 0.5, "ap_plain": 0.7, "positives": 9},
            {"label": "b", "ap_teacher": 0.9, "ap_plain": 0.6, "positives": 3},
            {"label": "c", "ap_teacher": np.nan, "ap_plain": np.nan, "positives": 0},
        ]
        found = verdict(lines) | {"rows": 40}
        (tmp_path / "verdict.json").write_text(json.dumps(found))
        stage = TeacherReport.model_construct()
        assert stage.summary(tmp_path) == (
            "average precision on 40 validation rows, teacher minus plain network "
            "(positives): better on b +0.300 (3); worse on a -0.200 (9); not measured: c"
        )
