"""The challenge's metrics against its own printed numbers and scikit-learn; the published table."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score, roc_auc_score

from ltmlbench import load
from ltmlbench_retina.published import ROWS

GOLDEN = Path(__file__).parents[1] / "golden" / "odir_metric.npz"
METRICS = {"odir_kappa": "kappa", "odir_f1_micro": "f1", "odir_auc": "auc", "odir_final": "final"}


@pytest.mark.parametrize("name", METRICS)
def test_they_give_the_numbers_of_the_challenges_script(name):
    golden = np.load(GOLDEN)
    value = load("metric", name)(golden["labels"], golden["scores"])
    assert value == pytest.approx(float(golden[METRICS[name]]), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 30), st.integers(1, 5), st.integers(0, 999))
def test_they_are_scikit_learns_on_the_flattened_matrix(n, c, seed):
    rng = np.random.default_rng(seed)
    Y = (rng.random((n, c)) < 0.3).astype(int)
    scores = rng.integers(0, 11, (n, c)) / 10  # many ties, some exactly at the threshold
    flat, decided = Y.ravel(), scores.ravel() > 0.5
    micro = f1_score(flat, decided, average="micro")
    assert load("metric", "odir_f1_micro")(Y, scores) == pytest.approx(micro)
    if len(set(flat)) == 2:
        assert load("metric", "odir_auc")(Y, scores) == pytest.approx(
            roc_auc_score(flat, scores.ravel())
        )
        kappa = cohen_kappa_score(flat, decided)
        assert load("metric", "odir_kappa")(Y, scores) == pytest.approx(kappa)


def test_saying_no_to_everything_scores_the_share_of_negatives():
    Y = np.eye(8)[np.arange(40) % 8]
    nothing = np.zeros_like(Y)
    assert load("metric", "odir_f1_micro")(Y, nothing) == pytest.approx(1 - 1 / 8)
    assert load("metric", "odir_kappa")(Y, nothing) == 0
    assert load("metric", "odir_auc")(Y, nothing) == 0.5


def test_what_is_undefined_is_nan():
    ones = np.ones((3, 2))
    assert np.isnan(load("metric", "odir_auc")(ones, ones))
    assert np.isnan(load("metric", "odir_kappa")(ones, ones))
    assert np.isnan(load("metric", "odir_final")(ones, ones))


def kappa_range(accuracy, density):
    """All kappas that decisions of this accuracy can have at this share of positives."""
    rates = np.linspace(0, 1, 100_001)
    true_positives = (accuracy - 1 + density + rates) / 2
    possible = (true_positives >= 0) & (true_positives <= np.minimum(density, rates))
    chance = density * rates + (1 - density) * (1 - rates)
    kappas = ((accuracy - chance) / (1 - chance))[possible]
    return kappas.min(), kappas.max()


def test_the_printed_f1_of_the_ib_row_contradicts_its_own_kappa():
    ib = next(row for row in ROWS if row.method == "ib")
    assert ib.values["odir_f1_micro"] == (0.974, 0.009)
    assert "0.874" in ib.note
    for density in (0.134, 0.147):
        low, high = kappa_range(0.974, density)
        assert not low <= 0.553 <= high
        low, high = kappa_range(0.874, density)
        assert low <= 0.553 <= high


def test_the_published_rows_are_named_as_our_methods_are():
    values = {(row.backbone, row.method): row.values["odir_kappa"][0] for row in ROWS}
    assert values["resnet50", "db"] == 0.673
    assert values["densenet121", "ours+focal"] == 0.767
    assert len(ROWS) == 10


RUN = {
    "backbones": ["tf_efficientnet_lite0[digest=ab]"],
    "methods": ["ours", "ours[pretrain=none]", "db"],
    "sources": ["idrid=/home/me/idrid", "fundus-sim[seed=1]"],
    "folds": 3,
    "seeds": [0],
    "image_size": 96,
    "epochs": 8,
    "batch_size": 32,
}


@pytest.fixture
def remarks():
    """What the data set says of a run like ``RUN``, one line per remark."""
    samples = load("dataset", "fundus-sim[patients=40]").load(None)
    return lambda **other: load("dataset", "odir5k").remarks({**RUN, **other}, samples)


def test_the_remarks_come_from_the_runs_own_configuration(remarks):
    text = "\n".join(remarks())
    assert "tf_efficientnet_lite0 here" in text
    assert "80 eyes of 40 patients" in text
    assert "3 patient-wise stratified folds, 1 seed" in text
    assert "96 px, 8 epochs" in text
    assert not any(line.startswith("Backbone") for line in remarks(backbones=["resnet50"]))


def test_the_remarks_name_what_ours_was_pretrained_on_and_not_where_it_lies(remarks):
    (line,) = [line for line in remarks() if line.startswith("Pre-training")]
    assert line.startswith("Pre-training of ours: on idrid, fundus-sim[seed=1] here.")
    without = remarks(methods=["ours[pretrain=none]", "db"])
    assert not any(line.startswith("Pre-training") for line in without)
