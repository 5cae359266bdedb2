"""One run is evaluated per sample and per group; what is undefined is counted."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from ltmlbench import LabelMatrix, load
from ltmlbench.contracts import LabelMetric, Metric
from ltmlbench.data.groups import to_groups
from ltmlbench.data.samples import Protocol
from ltmlbench.errors import DataError
from ltmlbench.evaluation.evaluate import evaluate

PATIENTS = Protocol(unit="eye", group_unit="patient", group_all=("N",))
SHOTS = ("head", "head", "medium", "tail")


class Flat(Metric):
    """A plain metric that is undefined without positives."""

    def __call__(self, Y, scores):
        return float(np.mean(scores)) if np.any(Y) else float("nan")


@pytest.fixture
def case():
    """Three patients, one of them with one eye, the eyes not in order."""
    Y = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0]])
    scores = np.random.default_rng(0).random(Y.shape)
    return LabelMatrix(Y, ["N", "D", "G", "A"]), scores, ["b", "a", "b", "a", "c"]


def lookup(rows):
    return {(r["unit"], r["metric"], r["label"]): (r["value"], r["undefined"]) for r in rows}


def test_a_group_has_a_label_if_one_sample_has_it_and_normal_if_all_have_it(case):
    labels, scores, groups = case
    truth, joined = to_groups(labels, scores, groups, PATIENTS)
    assert truth.names == labels.names
    np.testing.assert_array_equal(truth.dense, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0]])
    np.testing.assert_allclose(
        joined[:, 0], [min(scores[[1, 3], 0]), min(scores[[0, 2], 0]), scores[4, 0]]
    )
    np.testing.assert_allclose(joined[0, 1:], scores[[1, 3], 1:].max(axis=0))


def test_random_groups_equal_a_loop_over_them():
    rng = np.random.default_rng(1)
    labels = LabelMatrix(rng.integers(0, 2, (60, 3)), ["N", "x", "y"])
    scores, groups = rng.random((60, 3)), [f"g{i}" for i in rng.integers(0, 15, 60)]
    truth, joined = to_groups(labels, scores, groups, PATIENTS)
    for k, group in enumerate(sorted(set(groups))):
        rows = [i for i, g in enumerate(groups) if g == group]
        for c, pick in enumerate([min, max, max]):
            assert truth.dense[k, c] == pick(labels.dense[rows, c])
            assert joined[k, c] == pick(scores[rows, c])


def test_label_metrics_give_the_mean_the_shots_and_every_label(case):
    labels, scores, groups = case
    rows = lookup(evaluate(labels, scores, groups, PATIENTS, {"map": load("metric", "map")}, SHOTS))
    ap = [average_precision_score(labels.dense[:, c], scores[:, c]) for c in range(3)]
    assert rows["eye", "map", ""] == (pytest.approx(np.mean(ap)), 1)
    assert rows["eye", "map_head", ""] == (pytest.approx(np.mean(ap[:2])), 0)
    assert rows["eye", "map_medium", ""] == (pytest.approx(ap[2]), 0)
    assert rows["eye", "map", "D"] == (pytest.approx(ap[1]), 0)
    for key in [("eye", "map_tail", ""), ("eye", "map", "A"), ("patient", "map", "A")]:
        assert math.isnan(rows[key][0])
        assert rows[key][1] == 1


def test_a_kind_of_label_that_the_data_has_not_gets_no_row(case):
    labels, scores, groups = case
    rows = evaluate(labels, scores, groups, PATIENTS, {"map": load("metric", "map")}, ["head"] * 4)
    assert {r["metric"] for r in rows} == {"map", "map_head"}


def test_a_plain_metric_has_one_row_per_unit(case):
    labels, scores, groups = case
    rows = evaluate(labels, scores, groups, PATIENTS, {"flat": Flat()}, SHOTS)
    assert [(r["unit"], r["label"], r["undefined"]) for r in rows] == [
        ("eye", "", 0),
        ("patient", "", 0),
    ]
    nothing = LabelMatrix(np.zeros((5, 4)), labels.names)
    rows = evaluate(nothing, scores, groups, PATIENTS, {"flat": Flat()}, SHOTS)
    assert all(math.isnan(r["value"]) and r["undefined"] == 1 for r in rows)


def test_without_a_group_unit_there_is_only_the_sample_unit(case):
    labels, scores, groups = case
    rows = evaluate(labels, scores, groups, Protocol(unit="scene"), {"flat": Flat()}, SHOTS)
    assert [r["unit"] for r in rows] == ["scene"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s[:, :3], "one column per label"),
        (lambda s: np.where(s == s.max(), np.nan, s), "1 of 20 scores are NaN"),
    ],
)
def test_scores_that_cannot_be_evaluated_are_refused_in_one_line(case, change, message):
    labels, scores, groups = case
    with pytest.raises(DataError, match=message):
        evaluate(labels, change(scores), groups, PATIENTS, {"flat": Flat()}, SHOTS)


def test_groups_that_do_not_fit_are_refused(case):
    labels, scores, groups = case
    with pytest.raises(DataError, match="4 group names for 5 samples"):
        to_groups(labels, scores, groups[:4], PATIENTS)
    with pytest.raises(DataError, match="names no label: normal"):
        to_groups(labels, scores, groups, Protocol(group_unit="p", group_all=("normal",)))


def test_what_is_infinite_is_undefined(case):
    class Endless(Metric):
        def __call__(self, Y, scores):
            return -math.inf

    class Partly(LabelMetric):
        def per_label(self, Y, scores):
            return np.array([math.inf, 0.25, 0.75, -math.inf])

    labels, scores, _ = case
    given = {"endless": Endless(), "partly": Partly()}
    rows = evaluate(labels, scores, None, Protocol(), given, SHOTS)
    found = {(r["metric"], r["label"]): (r["value"], r["undefined"]) for r in rows}
    assert found["partly", ""] == (0.5, 2)
    for key in (("endless", ""), ("partly", "N")):
        assert math.isnan(found[key][0])
        assert found[key][1] == 1
