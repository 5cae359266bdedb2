"""Rows that train otherwise: a second stage for the head, averaged weights, two samplers."""

from __future__ import annotations

from pydantic import Field

from ltmlbench.plugin import Fit, Method, Task, load
from ltmlbench_imbalance.methods import fit


class ClassifierRetraining(Method):
    """cRT: the training of `ib`, then the head anew with class-aware sampling on the frozen trunk,
    its norms in evaluation (Kang et al., ICLR 2020; VITA-Group's LongTailCXR for several labels).

    The first stage is that of `ib`, which is trained once for both rows. Schedule of the second:
    ours.
    """

    loss: str = Field("bce", description="any loss, in both stages")
    sampler: str = Field("cb", description="any sampler, in the second stage")
    epochs: int = Field(4, ge=1, description="of the second stage")

    def plan(self, task: Task) -> Fit:
        loss = load("loss", self.loss)
        first = fit(task, loss, "ib")
        schedule = task.schedule.model_copy(update={"epochs": self.epochs})
        second = {"init": first, "trains": "head", "schedule": schedule}
        return fit(task, loss, self.sampler).model_copy(update=second)


class AveragedWeights(Method):
    """A moving average of the weights is kept (EMA), after a warm-up; ``decay=0`` is the training
    itself."""

    decay: float = Field(0.999, ge=0, lt=1, description="share of the average kept at each step")
    loss: str = Field("bce", description="any loss")
    sampler: str = Field("ib", description="any sampler")

    def plan(self, task: Task) -> Fit:
        plain = fit(task, load("loss", self.loss), self.sampler)
        return plain.model_copy(update={"average": self.decay})


class TwoSamplers(Method):
    """Every step draws two batches, one by each sampler, and takes the mean of their losses (the
    uniform and the re-balanced branch of BBN, Zhou et al., CVPR 2020, on one network: ours)."""

    loss: str = Field("bce", description="any loss")
    first: str = Field("ib", description="any sampler; an epoch is as long as it draws")
    second: str = Field("cb", description="any sampler")

    def plan(self, task: Task) -> Fit:
        samplers = load("sampler", self.first), load("sampler", self.second)
        return fit(task, load("loss", self.loss), self.first).model_copy(
            update={"sampler": samplers}
        )
