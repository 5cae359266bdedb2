"""What every method of one fold, seed and backbone is given alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from ltmlbench.contracts import Backbone, Feed
from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import Split
from ltmlbench.identity import canonical, digest, edition
from ltmlbench.labels import LabelMatrix

LOOP = "v1"
"""How `ltmlbench.training` follows a schedule; part of the identity: to be changed when the same
schedule gives other numbers."""


class Schedule(BaseModel):
    """How a network is trained: linear warm-up to the peak rate, then decay to zero.

    ``optimizer``, ``momentum`` and ``decay`` enter an identity only where they are not the
    default, so results from before these options existed stay valid.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    epochs: int = Field(8, ge=1, le=100_000, description="passes over the training rows")
    batch_size: int = Field(32, ge=1, le=1_000_000, description="samples per step")
    lr: float = Field(1e-3, gt=0, description="peak learning rate")
    weight_decay: float = Field(0.01, ge=0, description="weight decay; none on biases and norms")
    warmup: float = Field(0.1, ge=0, lt=1, description="share of the steps that warm up")
    clip: float = Field(1.0, gt=0, description="gradient norm is clipped to this")
    optimizer: Literal["adamw", "sgd"] = Field("adamw", description="adamw, or sgd with momentum")
    momentum: float = Field(0.9, ge=0, lt=1, description="of sgd")
    decay: Literal["cosine", "constant"] = Field("cosine", description="after the warm-up")

    _since: ClassVar[frozenset[str]] = frozenset({"optimizer", "momentum", "decay"})

    @property
    def identity(self) -> Mapping[str, Any]:
        """The options, without newer ones that are at their default."""
        fields = type(self).model_fields
        values = {name: getattr(self, name) for name in fields}
        return {
            name: value
            for name, value in values.items()
            if name not in self._since or value != fields[name].default
        }


@dataclass(frozen=True)
class Numerics:
    """What the arithmetic runs on; part of the identity, because it changes the numbers."""

    device: str = "cpu"
    dtype: str = "float32"
    channels_last: bool = True

    @property
    def identity(self) -> Mapping[str, Any]:
        """Which GPU of several it is changes no number."""
        return {"device": self.device.partition(":")[0], "dtype": self.dtype,
                "channels_last": self.channels_last}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Other data to pre-train on: pictures with grades or masks (`Samples.extras`).

    Args:
        name: as the user typed it.
        feed: how its samples are made ready.
    """

    name: str
    samples: Samples
    feed: Feed


@dataclass(frozen=True)
class Task:
    """What every method of one fold, seed and backbone is given alike.

    Args:
        samples: all samples; a split names rows of it.
        feed: how they become batches.
        head: the head that methods use unless they bring their own.
        seed: the base seed of the run.
        sources: other data to pre-train on; no sample of the benchmark is among it.
    """

    samples: Samples
    split: Split
    backbone: Backbone
    schedule: Schedule
    numerics: Numerics
    feed: Feed
    seed: int
    head: str = "linear"
    sources: tuple[Source, ...] = ()

    @property
    def labels(self) -> LabelMatrix:
        """The label matrix of the training rows, in the order of ``split.train``."""
        return self.samples.labels.take(self.split.train)

    def blind(self) -> Task:
        """The same task without the truth of its test rows: what plans and stages are handed."""
        return replace(self, samples=self.samples.without_truth(self.split.test))

    def identity(self, part: str) -> Any:
        """The canonical form of one of `PARTS`; made once, for every stage of the task asks."""
        if part not in self._identities:
            self._identities[part] = _PARTS[part](self)
        return self._identities[part]

    @cached_property
    def _identities(self) -> dict[str, Any]:
        return {}


def _content(samples: Samples, feed: Feed) -> dict[str, Any]:
    reader = edition(feed)
    key = {"reader": reader, "key": feed.key(samples)} if reader else feed.key(samples)
    return {"samples": samples.fingerprint, "feed": digest(key)}


_PARTS: Mapping[str, Callable[[Task], Any]] = {
    "data": lambda task: _content(task.samples, task.feed),
    "evidence": lambda task: task.samples.evidence_fingerprint,
    "covariates": lambda task: task.samples.covariates_fingerprint,
    "split": lambda task: task.split.fingerprint,
    "backbone": lambda task: canonical(task.backbone),
    "schedule": lambda task: {"loop": LOOP, **canonical(task.schedule.identity)},
    "views": lambda task: canonical(task.feed.views),
    "numerics": lambda task: canonical(task.numerics.identity),
    "seed": lambda task: task.seed,
    "sources": lambda task: [
        {
            **_content(source.samples, source.feed),
            "structures": list(source.samples.structures),
            "extras": {k: digest(v.tolist()) for k, v in sorted(source.samples.extras.items())},
        }
        for source in task.sources
    ],
}
PARTS = frozenset(_PARTS) - {"sources", "evidence", "covariates"}
"""The parts of a task a stage depends on unless it says otherwise."""
