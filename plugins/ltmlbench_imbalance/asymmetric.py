"""Losses that treat positives and negatives differently. The formulas are in
`formulas.asymmetric`."""

from __future__ import annotations

from functools import partial
from typing import Literal

from pydantic import Field

from ltmlbench.plugin import Component, LabelMatrix, Loss, LossFn, ScheduledLossFn
from ltmlbench_imbalance.switching import Switching


class AsymmetricOptions(Component):
    """Options of ASL; the values of the authors' training script."""

    gamma_neg: float = Field(4.0, ge=0, description="how fast easy negatives fade")
    gamma_pos: float = Field(0.0, ge=0, description="how fast easy positives fade")
    clip: float = Field(0.05, ge=0, lt=1, description="m: negatives scored below this are ignored")
    grad: Literal["stopped", "flowing"] = Field(
        "stopped", description="whether gradients pass the focusing weights"
    )
    class_weight: Literal["none", "chexfusion"] = Field(
        "none", description="chexfusion: e^(1-share) for positives, e^share for negatives"
    )


class Asymmetric(AsymmetricOptions, Loss):
    """ASL: −y (1−p)^γ₊ log p − (1−y) p_m^γ₋ log(1−p_m), p_m = max(p − m, 0) (Ridnik et al., ICCV
    2021, eq. 4-6).

    ``grad=stopped`` is what the authors' training script does, ``flowing`` the default of their
    class. ``class_weight=chexfusion`` is the loss of the winner of CXR-LT 2023. The mean over
    elements is ours: the released code sums, so its learning rates do not carry over.
    """

    def bind(self, labels: LabelMatrix) -> LossFn:
        from ltmlbench.plugin import Elementwise
        from ltmlbench_imbalance.formulas.asymmetric import asymmetric
        from ltmlbench_imbalance.formulas.weighted import chexfusion_weights, shares

        formula = partial(
            asymmetric,
            gamma_neg=self.gamma_neg,
            gamma_pos=self.gamma_pos,
            clip=self.clip,
            stopped=self.grad == "stopped",
        )
        if self.class_weight == "none":
            return Elementwise(formula)
        return Elementwise(
            lambda logits, targets, share: (
                chexfusion_weights(share, targets) * formula(logits, targets)
            ),
            share=shares(labels).float(),
        )


class RobustAsymmetricOptions(Component):
    """Options of RAL; the released values."""

    gamma_neg: float = Field(4.0, ge=0, description="how fast easy negatives fade")
    gamma_pos: float = Field(0.0, ge=0, description="how fast easy positives fade")
    clip: float = Field(0.05, ge=0, lt=1, description="m: negatives scored below this are ignored")
    lamb: float = Field(1.5, gt=1, description="lambda of the Hill part of the negatives")
    epsilon_pos: float = Field(1.0, description="first term of the polynomial of positives")
    epsilon_pos_pow: float = Field(-2.5, description="second term of the polynomial of positives")
    epsilon_neg: float = Field(0.0, description="first term of the polynomial of negatives")


class RobustAsymmetric(RobustAsymmetricOptions, Loss):
    """RAL: ASL with a polynomial for positives and a Hill for negatives (Park et al., Robust
    Asymmetric Loss, ICCVW 2023, as released). The mean over elements is ours: theirs is a sum."""

    def bind(self, labels: LabelMatrix) -> LossFn:
        from ltmlbench.plugin import Elementwise
        from ltmlbench_imbalance.formulas.asymmetric import robust_asymmetric

        return Elementwise(partial(robust_asymmetric, **self.model_dump()))


class HillOptions(Component):
    """Options of the Hill loss; the released values."""

    lamb: float = Field(1.5, gt=1, description="lambda: where the hill of a negative ends")
    margin: float = Field(1.0, ge=0, description="taken from the logits of positives")
    gamma: float = Field(2.0, ge=0, description="how fast easy positives fade")


class Hill(HillOptions, Loss):
    """Hill loss: −y (1−p_m)^γ log p_m + (1−y) (λ−p) p², p_m = σ(z − margin) (Zhang et al., Simple
    and Robust Loss Design for Multi-Label Learning with Missing Labels, 2021)."""

    def bind(self, labels: LabelMatrix) -> LossFn:
        from ltmlbench.plugin import Elementwise
        from ltmlbench_imbalance.formulas.asymmetric import hill

        return Elementwise(partial(hill, **self.model_dump()))


class SplcOptions(Component):
    """Options of SPLC; the released values."""

    tau: float = Field(0.6, gt=0, lt=1, description="a negative scored above this is a positive")
    from_epoch: int = Field(1, ge=0, description="first epoch (from 0) that corrects labels")
    margin: float = Field(1.0, ge=0, description="taken from the logits of positives")
    gamma: float = Field(2.0, ge=0, description="how fast easy elements fade")


class Splc(SplcOptions, Loss):
    """SPLC: focal loss with a margin; from the second epoch on a negative scored above τ counts as
    a positive, since its label is probably missing (Zhang et al., 2021, eq. 9-10, as released)."""

    def bind(self, labels: LabelMatrix) -> ScheduledLossFn:
        from ltmlbench.plugin import Elementwise
        from ltmlbench_imbalance.formulas.asymmetric import self_paced_correction

        plain, corrected = (
            Elementwise(
                partial(
                    self_paced_correction,
                    tau=self.tau,
                    margin=self.margin,
                    gamma=self.gamma,
                    corrects=corrects,
                )
            )
            for corrects in (False, True)
        )
        return Switching(plain, corrected, lambda progress, epoch: epoch >= self.from_epoch)
