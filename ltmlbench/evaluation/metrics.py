"""The general metrics: what any multi-label data set can be evaluated with."""

from __future__ import annotations

import numpy.typing as npt
from pydantic import Field

from ltmlbench.arrays import Floats
from ltmlbench.contracts import LabelMetric, Metric
from ltmlbench.evaluation.ranking import average_precision, f1, roc_auc
from ltmlbench.evaluation.resampling import Resamples
from ltmlbench.inputs import truth_and_scores

_THRESHOLD = Field(0.5, ge=0, le=1, description="a label is decided on if its score is above this")


class MeanAveragePrecision(LabelMetric):
    """Mean over labels of the average precision (not interpolated, ties as one threshold).

    A label without positives is undefined.
    """

    def per_label(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> Floats:
        return average_precision(*truth_and_scores(Y, scores))

    def labels_resampled(self, resamples: Resamples) -> Floats:
        return resamples.average_precision()


class MacroAUC(LabelMetric):
    """Mean over labels of the area under the ROC curve.

    A label without positives, or without negatives, is undefined.
    """

    def per_label(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> Floats:
        return roc_auc(*truth_and_scores(Y, scores))

    def labels_resampled(self, resamples: Resamples) -> Floats:
        return resamples.roc_auc()


class MacroF1(LabelMetric):
    """Mean over labels of the F1 of the positive class.

    A label without positives is undefined. One that is never decided on has F1 0.
    """

    threshold: float = _THRESHOLD

    def per_label(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> Floats:
        truth, values = truth_and_scores(Y, scores)
        return f1(truth, values > self.threshold)

    def labels_resampled(self, resamples: Resamples) -> Floats:
        return resamples.f1(self.threshold)


class MicroF1(Metric):
    """F1 of the positive class over all N×C decisions; undefined if there is no positive at all.

    Not the flat accuracy that ``f1_score(average="micro")`` gives on a flattened binary vector.
    """

    threshold: float = _THRESHOLD

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        truth, values = truth_and_scores(Y, scores)
        return float(f1(truth.ravel(), values.ravel() > self.threshold))

    def resampled(self, resamples: Resamples) -> Floats:
        return resamples.micro_f1(self.threshold)
