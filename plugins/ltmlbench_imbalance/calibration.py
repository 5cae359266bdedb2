"""What can be done to the logits of a trained model without training it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ltmlbench.plugin import (
    Calibrate,
    Fit,
    Floats,
    LabelMatrix,
    Logits,
    Method,
    ModelStage,
    RequestError,
    Sampler,
    Task,
    load,
)


class PriorShift(Calibrate):
    """z − τ (logit π_seen − logit π): from the base rates a model was shown to those of the data.

    Args:
        sampler: by which it was shown them; None: as they are, and then z − τ logit π is logit
            adjustment after training (Menon et al., ICLR 2021, eq. 9).
    """

    sampler: Sampler | None = None
    tau: float = 1.0

    def fit(self, logits: Logits, truth: LabelMatrix, train: LabelMatrix) -> Mapping[str, Floats]:
        prior = _prior_logit(train)
        if self.sampler is None:
            return {"shift": -self.tau * prior}
        drawn = [self.sampler.order(train, seed=0, epoch=epoch) for epoch in range(4)]
        rows = np.concatenate(drawn)  # several epochs: what a label's share is on average
        seen = _prior_logit(train.take(rows))
        return {"shift": self.tau * (prior - seen)}

    def apply(self, logits: Logits, found: Mapping[str, Floats]) -> Floats:
        return np.asarray(logits + found["shift"])


class Temperature(Calibrate):
    """z / T, one T for all labels: that with the least cross-entropy on the validation rows (Guo et
    al., ICML 2017)."""

    def fit(self, logits: Logits, truth: LabelMatrix, train: LabelMatrix) -> Mapping[str, Floats]:
        from scipy.optimize import minimize_scalar

        _need(logits, "a temperature")
        z, y = logits.astype(np.float64), truth.dense

        def cross_entropy(log_t: float) -> float:
            scaled = z / np.exp(log_t)
            return float(np.logaddexp(0, np.where(y, -scaled, scaled)).mean())

        found = minimize_scalar(cross_entropy, bounds=(-3, 3), method="bounded")
        return {"temperature": np.exp(np.asarray([found.x]))}

    def apply(self, logits: Logits, found: Mapping[str, Floats]) -> Floats:
        return np.asarray(logits / found["temperature"])


class Thresholds(Calibrate):
    """z − t_c, where t_c decides label c best on the validation rows (F1), so that 0.5 does; ties
    and labels without a positive there: the threshold nearest to the model's own."""

    def fit(self, logits: Logits, truth: LabelMatrix, train: LabelMatrix) -> Mapping[str, Floats]:
        _need(logits, "thresholds")
        z = logits.astype(np.float64)
        best = [_best(z[:, c], truth.dense[:, c] > 0) for c in range(z.shape[1])]
        return {"threshold": np.array(best)}

    def apply(self, logits: Logits, found: Mapping[str, Floats]) -> Floats:
        return np.asarray(logits - found["threshold"])


def _need(logits: Logits, what: str) -> None:
    if len(logits) == 0:
        raise RequestError(f"{what} is fitted on validation rows: give --set validation=0.1")


def _best(z: Floats, y: npt.NDArray[np.bool_]) -> float:
    """The threshold with the highest F1, halfway between neighbouring logits."""
    if not y.any():
        return 0.0
    order = np.argsort(-z, kind="stable")
    falling, hits = z[order], np.cumsum(y[order])
    last = np.append(falling[1:] < falling[:-1], True)  # of the places that hold the same logit
    decided = np.flatnonzero(last) + 1
    f1 = 2 * hits[last] / (decided + y.sum())
    below = np.append(falling[decided[:-1]], falling[-1] - 2)
    cuts = (falling[decided - 1] + below) / 2
    best = cuts[f1 >= f1.max() - 1e-12]
    return float(best[np.abs(best).argmin()])


def _prior_logit(labels: LabelMatrix) -> Floats:
    """C: logit of the share of samples that have each label, kept finite."""
    n = max(len(labels), 2)
    share = labels.counts.clip(0.5, n - 0.5) / n
    return np.asarray(np.log(share) - np.log1p(-share))


class Calibrated(Method):
    """The row of another method, its logits mapped afterwards; nothing is trained again.

    - ``by=prior``: from the base rates its sampler showed it back to those of the data; of a method
      without a sampler of its own, logit adjustment after training.
    - ``by=adjustment``: z − τ logit π: rare labels are lifted.
    - ``by=temperature``: one temperature, for probabilities that mean what they say.
    - ``by=thresholds``: decisions, label by label.

    AUC and average precision of a label stay what they were: none of these changes its ranking.
    """

    base: str = Field("ib", description="any method, e.g. cb or focal[gamma=3]")
    by: Literal["prior", "adjustment", "temperature", "thresholds"] = Field(
        "thresholds", description="what is done to the logits"
    )
    tau: float = Field(1.0, description="strength of prior and adjustment")

    def plan(self, task: Task) -> ModelStage:
        model = load("method", self.base).plan(task)
        if self.by == "temperature":
            return Temperature(model=model)
        if self.by == "thresholds":
            return Thresholds(model=model)
        sampler = model.sampler if isinstance(model, Fit) and self.by == "prior" else None
        if isinstance(sampler, tuple):
            raise RequestError(f"{self.base!r} draws by two samplers: by=prior cannot undo both")
        return PriorShift(model=model, sampler=sampler, tau=self.tau)
