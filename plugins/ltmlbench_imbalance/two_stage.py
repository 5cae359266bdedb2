"""Rows that train otherwise: a head on a frozen trunk, averaged weights, two samplers."""

from __future__ import annotations

from pydantic import Field

from ltmlbench.plugin import Fit, FrozenTrunk, Method, Task, load
from ltmlbench_imbalance.methods import fit


def on_frozen(whole: Fit, views: int) -> Fit:
    """The same training of the head alone, on stored features of the trunk as it would start."""
    trunk = FrozenTrunk(init=whole.init, views=views, pooled=whole.head.pools)
    return whole.model_copy(update={"init": trunk, "trains": "head"})


class ClassifierRetraining(Method):
    """cRT: the training of `ib`, then the head anew with class-aware sampling on the frozen trunk,
    its norms in evaluation (Kang et al., ICLR 2020; VITA-Group's LongTailCXR for several labels).

    The first stage is that of `ib`, which is trained once for both rows. Ours: the schedule of the
    second, and that it learns from features stored once (`ltmlbench.frozen.FrozenTrunk`) of the
    samples as they are, where the published code shows new random views in every epoch; with
    ``views=4`` it is shown those of four epochs.
    """

    loss: str = Field("bce", description="any loss, in both stages")
    sampler: str = Field("cb", description="any sampler, in the second stage")
    epochs: int = Field(4, ge=1, description="of the second stage")
    views: int = Field(0, ge=0, description="random views stored per sample; 0: as they are")

    def plan(self, task: Task) -> Fit:
        loss = load("loss", self.loss)
        schedule = task.schedule.model_copy(update={"epochs": self.epochs})
        start = {"init": fit(task, loss, "ib"), "schedule": schedule}
        return on_frozen(fit(task, loss, self.sampler).model_copy(update=start), self.views)


class LinearProbe(Method):
    """One linear layer on the trunk as it starts, which stays as it is: how far the backbone's own
    weights carry, and a floor for whatever trains them (Alain and Bengio, 2016).

    The trunk is in evaluation and sees every sample once (`ltmlbench.frozen.FrozenTrunk`).
    """

    loss: str = Field("bce", description="any loss")
    sampler: str = Field("ib", description="any sampler")
    epochs: int | None = Field(None, ge=1, description="as many as the other rows if not given")
    views: int = Field(0, ge=0, description="random views stored per sample; 0: as they are")

    def plan(self, task: Task) -> Fit:
        start: dict[str, object] = {"head": load("head", "linear")}
        if self.epochs is not None:
            start["schedule"] = task.schedule.model_copy(update={"epochs": self.epochs})
        plain = fit(task, load("loss", self.loss), self.sampler)
        return on_frozen(plain.model_copy(update=start), self.views)


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
