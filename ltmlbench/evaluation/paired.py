"""Whether a difference between two rows of the table is decided, and what could be decided at all.

Differences are paired: of the same test rows, trained on the same training rows. Folds share
training rows, so their differences are not independent, and the variance of a plain t-test is too
small by far. All tests here are two-sided.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, nctdtr, ndtr, ndtri, stdtr, stdtrit

from ltmlbench.arrays import Floats

LEVEL = 0.05
POWER = 0.8
STEP = 1e-6
FAR = 1e4
"""In standard errors. A limit beyond it (two folds, a thousand rows) is passed or not by the error
in the denominator of t alone, and SciPy's series for the noncentral t no longer converge."""


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
    at = (np.array([-rope, rope]) - difference.mean) / difference.error
    below, within = ndtr(at) if math.isinf(difference.df) else stdtr(difference.df, at)
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
    if math.isinf(df):
        return float(ndtri(1 - level / 2) + ndtri(POWER))
    limit = float(stdtrit(df, 1 - level / 2))
    if limit > FAR:
        return limit * math.sqrt(float(chdtri(df, 1 - POWER)) / df)
    steps = range(round((2 * limit + 2) / STEP))  # no shift need be larger, whatever df
    return bisect_left(steps, POWER, key=lambda i: 1 - float(nctdtr(df, i * STEP, limit))) * STEP


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion of n independent trials (JASA 22, 1927); NaN for
    n = 0. Every page asks for it, and the import of scipy.stats takes half a second."""
    if n == 0:
        return math.nan, math.nan
    share, z = hits / n, float(ndtri(1 - LEVEL / 2))
    middle = share + z**2 / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    whole = 1 + z**2 / n
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def rank_spans(better: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The places each of m rows can have: (2, 4) where only the order of second to fourth is open.

    Args:
        better: m×m; ``better[i, j]``: row i is decidedly better than row j.
    """
    m = len(better)
    return [(1 + int(better[:, i].sum()), m - int(better[i].sum())) for i in range(m)]
