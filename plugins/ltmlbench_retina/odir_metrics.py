"""The metrics of the ODIR-2019 challenge, as its script computes them.

All are over the flattened N×C matrix; decisions are scores strictly above 0.5. With ten or so
negatives for each positive, flattened numbers reward knowing the base rates: read them beside the
floor rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ltmlbench.contracts import Metric


class OdirKappa(Metric):
    """Cohen's kappa of the N×C decisions; NaN where chance agreement is 1."""

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        truth, said = _decisions(Y, scores)
        agreement = float((truth == said).mean())
        p, q = float(truth.mean()), float(said.mean())
        chance = p * q + (1 - p) * (1 - q)
        return (agreement - chance) / (1 - chance) if chance < 1 else float("nan")


class OdirF1Micro(Metric):
    """The challenge's "F1": micro-averaged over both classes of the flattened decisions, which is
    their accuracy. Saying no to everything scores 1 - density (0.87 on ODIR-5K's eyes)."""

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        truth, said = _decisions(Y, scores)
        return float((truth == said).mean())


class OdirAUC(Metric):
    """Area under the ROC curve of the flattened scores; NaN with only positives or negatives."""

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        from scipy.stats import rankdata

        truth = np.asarray(Y, dtype=bool).ravel()
        positives, negatives = int(truth.sum()), int((~truth).sum())
        if not positives or not negatives:
            return float("nan")
        ranks = rankdata(np.asarray(scores, dtype=np.float64).ravel())
        area = ranks[truth].sum() - positives * (positives + 1) / 2
        return float(area / (positives * negatives))


class OdirFinal(Metric):
    """The challenge's final score: the mean of kappa, "F1" and AUC."""

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        parts = [metric(Y, scores) for metric in (OdirKappa(), OdirF1Micro(), OdirAUC())]
        return float(np.mean(parts))


def _decisions(
    Y: npt.ArrayLike, scores: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    return np.asarray(Y, dtype=bool).ravel(), (np.asarray(scores) > 0.5).ravel()
