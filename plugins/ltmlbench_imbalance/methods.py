"""The baselines of the comparison: one `Fit` each, differing only in loss and sampler.

A method takes its loss's options, so ``focal[gamma=3]`` and ``db[mu=0.2,sampler=ib]`` are rows.
"""

from __future__ import annotations

from pydantic import Field

from ltmlbench.plugin import Fit, Loss, Method, Task, load
from ltmlbench_imbalance.losses import (
    BinaryCrossEntropy,
    DistributionBalanced,
    DistributionBalancedOptions,
    Focal,
    FocalOptions,
)


def fit(task: Task, loss: Loss, sampler: str) -> Fit:
    """One network trained with a loss and a sampler, with the head of the benchmark."""
    return Fit(
        loss=loss,
        sampler=load("sampler", sampler),
        head=load("head", task.head),
    )


class Bce(Method):
    """Binary cross-entropy."""

    sampler: str = Field("ib", description="any sampler")

    def plan(self, task: Task) -> Fit:
        return fit(task, BinaryCrossEntropy(), self.sampler)


class InstanceBalancedSampling(Method):
    """Every sample once per epoch, shuffled: the ordinary way, and the row to beat."""

    loss: str = Field("bce", description="any loss")

    def plan(self, task: Task) -> Fit:
        return fit(task, load("loss", self.loss), "ib")


class ClassBalancedSampling(Method):
    """Class-aware sampling; as many samples per epoch as the other rows see."""

    loss: str = Field("bce", description="any loss")
    sampler: str = Field("cb", description="any sampler, e.g. cb[samples_per_class=1]")

    def plan(self, task: Task) -> Fit:
        return fit(task, load("loss", self.loss), self.sampler)


class RepeatFactorSampling(Method):
    """Repeat factor sampling: rows of rare labels several times per epoch (LVIS)."""

    loss: str = Field("bce", description="any loss")
    sampler: str = Field("rfs", description="any sampler, e.g. rfs[t=0.05]")

    def plan(self, task: Task) -> Fit:
        return fit(task, load("loss", self.loss), self.sampler)


class FocalLoss(FocalOptions, Method):
    """Focal loss."""

    sampler: str = Field("ib", description="any sampler")

    def plan(self, task: Task) -> Fit:
        options = self.model_dump(include=set(Focal.model_fields))
        return fit(task, Focal(**options), self.sampler)


class DbLoss(DistributionBalancedOptions, Method):
    """Distribution-balanced loss, with class-aware sampling as published; ``sampler=ib`` is the
    variant without."""

    sampler: str = Field("cb", description="any sampler")

    def plan(self, task: Task) -> Fit:
        options = self.model_dump(include=set(DistributionBalanced.model_fields))
        return fit(task, DistributionBalanced(**options), self.sampler)
