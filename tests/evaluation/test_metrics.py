"""The general metrics, through the registry as users name them."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from ltmlbench import load


@pytest.fixture
def case():
    rng = np.random.default_rng(3)
    Y = (rng.random((200, 5)) < [0.5, 0.3, 0.1, 0.05, 0.02]).astype(np.uint8)
    Y[0] = 1
    return Y, np.clip(0.5 * Y + rng.random((200, 5)) * 0.7, 0, 1)


def test_they_equal_scikit_learn(case):
    Y, scores = case
    decided = scores > 0.5
    expected = {
        "map": sklearn_metrics.average_precision_score(Y, scores, average="macro"),
        "macro_auc": sklearn_metrics.roc_auc_score(Y, scores, average="macro"),
        "micro_f1": sklearn_metrics.f1_score(Y, decided, average="micro"),
        "macro_f1": sklearn_metrics.f1_score(Y, decided, average="macro"),
    }
    for name, value in expected.items():
        assert load("metric", name)(Y, scores) == pytest.approx(value, abs=1e-12)


def test_a_score_of_exactly_the_threshold_is_no(case):
    Y = np.array([[1], [0]])
    assert load("metric", "micro_f1")(Y, [[0.5], [0.1]]) == 0
    assert load("metric", "micro_f1[threshold=0.4]")(Y, [[0.5], [0.1]]) == 1


def test_labels_without_positives_are_left_out_of_the_mean():
    Y = np.array([[1, 0], [0, 0], [1, 0]])
    scores = np.array([[0.9, 0.9], [0.1, 0.2], [0.8, 0.7]])
    for name in ("map", "macro_auc", "macro_f1"):
        metric = load("metric", name)
        np.testing.assert_array_equal(metric.per_label(Y, scores), [1, np.nan])
        assert metric(Y, scores) == 1


def test_a_label_that_is_never_decided_on_has_f1_zero():
    metric = load("metric", "macro_f1")
    np.testing.assert_array_equal(metric.per_label([[1], [0]], [[0.2], [0.1]]), [0])


@pytest.mark.parametrize("name", ["map", "macro_auc", "micro_f1", "macro_f1"])
def test_without_any_positive_everything_is_nan(name):
    assert np.isnan(load("metric", name)(np.zeros((4, 3)), np.full((4, 3), 0.7)))
