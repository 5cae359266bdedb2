"""Mean, spread and interval over the runs (folds × seeds) of a row of the table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from scipy.special import stdtrit


def summarise(results: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row per combination of ``by``, in order of first appearance.

    Undefined values (NaN) and failed runs, which have no row, are left out; ``n`` says so.

    Args:
        results: tidy results with the columns ``by`` and ``value``.
        by: what stays apart, e.g. ``["method", "backbone", "unit", "metric", "label"]``.

    Returns:
        Columns ``by`` and: ``mean``; ``std`` (ddof=1, NaN for n = 1); ``n``, the number of defined
        values; ``ci_low``, ``ci_high``, the 95 % interval of the mean, mean ± t(0.975, n−1)·std/√n.
        The interval takes the runs as independent. Folds share training rows, so it is too narrow
        for them: it describes, it does not test.
    """
    values = results.groupby(list(by), sort=False, dropna=False, observed=True)["value"]
    summary = values.agg(mean="mean", std="std", n="count").reset_index()
    several = summary["n"].where(summary["n"] > 1)
    half = stdtrit(several - 1, 0.975) * summary["std"] / several**0.5
    return summary.assign(ci_low=summary["mean"] - half, ci_high=summary["mean"] + half)
