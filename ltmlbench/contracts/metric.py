"""Metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats
from ltmlbench.contracts.component import Component


class Metric(Component, ABC):
    """A number from N×C labels and N×C scores in 0..1; NaN where it is undefined.

    >>> class Decided(Metric):
    ...     def __call__(self, Y, scores):
    ...         return float((np.asarray(scores) > 0.5).mean())
    >>> Decided()([[1, 0]], [[0.9, 0.2]])
    0.5
    """

    kind: ClassVar[str] = "metric"

    @abstractmethod
    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float: ...


class LabelMetric(Metric):
    """A metric defined per label; the whole is the mean over labels where it is defined."""

    @abstractmethod
    def per_label(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> Floats:
        """C values, NaN where undefined."""

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        values = self.per_label(Y, scores)
        defined = values[~np.isnan(values)]
        return float(defined.mean()) if len(defined) else float("nan")
