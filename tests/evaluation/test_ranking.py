"""The ranking metrics are scikit-learn's to the last digits, and NaN where nothing is defined."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from ltmlbench.evaluation.ranking import average_precision, cohen_kappa, f1, roc_auc


def random_case(seed, n, c, levels):
    """N×C labels of very different frequency, and scores with only ``levels`` distinct values."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, c)) < np.linspace(0.02, 0.9, c)).astype(np.uint8)
    labels[0], labels[1] = 0, 1
    return labels, np.round(rng.random((n, c)) * levels) / levels


@pytest.mark.parametrize("levels", [1, 2, 5, 50, 10**9])
@pytest.mark.parametrize("n", [2, 3, 40, 700])
def test_every_column_equals_scikit_learn_with_any_number_of_ties(n, levels):
    labels, scores = random_case(n + levels % 97, n, 9, levels)
    for ours, theirs in [
        (roc_auc, sklearn_metrics.roc_auc_score),
        (average_precision, sklearn_metrics.average_precision_score),
    ]:
        expected = [theirs(labels[:, c], scores[:, c]) for c in range(9)]
        np.testing.assert_allclose(ours(labels, scores), expected, rtol=0, atol=1e-12)
        assert ours(labels[:, 3], scores[:, 3]) == pytest.approx(expected[3], abs=1e-12)


binary_and_scores = st.lists(
    st.tuples(
        st.booleans(),
        st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1, width=32)),
    ),
    min_size=2,
    max_size=40,
).filter(lambda rows: len({truth for truth, _ in rows}) == 2)


@given(binary_and_scores)
@settings(max_examples=150, deadline=None)
def test_any_single_label_equals_scikit_learn(rows):
    y, s = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    d = s > 0.5
    assert roc_auc(y, s) == pytest.approx(sklearn_metrics.roc_auc_score(y, s), abs=1e-12)
    expected = sklearn_metrics.average_precision_score(y, s)
    assert average_precision(y, s) == pytest.approx(expected, abs=1e-12)
    assert f1(y, d) == pytest.approx(sklearn_metrics.f1_score(y, d), abs=1e-12)
    assert cohen_kappa(y, d) == pytest.approx(sklearn_metrics.cohen_kappa_score(y, d), abs=1e-12)


@given(binary_and_scores, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_rows_does_not_matter(rows, random):
    mixed = list(rows)
    random.shuffle(mixed)
    for metric in (roc_auc, average_precision):
        before, after = (metric(*map(np.array, zip(*r, strict=True))) for r in (rows, mixed))
        assert before == pytest.approx(after, abs=1e-12)


def test_average_precision_with_negatives_in_front_divides_nothing_by_zero():
    # the first thresholds have found no positive yet: precision 0, recall 0, and no 0/0
    assert average_precision([0, 0, 0, 1], [0.9, 0.8, 0.7, 0.1]) == 0.25
    assert average_precision([0, 0, 1, 1], [0.9, 0.9, 0.2, 0.1]) == pytest.approx(
        (1 / 3 + 2 / 4) / 2
    )


def test_resampled_rows_equal_scikit_learn_also_where_a_label_starts_with_no_positive():
    labels, scores = random_case(5, 60, 6, 20)
    rng = np.random.default_rng(0)
    for _ in range(30):
        rows = rng.integers(0, 60, 60)
        y, s = labels[rows], scores[rows]
        ours = average_precision(y, s)
        for c in np.flatnonzero(y.any(axis=0)):
            expected = sklearn_metrics.average_precision_score(y[:, c], s[:, c])
            assert ours[c] == pytest.approx(expected, abs=1e-12)


def test_constant_scores_know_nothing():
    y = np.array([1, 0, 0, 0, 1])
    assert roc_auc(y, np.full(5, 0.3)) == 0.5
    assert average_precision(y, np.full(5, 0.3)) == pytest.approx(2 / 5)


def test_one_positive_is_enough():
    y, s = np.array([0, 0, 1, 0]), np.array([0.1, 0.9, 0.8, 0.2])
    assert roc_auc(y, s) == pytest.approx(2 / 3)
    assert average_precision(y, s) == 0.5


def test_a_missing_class_is_nan_and_not_zero():
    Y, S = np.array([[0, 1, 1], [0, 1, 0]]), np.array([[0.2, 0.3, 0.9], [0.4, 0.1, 0.1]])
    np.testing.assert_array_equal(roc_auc(Y, S), [np.nan, np.nan, 1])
    np.testing.assert_array_equal(average_precision(Y, S), [np.nan, 1, 1])
    np.testing.assert_array_equal(f1(Y, S > 0.5), [np.nan, 0, 1])


def test_kappa_of_saying_always_no_is_zero_and_of_two_equal_constants_undefined():
    assert cohen_kappa([0, 1, 0], [0, 0, 0]) == 0
    assert np.isnan(cohen_kappa([0, 0, 0], [0, 0, 0]))


def test_flattened_they_are_the_numbers_of_the_odir_challenge_script():
    golden = np.load(Path(__file__).parents[1] / "golden" / "odir_metric.npz")
    labels, scores = golden["labels"].ravel(), golden["scores"].ravel()
    assert cohen_kappa(labels, scores > 0.5) == pytest.approx(float(golden["kappa"]), abs=1e-12)
    assert roc_auc(labels, scores) == pytest.approx(float(golden["auc"]), abs=1e-12)


def test_no_rows_and_no_labels_are_undefined_and_empty():
    assert np.isnan(roc_auc([], []))
    assert np.isnan(average_precision(np.zeros((0, 2)), np.zeros((0, 2)))).all()
    assert roc_auc(np.zeros((4, 0)), np.zeros((4, 0))).shape == (0,)


@pytest.mark.parametrize(
    ("y", "s", "message"),
    [
        ([0, 1], [0.1, 0.2, 0.3], "both N"),
        ([0, 2], [0.1, 0.2], "only 0 and 1"),
        ([0, 1], [0.1, np.nan], "NaN"),
    ],
)
def test_bad_input_is_refused_in_one_line(y, s, message):
    with pytest.raises(ValueError, match=message):
        average_precision(y, s)


def test_decisions_are_not_scores():
    with pytest.raises(ValueError, match="only 0 and 1"):
        f1([0, 1], [0.2, 0.7])
