"""Mean, deviation and interval over runs, by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ltmlbench.evaluation.statistics import summarise


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
