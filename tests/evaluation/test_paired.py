"""Tests of differences against published examples, SciPy, and their size under the null."""

import math

import numpy as np
import pytest
from scipy import stats

from ltmlbench.evaluation.paired import (
    bootstrapped,
    corrected_t,
    holm,
    probabilities,
    rank_spans,
    smallest_difference,
    wilson,
)


@pytest.fixture(scope="module")
def moons():
    """The differences of scikit-learn's example "Statistical comparison of models using grid
    search": AUC of SVC with rbf and linear kernel, ten times ten folds."""
    from sklearn.datasets import make_moons
    from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    X, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    rbf, linear = (
        cross_val_score(SVC(kernel=k, random_state=0), X, y, scoring="roc_auc", cv=folds)
        for k in ("rbf", "linear")
    )
    return rbf - linear


def test_the_corrected_t_is_that_of_the_published_example(moons):
    found = corrected_t(moons, test_share=10 / 90)
    assert found.mean / found.error == pytest.approx(0.750, abs=5e-4)
    assert found.p / 2 == pytest.approx(0.227, abs=5e-4)  # printed one-sided
    assert (found.n, found.df) == (100, 99)


def test_the_bayesian_probabilities_are_those_of_the_published_example(moons):
    found = corrected_t(moons, test_share=10 / 90)
    assert probabilities(found, 0).better == pytest.approx(0.773, abs=5e-4)
    assert probabilities(found, 0.01).same == pytest.approx(0.432, abs=5e-4)
    assert probabilities(found, 0.01).worse == pytest.approx(0.068, abs=5e-4)


def test_without_shared_rows_it_is_the_paired_t_test_of_scipy():
    a, b = np.random.default_rng(0).normal(size=(2, 12))
    expected = stats.ttest_rel(a, b)
    found = corrected_t(a - b, test_share=0)
    interval = expected.confidence_interval()
    np.testing.assert_allclose(
        (found.p, found.low, found.high), (expected.pvalue, interval.low, interval.high)
    )


def test_what_cannot_be_tested_has_no_p():
    assert math.isnan(corrected_t([0.1], 0.5).p)
    assert math.isnan(corrected_t([0.1, np.nan], 0.5).p)
    assert math.isnan(corrected_t([], 0.5).mean)
    assert math.isnan(corrected_t([0.1, 0.1], 0.5).p)
    same = corrected_t([0.0, 0, 0], 0.5)
    assert (same.p, same.low, same.high) == (1, 0, 0)
    assert probabilities(same, 0.01).same == 1
    assert math.isnan(bootstrapped(0.1, [np.nan, np.nan]).p)


def test_an_undefined_fold_is_left_out_and_n_says_so():
    assert corrected_t([0.1, np.nan, 0.3], 0.5) == corrected_t([0.1, 0.3], 0.5)
    assert corrected_t([0.1, np.nan, 0.3], 0.5).n == 2


def test_holm_gives_the_adjusted_values_of_r():
    """p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") is 0.03 0.06 0.06 0.02."""
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, math.nan, 0.4]), [0.8, math.nan, 0.8])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1, 1])
    assert len(holm([])) == 0


def test_a_bootstrap_of_a_normal_mean_gives_the_normal_interval():
    draws = np.random.default_rng(0).normal(0.3, 0.1, 20_000)
    found = bootstrapped(0.3, draws)
    assert (found.low, found.high) == pytest.approx((0.3 - 0.196, 0.3 + 0.196), abs=0.005)
    assert found.p == pytest.approx(2 * stats.norm.sf(3), abs=0.001)
    assert bootstrapped(5, np.full(999, 5.0)).p == pytest.approx(2 / 1000)
    assert bootstrapped(0, np.zeros(99)).p == 1


def test_the_smallest_difference_is_what_power_tables_say():
    """34 pairs find half a standard deviation with a chance of 80 % (Cohen's d_z, two-sided 5 %),
    and with many of them it is (1.96 + 0.84) standard errors."""
    assert smallest_difference(1 / math.sqrt(34), 33) == pytest.approx(0.495, abs=0.005)
    assert smallest_difference(1, math.inf) == pytest.approx(1.959964 + 0.841621, abs=1e-5)
    assert smallest_difference(1, 10**6) == pytest.approx(2.801585, abs=1e-3)
    assert math.isnan(smallest_difference(math.nan, 2))
    assert math.isnan(smallest_difference(0, 2))


@pytest.mark.parametrize(("df", "level"), [(2, 0.05), (4, 0.01), (1, 1e-6)])
def test_the_smallest_difference_is_found_four_times_in_five(df, level):
    """With the error taken as known in size, as the planning of a study does."""
    shift, rng = smallest_difference(1, df, level), np.random.default_rng(0)
    t = (rng.normal(size=200_000) + shift) / np.sqrt(rng.chisquare(df, 200_000) / df)
    assert (t > stats.t.ppf(1 - level / 2, df)).mean() == pytest.approx(0.8, abs=0.005)


def test_wilson_gives_the_published_intervals():
    """81 of 263 and 0 of 20 (Newcombe, Statistics in Medicine 17, 1998, table I)."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert all(map(math.isnan, wilson(0, 0)))


def test_rows_whose_order_is_not_decided_share_places():
    better = np.zeros((4, 4), dtype=bool)
    better[0, 1:] = True  # the first beats all
    better[1, 3] = True
    assert rank_spans(better) == [(1, 1), (2, 3), (2, 4), (3, 4)]


@pytest.mark.slow
@pytest.mark.parametrize(("folds", "repeats"), [(3, 1), (5, 1), (10, 1), (5, 10)])
def test_the_corrected_test_keeps_its_level_where_the_plain_one_does_not(folds, repeats):
    """Two equally good learners (class means of one of two features, equally informative) on 400
    data sets, cross-validated: the share of p < 0.05 is at most about 5 %, and that of the plain
    t-test is above it wherever folds are repeated."""
    rng, trials, rows = np.random.default_rng(folds * repeats), 400, 60
    plain = corrected = 0
    for _ in range(trials):
        y = rng.permutation(np.repeat([0, 1], rows // 2))
        X = rng.normal(size=(rows, 2)) + 0.5 * y[:, None]
        differences = []
        for _ in range(repeats):
            member = rng.permutation(np.arange(rows) % folds)
            for fold in range(folds):
                train = member != fold
                centres = np.stack([X[train & (y == k)].mean(axis=0) for k in (0, 1)])
                decided = X[~train] > centres.mean(axis=0)
                right = (decided == y[~train, None]).mean(axis=0)
                differences.append(right[0] - right[1])
        found = corrected_t(differences, test_share=1 / (folds - 1)).p
        corrected += found < 0.05
        plain += corrected_t(differences, test_share=0).p < 0.05
    assert corrected / trials <= 0.07
    assert plain >= corrected
    if repeats > 1:
        assert plain / trials > 0.2
