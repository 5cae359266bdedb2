"""Curves of predictions, against scikit-learn."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import f1_score, precision_recall_curve, precision_score, recall_score

from ltmlbench.evaluation.curves import (
    RECALLS,
    THRESHOLDS,
    calibration_error,
    precision_at_recall,
    reliability,
    threshold_curve,
)
from ltmlbench.evaluation.paired import wilson


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    scores = np.round(rng.random((200, 3)), 2)  # ties
    return (rng.random((200, 3)) < scores**2).astype(int), scores


def test_reliability_is_that_of_scikit_learn_with_wilson_intervals(drawn):
    truth, scores = drawn
    # scikit-learn puts a score on an edge into the bin below it, here it is the one above
    inside = np.abs(scores * 10 % 1) > 1e-9
    bins = reliability(truth[inside], scores[inside])
    share, probability = calibration_curve(truth[inside], scores[inside], n_bins=10)
    np.testing.assert_allclose([b.share for b in bins], share)
    np.testing.assert_allclose([b.probability for b in bins], probability)
    first = bins[0]
    assert (first.low, first.high) == wilson(round(first.share * first.decisions), first.decisions)
    assert sum(b.decisions for b in bins) == inside.sum()


def test_calibration_error_is_zero_where_the_shares_are_those_that_were_said():
    said = np.repeat([0.25, 0.75], 4)
    assert calibration_error(reliability([1, 0, 0, 0, 1, 1, 1, 0], said)) == 0
    assert calibration_error(reliability([1, 1, 0, 0, 1, 1, 1, 1], said)) == pytest.approx(0.25)
    assert np.isnan(calibration_error([]))


def test_a_score_of_one_is_in_the_last_bin():
    (only,) = reliability([1, 1], [1.0, 0.95])
    assert only.decisions == 2


def test_thresholds_give_precision_recall_and_f1_of_scikit_learn(drawn):
    truth, scores = (part.ravel() for part in drawn)
    precision, recall, f1 = threshold_curve(truth, scores)
    for place in (0, 10, 19, 30):
        decided = scores > THRESHOLDS[place]
        assert precision[place] == pytest.approx(precision_score(truth, decided))
        assert recall[place] == pytest.approx(recall_score(truth, decided))
        assert f1[place] == pytest.approx(f1_score(truth, decided))
    nothing = threshold_curve([1, 0], [0.01, 0.01])
    assert np.isnan(nothing[0]).all()
    assert not nothing[1].any()
    assert np.isnan(threshold_curve([0, 0], [0.9, 0.1])[2]).all()


def test_precision_at_a_recall_is_that_of_the_highest_threshold_that_reaches_it(drawn):
    truth, scores = drawn[0][:, 0], drawn[1][:, 0]
    precision, recall, _ = precision_recall_curve(truth, scores)
    for r, found in zip(RECALLS, precision_at_recall(truth, scores), strict=True):
        reaching = np.flatnonzero(recall[:-1] >= r - 1e-9)
        assert found == pytest.approx(precision[reaching[-1]])
    assert np.isnan(precision_at_recall([0, 0], [0.1, 0.2])).all()
