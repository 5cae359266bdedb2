"""The metrics of the ODIR-2019 challenge, as its script computes them.

All are over the flattened N×C matrix; decisions are scores strictly above 0.5. With ten or so
negatives for each positive, flattened numbers reward knowing the base rates: read them beside the
floor rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import Floats, Metric, Resamples, cohen_kappa, roc_auc, truth_and_scores

THRESHOLD = 0.5


class OdirKappa(Metric):
    """Cohen's kappa of the N×C decisions; NaN where chance agreement is 1."""

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        truth, values = truth_and_scores(Y, scores)
        return float(cohen_kappa(truth.ravel(), values.ravel() > THRESHOLD))

    def resampled(self, resamples: Resamples) -> Floats:
        return resamples.kappa(THRESHOLD)


class OdirF1Micro(Metric):
    """The challenge's "F1": micro-averaged over both classes of the flattened decisions, which is
    their accuracy. Saying no to everything scores 1 - density (0.87 on ODIR-5K's eyes)."""

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        truth, values = truth_and_scores(Y, scores)
        right = truth == (values > THRESHOLD)
        return float(right.mean()) if right.size else float("nan")

    def resampled(self, resamples: Resamples) -> Floats:
        return resamples.accuracy(THRESHOLD)


class OdirAUC(Metric):
    """Area under the ROC curve of the flattened scores; NaN with only positives or negatives."""

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        truth, values = truth_and_scores(Y, scores)
        return float(roc_auc(truth.ravel(), values.ravel()))

    def resampled(self, resamples: Resamples) -> Floats:
        return resamples.flat_auc()


class OdirFinal(Metric):
    """The challenge's final score: the mean of kappa, "F1" and AUC."""

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        parts = [metric(Y, scores) for metric in (OdirKappa(), OdirF1Micro(), OdirAUC())]
        return float(np.mean(parts))

    def resampled(self, resamples: Resamples) -> Floats:
        metrics = (OdirKappa(), OdirF1Micro(), OdirAUC())
        mean: Floats = np.mean([metric.resampled(resamples) for metric in metrics], axis=0)
        return mean
