"""Losses as components. The formulas are in `functional`; torch is imported when one is bound."""

from __future__ import annotations

from functools import partial
from typing import Literal

from pydantic import Field

from ltmlbench.plugin import Component, LabelMatrix, Loss, LossFn


class BinaryCrossEntropy(Loss):
    """Binary cross-entropy."""

    def bind(self, labels: LabelMatrix) -> LossFn:
        from ltmlbench.plugin import Elementwise
        from ltmlbench_imbalance.formulas.basic import bce

        return Elementwise(bce)


class FocalOptions(Component):
    """Options of the focal loss."""

    gamma: float = Field(2.0, ge=0, description="how fast easy elements fade")
    alpha: float | None = Field(
        None, ge=0, le=1, description="weight of positives, 1 - alpha of negatives; unset: none"
    )


class Focal(FocalOptions, Loss):
    """Sigmoid focal loss (Lin et al., ICCV 2017). γ = 2 as there; no α by default (ours: α = 0.25
    was tuned for detection)."""

    def bind(self, labels: LabelMatrix) -> LossFn:
        from ltmlbench.plugin import Elementwise
        from ltmlbench_imbalance.formulas.basic import focal

        return Elementwise(partial(focal, gamma=self.gamma, alpha=self.alpha))


class DistributionBalancedOptions(Component):
    """Options of the distribution-balanced loss; the published values for VOC-MLT."""

    alpha: float = Field(0.1, ge=0, description="floor of the re-balancing weight")
    beta: float = Field(10.0, gt=0, description="steepness of the smoothing map")
    mu: float = Field(0.3, description="centre of the smoothing map")
    kappa: float = Field(0.05, ge=0, description="strength of the class-specific bias")
    neg_scale: float = Field(5.0, gt=0, description="lambda: tolerance for negatives")
    focal: bool = Field(True, description="with the focal part")
    gamma: float = Field(2.0, ge=0, description="gamma of the focal part")
    balance: float = Field(2.0, gt=0, description="factor of the focal part")
    bias: Literal["paper", "released"] = Field(
        "paper", description="released: the bias divided by neg_scale, as the published code has it"
    )


class DistributionBalanced(DistributionBalancedOptions, Loss):
    """DB loss: re-balanced weighting plus negative-tolerant regularisation (Wu et al., ECCV 2020,
    eq. 6-9). Predictions use the raw logits, without bias or scale."""

    def bind(self, labels: LabelMatrix) -> LossFn:
        from ltmlbench.plugin import Elementwise
        from ltmlbench_imbalance.formulas.basic import (
            distribution_balanced,
            inverse_counts,
            prior_logit,
        )

        scale = self.kappa / (self.neg_scale if self.bias == "released" else 1.0)
        formula = partial(
            distribution_balanced,
            alpha=self.alpha,
            beta=self.beta,
            mu=self.mu,
            neg_scale=self.neg_scale,
            gamma=self.gamma if self.focal else None,
            balance=self.balance,
        )
        return Elementwise(
            formula,
            inverse_counts=inverse_counts(labels).float(),
            bias=(scale * prior_logit(labels)).float(),
        )
