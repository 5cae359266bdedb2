"""Metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats
from ltmlbench.contracts.component import Component
from ltmlbench.inputs import truth_and_scores

if TYPE_CHECKING:
    from ltmlbench.evaluation.resampling import Resamples


class Metric(Component, ABC):
    """A number from N×C labels and N×C scores in 0..1; NaN where it is undefined.

    ``higher_is_better``: which end of a column the table calls the best.

    Let `truth_and_scores` look at what is given: tensors, tables and a `LabelMatrix` become arrays,
    and logits or a label that is neither 0 nor 1 are a DataError instead of a wrong number.

    >>> class Decided(Metric):
    ...     def __call__(self, Y, scores):
    ...         truth, scores = truth_and_scores(Y, scores)
    ...         return float((scores > 0.5).mean())
    >>> Decided()([[1, 0]], [[0.9, 0.2]])
    0.5
    """

    kind: ClassVar[str] = "metric"
    higher_is_better: ClassVar[bool] = True

    def tuned(self, Y_val: npt.ArrayLike, scores_val: npt.ArrayLike) -> Self:
        """The metric with what it takes from the validation rows of the same run: thresholds.

        Asked once per run and unit, before the test rows are looked at. Without validation rows it
        is not asked, and the metric is used as it is. A metric that takes nothing is itself.

        Args:
            Y_val: M×C in {0, 1}.
            scores_val: M×C in 0..1.
        """
        return self

    @abstractmethod
    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float: ...

    def resampled(self, resamples: Resamples) -> Floats:
        """R values, one per resample of the groups of a test set.

        This one writes every resample out and calls the metric with it, whatever the metric is.
        Those that can take their sums from `Resamples` are hundreds of times faster.
        """
        return np.array([self(*resamples.sample(r)) for r in range(len(resamples))])


class LabelMetric(Metric):
    """A metric defined per label; the whole is the mean over labels where it is defined.

    `per_label` is given arrays that `truth_and_scores` has looked at when the metric is called.
    """

    @abstractmethod
    def per_label(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> Floats:
        """C values, NaN where undefined."""

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        values = self.per_label(*truth_and_scores(Y, scores))
        defined = values[~np.isnan(values)]
        return float(defined.mean()) if len(defined) else float("nan")

    def labels_resampled(self, resamples: Resamples) -> Floats:
        """R×C values, NaN where undefined; see `Metric.resampled`."""
        drawn = (resamples.sample(r) for r in range(len(resamples)))
        return np.stack([self.per_label(*truth_and_scores(*sample)) for sample in drawn])

    def resampled(self, resamples: Resamples) -> Floats:
        return mean_of_defined(self.labels_resampled(resamples))


def mean_of_defined(values: Floats) -> Floats:
    """R means of R×C values over what is defined (not NaN); NaN where nothing is."""
    defined = (~np.isnan(values)).sum(axis=1)
    undefined = np.full(len(values), np.nan)
    total = np.nansum(values, axis=1)
    mean: Floats = np.divide(total, defined, out=undefined, where=defined > 0)
    return mean
