"""Whether a difference between two rows of the table is decided, and what could be decided at all.

Differences are paired: of the same test rows, trained on the same training rows. Folds share
training rows, so their differences are not independent, and the variance of a plain t-test is too
small by far. All tests here are two-sided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from ltmlbench.arrays import Floats

LEVEL = 0.05
POWER = 0.8


class Difference(NamedTuple):
    """A mean difference and how sure it is.

    Attributes:
        mean: the difference.
        low, high: its 95 % interval.
        p: two-sided, not adjusted; NaN where there is nothing to test with.
        error: standard error behind the interval.
        df: degrees of freedom; infinite for a bootstrap.
        n: folds it is the mean of.
    """

    mean: float
    low: float
    high: float
    p: float
    error: float
    df: float
    n: int

    @property
    def reversed(self) -> Difference:
        """The other row minus this one."""
        return self._replace(mean=-self.mean, low=-self.high, high=-self.low)


class Probabilities(NamedTuple):
    """Posterior probabilities that the true difference is below, within and above the region of
    practical equivalence."""

    worse: float
    same: float
    better: float


def corrected_t(differences: npt.ArrayLike, test_share: float) -> Difference:
    """Nadeau and Bengio's corrected resampled t-test and interval (Machine Learning 52, 2003).

    Standard error √((1/n + test/train) s²), n − 1 degrees of freedom. The second term stands for
    the training rows that folds share; without it the test finds differences where there are none.

    Args:
        differences: one per fold or per resampling; NaN is left out.
        test_share: rows of a test part per row of its training part, e.g. 1/2 for three folds.

    Returns:
        A difference with NaN for what two folds at least are needed for. If all differences are 0,
        p is 1. If they are equal and not 0, there is no spread to test with and p is NaN.
    """
    given = np.asarray(differences, dtype=np.float64)
    given = given[~np.isnan(given)]
    n = len(given)
    if n < 2:
        mean = float(given.mean()) if n else math.nan
        return Difference(mean, math.nan, math.nan, math.nan, math.nan, math.nan, n)
    mean, variance = float(given.mean()), float(given.var(ddof=1))
    if np.ptp(given) == 0:
        same = mean == 0
        bound = 0.0 if same else math.nan
        return Difference(mean, bound, bound, 1.0 if same else math.nan, bound, n - 1, n)
    error = math.sqrt((1 / n + test_share) * variance)
    half = float(stdtrit(n - 1, 1 - LEVEL / 2)) * error
    p = 2 * float(stdtr(n - 1, -abs(mean) / error))
    return Difference(mean, mean - half, mean + half, p, error, n - 1, n)


def bootstrapped(observed: float, draws: npt.ArrayLike) -> Difference:
    """A difference on one test set, from its values in R resamples of the groups.

    Percentile interval. p is twice the smaller share of resamples on either side of 0, itself
    counted among them, so never below 2/(R+1). The training is taken as given: a repeated training
    on other rows or with another seed would differ by more.

    Args:
        observed: on the test set itself.
        draws: R values; NaN (a resample where the metric is undefined) is left out.
    """
    given = np.asarray(draws, dtype=np.float64)
    given = given[~np.isnan(given)]
    if math.isnan(observed) or len(given) < 2:
        return Difference(observed, math.nan, math.nan, math.nan, math.nan, math.inf, 1)
    low, high = np.quantile(given, [LEVEL / 2, 1 - LEVEL / 2])
    side = min(int((given <= 0).sum()), int((given >= 0).sum()))
    p = min(1.0, 2 * (side + 1) / (len(given) + 1))
    error = float(given.std(ddof=1))
    return Difference(observed, float(low), float(high), p, error, math.inf, 1)


def probabilities(difference: Difference, rope: float) -> Probabilities:
    """The Bayesian correlated t-test (Corani and Benavoli, Machine Learning 100, 2015).

    With flat priors and a correlation of test/(test + train) between folds, the posterior of the
    true difference is Student's t around the mean with the corrected standard error; for a
    bootstrap it is taken as normal.

    Args:
        rope: differences of at most this count as equivalent in practice.
    """
    if math.isnan(difference.error):
        return Probabilities(math.nan, math.nan, math.nan)
    if difference.error == 0:
        return Probabilities(0.0, 1.0, 0.0)
    from scipy import stats  # as below: half a second, and the table does without

    at = (np.array([-rope, rope]) - difference.mean) / difference.error
    below, within = stats.t.cdf(at, difference.df)
    return Probabilities(float(below), float(within - below), float(1 - within))


def holm(p: Sequence[float]) -> Floats:
    """p values adjusted for their number (Holm 1979), in the order given; NaN stays and is not
    counted. SciPy has no such function, and these lines are no reason to depend on statsmodels."""
    given = np.asarray(p, dtype=np.float64)
    order = np.argsort(given)[: int((~np.isnan(given)).sum())]  # NaN is sorted last
    factors = np.arange(len(order), 0, -1)
    adjusted = np.full(len(given), np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(given[order] * factors), 1)
    return adjusted


def smallest_difference(error: float, df: float, level: float = LEVEL) -> float:
    """The true difference that a two-sided test at ``level`` finds with a chance of 80 %.

    What a test set can resolve: of smaller differences most stay undecided.

    Args:
        error: standard error of the difference.
        df: its degrees of freedom; infinite: normal.
    """
    return error * _shift(df, level) if error > 0 else math.nan


@cache
def _shift(df: float, level: float) -> float:
    """The same in standard errors."""
    from scipy import stats
    from scipy.optimize import brentq

    if math.isinf(df):
        return float(stats.norm.ppf(1 - level / 2) + stats.norm.ppf(POWER))
    limit = float(stats.t.ppf(1 - level / 2, df))

    def missing(shift: float) -> float:
        return float(stats.nct.sf(limit, df, shift)) - POWER

    top = 2.0
    while missing(top) < 0:
        top *= 2
    return float(brentq(missing, 0.0, top))


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion of n independent trials (SciPy); NaN for n = 0."""
    if n == 0:
        return math.nan, math.nan
    from scipy import stats

    interval = stats.binomtest(hits, n).proportion_ci(1 - LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def rank_spans(better: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The places each of m rows can have: (2, 4) where only the order of second to fourth is open.

    Args:
        better: m×m; ``better[i, j]``: row i is decidedly better than row j.
    """
    m = len(better)
    return [(1 + int(better[:, i].sum()), m - int(better[i].sum())) for i in range(m)]
