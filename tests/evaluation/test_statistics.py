"""Mean, deviation and interval over runs, by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ltmlbench.evaluation.statistics import spread, summarise


def frame(**values):
    return pd.DataFrame([{"method": m, "value": v} for m, vs in values.items() for v in vs])


def test_mean_deviation_and_t_interval():
    values = [0.5, 0.6, 0.4, 0.7]
    row = summarise(frame(ib=values), ["method"]).iloc[0]
    assert row["mean"] == pytest.approx(0.55)
    assert row["std"] == pytest.approx(np.sqrt(0.05 / 3))  # squares .0025 .0025 .0225 .0225
    assert row["n"] == 4
    low, high = stats.t.interval(0.95, 3, loc=0.55, scale=stats.sem(values))
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(low), pytest.approx(high))


def test_two_runs_have_the_wide_interval_they_deserve():
    row = summarise(frame(ib=[0.4, 0.6]), ["method"]).iloc[0]
    assert row["ci_high"] - row["mean"] == pytest.approx(12.7062 * 0.1, rel=1e-4)


def test_one_run_has_neither_deviation_nor_interval():
    row = summarise(frame(ib=[0.5]), ["method"]).iloc[0]
    assert (row["mean"], row["n"]) == (0.5, 1)
    assert row[["std", "ci_low", "ci_high"]].isna().all()


def test_undefined_values_are_left_out_and_n_says_so():
    summary = summarise(frame(ib=[0.5, np.nan, 0.7], cb=[np.nan, np.nan]), ["method"])
    assert list(summary["method"]) == ["ib", "cb"]
    assert list(summary["n"]) == [2, 0]
    assert summary["mean"][0] == pytest.approx(0.6)
    assert np.isnan(summary["mean"][1])


def test_nothing_gives_nothing():
    empty = pd.DataFrame({"method": pd.Series(dtype=str), "value": pd.Series(dtype=float)})
    assert summarise(empty, ["method"]).empty


def test_split_and_training_are_told_apart():
    """Made of a spread of 3 between folds and 1 between seeds; one-way components of variance."""
    rng = np.random.default_rng(0)
    values = 3 * rng.normal(size=(4000, 1)) + rng.normal(size=(4000, 3))
    found = spread(values)
    assert found.split == pytest.approx(3, rel=0.05)
    assert found.model == pytest.approx(1, rel=0.05)
    means = values.mean(axis=1)
    within = ((values - means[:, None]) ** 2).sum() / (4000 * 2)
    assert found.model**2 == pytest.approx(within)
    assert found.split**2 == pytest.approx(means.var(ddof=1) - within / 3)


def test_what_one_seed_or_one_fold_cannot_tell_is_undefined():
    one_seed, one_fold = spread([[1.0], [3.0]]), spread([[1.0, 3.0]])
    assert np.isnan(one_seed.model)
    assert one_seed.split == pytest.approx(np.sqrt(2))
    assert np.isnan(one_fold.split)
    assert one_fold.model == pytest.approx(np.sqrt(2))
    assert spread([[1.0, np.nan], [1.0, 3.0]]).model == pytest.approx(np.sqrt(2))
    assert spread([[0.0, 9.0], [9.0, 0.0]]).split == 0
