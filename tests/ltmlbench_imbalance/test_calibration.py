"""Logits mapped after training: decisions move, rankings do not; nothing is trained again."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, roc_auc_score

from ltmlbench import LabelMatrix, load
from ltmlbench.errors import RequestError
from ltmlbench.store import Store
from ltmlbench.testing import made, task_of, vectors, work_for
from ltmlbench_imbalance.calibration import PriorShift, Temperature, Thresholds

MODEL = load("method", "majority").plan(None)  # any model: only what is fitted is looked at


def example(n=400, C=3, seed=0):
    rng = np.random.default_rng(seed)
    Y = (rng.random((n, C)) < [0.5, 0.2, 0.05]).astype(np.uint8)
    z = (3.0 * Y - 2 + rng.normal(size=(n, C)) * 1.5).astype(np.float32)
    return z, LabelMatrix(Y)


@pytest.mark.parametrize("stage", [PriorShift, Temperature, Thresholds])
def test_no_label_is_ranked_otherwise(stage):
    z, truth = example()
    found = (stage := stage(model=MODEL)).fit(z, truth, truth)
    mapped = stage.apply(z, found)
    assert not np.allclose(mapped, z)
    for c in range(3):
        y = truth.dense[:, c]
        assert roc_auc_score(y, mapped[:, c]) == pytest.approx(roc_auc_score(y, z[:, c]))


def test_thresholds_give_the_best_f1_of_the_rows_they_are_fitted_on():
    z, truth = example()
    found = Thresholds(model=MODEL).fit(z, truth, truth)["threshold"]
    for c in range(3):
        y = truth.dense[:, c]
        best = max(f1_score(y, z[:, c] > t) for t in np.append(z[:, c] - 1e-4, z[:, c] + 1e-4))
        assert f1_score(y, z[:, c] > found[c]) == pytest.approx(best)


def test_a_label_without_positives_keeps_its_threshold():
    z, truth = example()
    Y = truth.dense.copy()
    Y[:, 1] = 0
    assert Thresholds(model=MODEL).fit(z, LabelMatrix(Y), truth)["threshold"][1] == 0


def test_the_temperature_has_the_least_cross_entropy():
    z, truth = example()
    found = Temperature(model=MODEL).fit(3 * z, truth, truth)["temperature"]

    def cross_entropy(t):
        p = 1 / (1 + np.exp(-3 * z.astype(float) / t))
        return log_loss(truth.dense.ravel(), p.ravel())

    grid = np.linspace(0.5, 10, 400)
    assert cross_entropy(found) <= min(map(cross_entropy, grid)) + 1e-6


def test_the_prior_that_a_sampler_showed_is_taken_back():
    _, train = example()
    sampler = load("sampler", "cb")
    found = PriorShift(model=MODEL, sampler=sampler).fit(np.zeros((0, 3)), train, train)["shift"]
    shown = np.concatenate([sampler.order(train, seed=5, epoch=e) for e in range(20)])
    seen, real = train.take(shown).counts / len(shown), train.counts / len(train)
    expected = np.log(real / (1 - real)) - np.log(seen / (1 - seen))
    np.testing.assert_allclose(found, expected, atol=0.15)
    assert found[2] < 0, "the rare label was shown too often"


def test_instance_balanced_sampling_leaves_nothing_to_take_back():
    _, train = example()
    stage = PriorShift(model=MODEL, sampler=load("sampler", "ib"))
    np.testing.assert_allclose(stage.fit(np.zeros((0, 3)), train, train)["shift"], 0, atol=1e-12)


def test_after_the_training_of_its_base_only_the_map_is_made(tmp_path):
    task, store = task_of(vectors(90)), Store(tmp_path)
    base = load("method", "ib").plan(task)
    made(base, task, store)
    before = {path.name for path in (tmp_path / "artifacts").glob("*/*")}
    row = load("method", "calibrated[base=ib,by=thresholds]").plan(task)
    folder = made(row, task, store)
    added = {path.name for path in (tmp_path / "artifacts").glob("*/*")} - before
    assert added == {row.identity(task)}
    assert (folder / "calibration.json").exists()
    work = work_for(row, task, store, tmp_path / "work")
    scores = row.scores(work, folder, task.split.test)
    assert scores.shape == (len(task.split.test), 3)
    assert row.has_network
    assert row.network(work, folder) is not None


def test_what_is_fitted_on_validation_rows_says_that_there_are_none():
    z, train = example()
    with pytest.raises(RequestError, match="validation"):
        Thresholds(model=MODEL).fit(z[:0], train.take([]), train)


def test_two_samplers_cannot_be_undone():
    with pytest.raises(RequestError, match="two samplers"):
        load("method", "calibrated[base=two-samplers,by=prior]").plan(task_of(vectors(30)))


def test_its_row_trains_nothing_and_says_whose_weights_it_stands_on(tmp_path):
    import json

    import pandas as pd

    import ltmlbench

    z, truth = example(n=90)
    frame = pd.DataFrame(truth.dense, columns=["a", "b", "c"]).join(pd.DataFrame(z).add_prefix("x"))
    frame.to_csv(tmp_path / "table.csv", index=False)
    result = ltmlbench.run(
        {
            "dataset": "table",
            "data_dir": str(tmp_path / "table.csv"),
            "methods": "ib,calibrated[base=ib,by=adjustment]",
            "floors": "none",
            "epochs": 2,
            "folds": 2,
            "out": str(tmp_path / "out"),
            "cache_dir": str(tmp_path / "cache"),
        }
    )
    assert not result.about.failures
    trained = list((tmp_path / "cache").glob("artifacts/*/*/model.safetensors"))
    assert len(trained) == 2, "one training per fold, for both rows"
    for path in (tmp_path / "out" / "runs").glob("*/run.json"):
        assert json.loads(path.read_text())["network"]["weights"]["model"].startswith("mlp")
    scores = result.results[result.results["label"] == ""].set_index(["method", "fold", "metric"])
    for metric in ("map", "macro_auc"):
        a, b = (scores.xs((m, metric), level=("method", "metric"))["value"]
                for m in ("ib", "calibrated[base=ib,by=adjustment]"))  # fmt: skip
        np.testing.assert_allclose(a, b, rtol=1e-9)
