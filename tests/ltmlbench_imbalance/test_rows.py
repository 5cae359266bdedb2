"""Every row trains on a tiny data set, and rows share what they have in common."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ltmlbench import LabelMatrix, load
from ltmlbench.fit import Fit
from ltmlbench.registry import components
from ltmlbench.store import Store
from ltmlbench.testing import bars, made, task_of, vectors, work_for

ROWS = ["asl", "ral", "hill", "splc", "cb-focal", "ldam-drw", "la", "two-way", "zlpr", "rfs",
        "crt", "probe", "ema", "two-samplers", "calibrated[base=cb,by=prior]"]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


@pytest.mark.parametrize("name", ROWS)
def test_it_trains_and_scores(name, store, tmp_path):
    task = task_of(vectors(90))
    model = load("method", name).plan(task)
    scores = model.scores(
        work_for(model, task, store, tmp_path), made(model, task, store), task.split.test
    )
    assert scores.shape == (len(task.split.test), 3)
    assert np.isfinite(scores).all()
    assert ((scores >= 0) & (scores <= 1)).all()


def test_no_row_is_forgotten_here():
    tried = {name.partition("[")[0] for name in ROWS}
    known = {record.name for record in components("method")}
    elsewhere = {"ib", "cb", "bce", "focal", "db", "all-negative", "majority", "ours", "ours+focal",
                 "rskd"}  # fmt: skip
    assert tried <= known
    assert {n for n in known - elsewhere if "ltmlbench_imbalance" in target_of(n)} == tried


def target_of(name):
    return next(r.target for r in components("method") if r.name == name)


def test_crt_and_ib_share_their_first_training():
    task = task_of(vectors(90))
    ib, crt = (load("method", name).plan(task) for name in ("ib", "crt"))
    assert isinstance(crt, Fit)
    assert crt.init.init.identity(task) == ib.identity(task)
    assert crt.trains == "head"


def test_retraining_otherwise_looks_at_no_sample_again():
    task = task_of(vectors(90))
    first, *others = (
        load("method", f"crt[{options}]").plan(task)
        for options in ("views=2", "views=2,sampler=rfs", "views=2,epochs=9")
    )
    assert {other.init.identity(task) for other in others} == {first.init.identity(task)}
    assert len({plan.identity(task) for plan in (first, *others)}) == 3


def test_a_probe_leaves_the_weights_of_the_backbone_as_they_are(store):
    task = task_of(bars(36))
    plan = load("method", "probe").plan(replace(task, head="csra"))
    assert plan.head == load("head", "linear"), "a linear probe, whatever the others have"
    trained = load_file(made(plan, task, store) / "model.safetensors")
    start = task.backbone.build((3, 32, 32)).state_dict()
    means = "running_mean"
    assert any(means in name for name in start)
    assert all(torch.equal(trained[f"trunk.{n}"], v) for n, v in start.items() if means in n)
    assert trained["head.3.bias"].abs().max() > 0


def test_an_average_that_keeps_nothing_is_the_row_without_it(store, tmp_path):
    task = task_of(vectors(90))
    found = []
    for name in ("ib", "ema[decay=0]"):
        model = load("method", name).plan(task)
        work = work_for(model, task, store, tmp_path / "work")
        found.append(model.scores(work, made(model, task, store), task.split.test))
    np.testing.assert_array_equal(*found)


class TestRepeatFactor:
    def labels(self):
        Y = np.zeros((200, 3), dtype=np.uint8)
        Y[:100, 0] = 1
        Y[90:110, 1] = 1
        Y[:2, 2] = 1
        return LabelMatrix(Y)

    def test_rows_of_rare_labels_come_as_often_as_the_formula_says(self):
        labels = self.labels()
        sampler = load("sampler", "rfs[t=0.1]")
        share = labels.counts / 200
        expected = [
            max([1.0, *(max(1.0, (0.1 / share[c]) ** 0.5) for c in range(3) if row[c])])
            for row in labels.dense
        ]
        np.testing.assert_allclose(sampler.factors(labels), expected)
        drawn = [sampler.order(labels, seed=1, epoch=e) for e in range(400)]
        mean = np.bincount(np.concatenate(drawn), minlength=200) / 400
        np.testing.assert_allclose(mean, expected, atol=0.12)
        assert min(map(len, drawn)) < max(map(len, drawn)), "the fraction is drawn anew"

    def test_the_median_share_is_the_threshold_when_nobody_says(self):
        factors = load("sampler", "rfs").factors(self.labels())
        assert factors[:2].tolist() == pytest.approx([(0.1 / 0.01) ** 0.5] * 2)
        assert factors[110:].tolist() == [1.0] * 90

    def test_labels_and_rows_without_positives_are_left_alone(self):
        nothing = LabelMatrix(np.zeros((5, 2), dtype=np.uint8))
        assert sorted(load("sampler", "rfs").order(nothing, seed=0, epoch=0)) == [0, 1, 2, 3, 4]
