"""The arithmetic of an audit, against decisions counted out one by one."""

import itertools

import numpy as np
import pytest

from ltmlbench.evaluation.audit import (
    DENSITIES,
    Interval,
    accuracy_fits,
    auc_bounds,
    f1_fits,
    kappa_range,
    point,
    span,
)
from ltmlbench.evaluation.ranking import cohen_kappa, f1


def rounded(value, digits=3):
    return Interval(value - 0.5 * 10**-digits, value + 0.5 * 10**-digits)


def measured(tp, fn, fp, tn):
    y = np.repeat([1, 1, 0, 0], [tp, fn, fp, tn])
    decided = np.repeat([1, 0, 1, 0], [tp, fn, fp, tn])
    kappa, accuracy = float(cohen_kappa(y, decided)), float((y == decided).mean())
    return kappa, accuracy, float(f1(y, decided)), (tp + fn) / len(y)


def test_whatever_was_really_measured_fits_its_own_density():
    rng = np.random.default_rng(0)
    for _ in range(300):
        positive = int(rng.integers(20, 950))
        tp, fp = int(rng.integers(1, positive + 1)), int(rng.integers(0, 1000))
        kappa, accuracy, f, density = measured(tp, positive - tp, fp, 2000 - positive - fp)
        at = np.array([density])
        assert accuracy_fits(rounded(kappa), rounded(accuracy), at)
        assert f1_fits(rounded(kappa), rounded(f), at)
        possible = kappa_range(Interval(accuracy, accuracy), density)
        assert possible.low - 1e-9 <= kappa <= possible.high + 1e-9


def test_a_density_fits_exactly_if_some_decisions_of_that_density_have_these_numbers():
    """All tables of 400 decisions, 60 of them positive: which pairs of printed numbers occur."""
    tables = [measured(tp, 60 - tp, fp, 340 - fp) for tp in range(61) for fp in range(0, 341)]
    seen = {(round(k, 1), round(a, 2)) for k, a, _, _ in tables}
    at = np.array([60 / 400])
    for kappa, accuracy in itertools.product(np.arange(0, 10) / 10, np.arange(15, 100) / 100):
        fits = accuracy_fits(rounded(kappa, 1), rounded(accuracy, 2), at)[0]
        near = any(
            (round(kappa + i / 10, 1), round(accuracy + j / 100, 2)) in seen
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
        )
        assert fits or (round(kappa, 1), round(accuracy, 2)) not in seen
        assert near or not fits


@pytest.mark.parametrize(
    ("kappa", "accuracy", "low", "high"),
    [
        (0.635, 0.911, 0.095, 0.184),
        (0.553, 0.974, 0.017, 0.043),
        (0.712, 0.935, 0.096, 0.161),
        (0.767, 0.965, 0.064, 0.099),
    ],
)
def test_the_feasible_densities_are_those_worked_out_by_hand(kappa, accuracy, low, high):
    """By hand without rounding; rounding makes them a little wider."""
    found = span(accuracy_fits(rounded(kappa), rounded(accuracy)))
    assert low - 0.003 <= found.low <= low + 0.0005
    assert high - 0.0005 <= found.high <= high + 0.003


def test_an_accuracy_forces_a_range_of_kappa():
    assert kappa_range(Interval(0.974, 0.974), 0.147) == pytest.approx((0.888, 0.903), abs=6e-4)
    assert kappa_range(Interval(0.874, 0.874), 0.1343) == pytest.approx((0.102, 0.612), abs=6e-4)


def test_a_high_f1_beside_a_low_kappa_is_no_positive_class_f1():
    assert not f1_fits(rounded(0.712), rounded(0.935)).any()
    assert f1_fits(rounded(0.92, 2), rounded(0.935)).any()


def test_numbers_that_contradict_one_another_fit_no_density():
    assert span(accuracy_fits(rounded(0.9), rounded(0.5))) is None
    assert not accuracy_fits(rounded(0.5), rounded(1.0, 1), DENSITIES[:0]).any()


def test_the_point_is_that_of_the_decisions():
    kappa, accuracy, _, density = measured(70, 30, 40, 860)
    at = point(Interval(kappa, kappa), Interval(accuracy, accuracy), density)
    assert at == pytest.approx((0.11, 0.7, 70 / 110, 40 / 900))
    assert auc_bounds(at) == pytest.approx((0.7 * 860 / 900, 1 - 0.3 * 40 / 900))
