"""Rows of the table that differ from `ib` in their loss alone.

A row takes the options of its loss, so ``asl[gamma_neg=2]`` is a row of its own.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ltmlbench.plugin import Fit, Loss, Method, Task
from ltmlbench_imbalance.asymmetric import (
    Asymmetric,
    AsymmetricOptions,
    Hill,
    HillOptions,
    RobustAsymmetric,
    RobustAsymmetricOptions,
    Splc,
    SplcOptions,
)
from ltmlbench_imbalance.methods import fit
from ltmlbench_imbalance.pairwise import TwoWay, TwoWayOptions, Zlpr
from ltmlbench_imbalance.weighted import (
    ClassBalanced,
    ClassBalancedOptions,
    Ldam,
    LdamOptions,
    LogitAdjusted,
    LogitAdjustedOptions,
)


class LossRow(Method):
    """A network trained with one loss. Subclasses have the fields of the loss besides."""

    of: ClassVar[type[Loss]]

    sampler: str = Field("ib", description="any sampler")

    def plan(self, task: Task) -> Fit:
        options = self.model_dump(include=set(self.of.model_fields))
        return fit(task, self.of(**options), self.sampler)


class AsymmetricLoss(AsymmetricOptions, LossRow):
    """ASL: easy negatives fade faster than easy positives (see `ltmlbench info loss/asl`)."""

    of: ClassVar[type[Loss]] = Asymmetric


class RobustAsymmetricLoss(RobustAsymmetricOptions, LossRow):
    """RAL: ASL with polynomials (see `ltmlbench info loss/ral`)."""

    of: ClassVar[type[Loss]] = RobustAsymmetric


class HillLoss(HillOptions, LossRow):
    """Hill loss: negatives that score high pull less, they may be missing labels."""

    of: ClassVar[type[Loss]] = Hill


class SplcLoss(SplcOptions, LossRow):
    """SPLC: negatives that score high are taken for positives from the second epoch on."""

    of: ClassVar[type[Loss]] = Splc


class ClassBalancedFocal(ClassBalancedOptions, LossRow):
    """Focal loss weighted by the effective number of samples (see `ltmlbench info loss/cb-focal`
    for what the modes are)."""

    of: ClassVar[type[Loss]] = ClassBalanced


class LdamDrw(LdamOptions, LossRow):
    """LDAM with weights that set in late (DRW)."""

    of: ClassVar[type[Loss]] = Ldam


class LogitAdjustment(LogitAdjustedOptions, LossRow):
    """Logit adjustment while training; `calibrated[by=prior]` is the same afterwards."""

    of: ClassVar[type[Loss]] = LogitAdjusted


class TwoWayLoss(TwoWayOptions, LossRow):
    """Two-way loss: ranks within samples and within labels; what is above 0.5 means little before
    it is calibrated."""

    of: ClassVar[type[Loss]] = TwoWay


class ZlprLoss(LossRow):
    """ZLPR: ranks the labels of a sample about zero."""

    of: ClassVar[type[Loss]] = Zlpr
