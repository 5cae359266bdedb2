"""Resampled metrics are what scikit-learn gives for the resample written out."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    cohen_kappa_score,
    f1_score,
    roc_auc_score,
)

from ltmlbench import load
from ltmlbench.evaluation.resampling import Resamples, draw_groups


def made(n=240, groups=90, ties=True, seed=0):
    """Six labels from frequent to one positive, one without any and one without negatives."""
    rng = np.random.default_rng(seed)
    truth = rng.random((n, 8)) < [0.5, 0.2, 0.1, 0.05, 0.02, 0, 0, 1]
    truth[7, 5] = True
    scores = 1 / (1 + np.exp(-rng.normal(2.0 * truth - 1, 1.5)))
    names = np.array([f"p{g}" for g in rng.integers(groups, size=n)])
    weights = draw_groups(len(np.unique(names)), 60, seed)
    return Resamples(truth, np.round(scores, 1) if ties else scores, names, weights)


def per_label(metric, truth, scores, needs):
    return [
        metric(y, s) if set(needs) <= set(y.tolist()) else np.nan
        for y, s in zip(truth.T, scores.T, strict=True)
    ]


@pytest.mark.parametrize("ties", [True, False])
def test_every_resampled_metric_is_that_of_scikit_learn(ties):
    data = made(ties=ties)
    got = {
        "kappa": data.kappa(0.5),
        "accuracy": data.accuracy(0.5),
        "auc": data.flat_auc(),
        "micro_f1": data.micro_f1(0.5),
        "ap": data.average_precision(),
        "label_auc": data.roc_auc(),
        "f1": data.f1(0.5),
    }
    assert np.isnan(got["ap"][:, 6]).all()
    assert np.isnan(got["label_auc"][:, 7]).all()
    missed = np.isnan(got["ap"][:, 5])
    assert missed.any()
    assert not missed.all()
    for r in range(len(data)):
        truth, scores = data.sample(r)
        y, s = truth.ravel(), scores.ravel()
        expected = {
            "kappa": cohen_kappa_score(y, s > 0.5),
            "accuracy": accuracy_score(y, s > 0.5),
            "auc": roc_auc_score(y, s),
            "micro_f1": f1_score(y, s > 0.5),
            "ap": per_label(average_precision_score, truth, scores, {1}),
            "label_auc": per_label(roc_auc_score, truth, scores, {0, 1}),
            "f1": per_label(lambda a, b: f1_score(a, b > 0.5), truth, scores, {1}),
        }
        for name, value in expected.items():
            np.testing.assert_allclose(got[name][r], value, rtol=0, atol=1e-12, err_msg=name)


def test_a_resample_that_misses_the_highest_scores_has_the_precision_of_the_rest():
    """0/0 above every drawn sample must neither be NaN nor count as a precision."""
    truth = np.array([[1], [0], [1], [0], [1]])
    scores = np.array([[0.9], [0.8], [0.7], [0.6], [0.5]])
    weights = np.array([[0, 0, 2, 1, 2], [0, 0, 0, 1, 4]], dtype=np.uint16)
    data = Resamples(truth, scores, list("abcde"), weights)
    expected = [2 / 4 * 1 + 2 / 4 * 4 / 5, 4 / 5]
    np.testing.assert_allclose(data.average_precision()[:, 0], expected, rtol=1e-15)


def test_all_samples_of_a_group_are_drawn_together():
    names = ["a", "b", "a", "b"]
    data = Resamples(np.zeros((4, 1)), [[0.0], [1], [2], [3]], names, np.array([[2, 0]]))
    assert sorted(data.sample(0)[1].ravel()) == [0, 0, 2, 2]


def test_group_weights_are_those_of_a_draw_with_replacement():
    weights = draw_groups(50, 4000, seed=3)
    assert (weights.sum(axis=1) == 50).all()
    np.testing.assert_array_equal(weights, draw_groups(50, 4000, seed=3))
    assert not np.array_equal(weights, draw_groups(50, 4000, seed=4))
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.08)
    assert weights.var(axis=0).mean() == pytest.approx(49 / 50, rel=0.02)


@pytest.mark.parametrize(
    "metric",
    ["map", "macro_auc", "macro_f1", "micro_f1", "odir_kappa", "odir_f1_micro", "odir_auc",
     "odir_final"],
)  # fmt: skip
def test_a_metric_of_the_table_is_resampled_as_itself(metric):
    data, metric = made(seed=5), load("metric", metric)
    expected = [metric(*data.sample(r)) for r in range(len(data))]
    np.testing.assert_allclose(metric.resampled(data), expected, rtol=0, atol=1e-12)


def test_a_metric_that_knows_no_resamples_is_called_with_each_written_out():
    from ltmlbench.contracts import Metric

    class Decided(Metric):
        def __call__(self, Y, scores):
            return float((np.asarray(scores) > 0.5).mean())

    data = made()
    expected = [(data.sample(r)[1] > 0.5).mean() for r in range(len(data))]
    np.testing.assert_allclose(Decided().resampled(data), expected)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="N×C, N×C and N are needed"):
        Resamples(np.zeros((3, 2)), np.zeros((3, 1)), list("abc"), draw_groups(3, 2, 0))
    with pytest.raises(ValueError, match="for 3 groups"):
        Resamples(np.zeros((3, 2)), np.zeros((3, 2)), list("abc"), draw_groups(2, 2, 0))


@pytest.mark.slow
def test_resampling_groups_covers_where_resampling_rows_does_not():
    """Both eyes of a patient alike: half as many independent rows as there seem to be."""
    rng, repeats, covered = np.random.default_rng(0), 400, {"groups": 0, "rows": 0}
    for repeat in range(repeats):
        truth = np.repeat(rng.random((150, 1)) < 0.3, 2, axis=0)
        scores = np.repeat(rng.normal(size=(150, 1)), 2, axis=0) + truth
        auc = 0.7602499389065233  # Φ(1/√2)
        clustered, single = [f"p{i // 2}" for i in range(300)], [f"r{i}" for i in range(300)]
        for name, groups in (("groups", clustered), ("rows", single)):
            weights = draw_groups(len(set(groups)), 300, repeat)
            values = Resamples(truth, scores, groups, weights).flat_auc()
            low, high = np.quantile(values, [0.025, 0.975])
            covered[name] += low <= auc <= high
    assert 0.92 <= covered["groups"] / repeats <= 0.98
    assert covered["rows"] / repeats < 0.88


def test_nothing_is_warned_of_when_a_metric_is_undefined_everywhere():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = Resamples(np.zeros((3, 2)), np.zeros((3, 2)), list("abc"), draw_groups(3, 4, 0))
        assert np.isnan(data.average_precision()).all()
        assert np.isnan(data.flat_auc()).all()
        assert np.isnan(load("metric", "map").resampled(data)).all()
