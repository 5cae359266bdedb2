"""Mean, spread and interval over the runs (folds × seeds) of a row of the table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
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


class Spread(NamedTuple):
    """Standard deviations of one cell of the table, apart.

    Attributes:
        split: between folds, that of the seeds taken out.
        model: between seeds of one fold.
    """

    split: float
    model: float


def spread(values: npt.ArrayLike) -> Spread:
    """How much of the spread over runs is the split's and how much the training's: the components
    of variance of a one-way layout (method of moments; a negative one is 0).

    Args:
        values: folds × seeds; NaN where there is no run.

    Returns:
        NaN for ``model`` where no fold has two seeds, and for ``split`` with fewer than two folds;
        without ``model``, ``split`` holds both.
    """
    given = np.asarray(values, dtype=np.float64)
    folds = [fold[~np.isnan(fold)] for fold in given]
    folds = [fold for fold in folds if len(fold)]
    within = sum(len(fold) - 1 for fold in folds)
    model = math.nan
    if within:
        model = sum(float(((fold - fold.mean()) ** 2).sum()) for fold in folds) / within
    split = math.nan
    if len(folds) > 1:
        means = np.array([fold.mean() for fold in folds])
        noise = model * np.mean([1 / len(fold) for fold in folds]) if within else 0.0
        split = max(float(means.var(ddof=1)) - float(noise), 0.0)
    return Spread(math.sqrt(split), math.sqrt(model))
