"""Losses weighted by how often labels occur. The formulas are in `formulas.weighted`."""

from __future__ import annotations

from functools import partial
from typing import Literal

from pydantic import Field

from ltmlbench.plugin import Component, LabelMatrix, Loss, LossFn, ScheduledLossFn
from ltmlbench_imbalance.switching import Switching


class ClassBalancedOptions(Component):
    """Options of the class-balanced loss."""

    mode: Literal["by_class", "average_w", "average_n", "min_n", "positives"] = Field(
        "by_class", description="what the weight of a sample with several labels is"
    )
    beta: float = Field(0.9999, ge=0, lt=1, description="0 weighs all labels alike, near 1 by 1/n")
    gamma: float = Field(2.0, ge=0, description="of the focal part; 0 leaves it out")
    balance: float = Field(1.0, gt=0, description="factor of the loss; 2 in the code of DB loss")
    normalised: bool = Field(True, description="weights of the labels sum to their number")


class ClassBalanced(ClassBalancedOptions, Loss):
    """CB loss: w · (1−p_t)^γ · BCE with w(n) = (1−β)/(1−β^n) (Cui et al., CVPR 2019).

    That paper has one label per sample; public codes for several labels differ, so the way is an
    option: ``by_class`` w(n_c) per label; ``average_w`` mean of w over a sample's labels;
    ``average_n`` w of their mean count; ``min_n`` w of the rarest; ``positives`` sum of w over
    them.
    """

    def bind(self, labels: LabelMatrix) -> LossFn:
        import torch

        from ltmlbench.plugin import Elementwise
        from ltmlbench_imbalance.formulas.weighted import class_balanced

        formula = partial(
            class_balanced,
            beta=self.beta,
            mode=self.mode,
            gamma=self.gamma or None,
            balance=self.balance,
            normalised=self.normalised,
        )
        return Elementwise(formula, counts=torch.tensor(labels.counts, dtype=torch.float32))


class LdamOptions(Component):
    """Options of LDAM with deferred re-weighting."""

    margin: float = Field(0.5, ge=0, description="margin of the rarest label")
    scale: float = Field(1.0, gt=0, description="s; 30 with normalised heads alone")
    share: float = Field(0.8, ge=0, le=1, description="share of the steps before weights set in")
    beta: float = Field(0.9999, ge=0, lt=1, description="of the weights by effective number")


class Ldam(LdamOptions, Loss):
    """LDAM-DRW: w_c · BCE(s (z − y Δ_c)), Δ_c = Δ n_c^(−1/4) / max; the weights (effective number,
    sum C) set in after a share of the training (Cao et al., NeurIPS 2019).

    Sigmoids for several labels, s = 1 and the switch at 80 % of the steps are ours.
    """

    def bind(self, labels: LabelMatrix) -> ScheduledLossFn:
        import torch

        from ltmlbench.plugin import Elementwise
        from ltmlbench_imbalance.formulas.weighted import (
            effective_number_weights,
            label_distribution_aware,
            margins,
        )

        counts = torch.tensor(labels.counts, dtype=torch.float32)
        weights = effective_number_weights(counts, self.beta)
        formula = partial(label_distribution_aware, scale=self.scale)
        plain, weighted = (
            Elementwise(formula, margin=margins(counts, self.margin), weight=weight)
            for weight in (torch.ones_like(weights), len(weights) * weights / weights.sum())
        )
        return Switching(plain, weighted, lambda progress, epoch: progress >= self.share)


class LogitAdjustedOptions(Component):
    """Options of logit adjustment."""

    tau: float = Field(1.0, ge=0, description="strength of the adjustment; 0: BCE")


class LogitAdjusted(LogitAdjustedOptions, Loss):
    """Logit adjustment: BCE(z + τ logit π_c) (Menon et al., ICLR 2021, eq. 10; label by label is
    ours). Predictions use z alone, so a rare label is not held down by its base rate."""

    def bind(self, labels: LabelMatrix) -> LossFn:
        import torch

        from ltmlbench.plugin import Elementwise
        from ltmlbench_imbalance.formulas.weighted import logit_adjusted, shares

        adjustment = self.tau * torch.logit(shares(labels))
        return Elementwise(logit_adjusted, adjustment=adjustment.float())
