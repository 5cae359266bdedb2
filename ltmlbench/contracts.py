"""The contracts a component fulfils.

A component is a frozen pydantic model: its fields are its options; validation, help texts and its
part of an identity come from them. The module that defines it imports torch only inside the
functions that need it, so that `ltmlbench info NAME` stays instant.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from ltmlbench.labels import LabelMatrix

if TYPE_CHECKING:
    import torch

    from ltmlbench.data.samples import Samples
    from ltmlbench.grid import Ended, Grid
    from ltmlbench.stages import ModelStage, Stage, Task, TrunkStage
    from ltmlbench.store import Store
    from ltmlbench.training.network import Trunk

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class Component(BaseModel):
    """Anything a plugin registers. Subclass one of the kinds below."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    kind: ClassVar[str]


class Dataset(Component, ABC):
    """Samples with many labels each.

    ``defaults`` are run settings that suit the data (``{"image_size": 64}``); the command line
    and a configuration file go before them.
    """

    kind: ClassVar[str] = "dataset"
    defaults: ClassVar[Mapping[str, Any]] = {}

    @abstractmethod
    def load(self, folder: Path | None) -> Samples:
        """Samples, labels and groups; no pixel is read yet.

        Raises:
            DataError: the folder is not this data set (one line: what, where, what to do).
        """

    def check(self, folder: Path | None) -> list[str]:
        """Problems of the folder, one line each; reads every file."""
        return list(self.load(folder).notes)

    def published(self) -> tuple[PublishedRow, ...]:
        """Numbers others printed for this data set, to stand beside ours."""
        return ()

    def remarks(self, run: Mapping[str, Any], samples: Samples) -> list[str]:
        """How a run (its resolved configuration) differs from the published protocol."""
        return []


class PublishedRow(BaseModel):
    """One row of a published table; ``values``: our metric -> (mean, std) as printed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    backbone: str
    method: str
    values: Mapping[str, tuple[float, float]]
    note: str = ""


class LossFn(Protocol):
    """A loss bound to the training labels: a pure function."""

    def __call__(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor | None = None,
        *,
        reduction: str = "mean",
    ) -> torch.Tensor:
        """Loss of B×C ``logits`` against B×C ``targets`` in {0, 1}.

        Args:
            weights: B sample weights, or None.
            reduction: ``"mean"`` over all B×C elements, or ``"none"`` (B×C).
        """


class Loss(Component, ABC):
    kind: ClassVar[str] = "loss"

    @abstractmethod
    def bind(self, labels: LabelMatrix) -> LossFn:
        """The loss for data whose training labels are ``labels``."""


class DistillFn(Protocol):
    """A distillation loss bound to the training labels: a pure function."""

    def __call__(
        self,
        hard: torch.Tensor,
        logits: torch.Tensor,
        targets: torch.Tensor,
        taught: Sequence[torch.Tensor],
    ) -> torch.Tensor:
        """The whole loss of the student, a scalar.

        Args:
            hard: the mean loss against the labels.
            logits: B×C, of the student; gradients flow into these alone.
            targets: B×C in {0, 1}.
            taught: one per teacher, B×S logits for its labels.
        """


class Distillation(Component, ABC):
    kind: ClassVar[str] = "distillation"

    @abstractmethod
    def bind(
        self, labels: LabelMatrix, blocks: Sequence[Rows], priors: Sequence[Floats]
    ) -> DistillFn:
        """The loss for a student of all ``labels``.

        Args:
            labels: the student's training labels.
            blocks: one per teacher: the S labels (column indices) it knows.
            priors: one per teacher: the share of positives per label among what it was trained on.
        """


class Sampler(Component, ABC):
    kind: ClassVar[str] = "sampler"

    @abstractmethod
    def order(self, labels: LabelMatrix, *, seed: int, epoch: int) -> Rows:
        """Row indices of one epoch, in order. The same arguments give the same order."""


class SubsetGenerator(Component, ABC):
    kind: ClassVar[str] = "subsets"

    @abstractmethod
    def generate(
        self, labels: LabelMatrix, *, prototypes: Floats | None = None, seed: int = 0
    ) -> tuple[tuple[int, ...], ...]:
        """Label subsets (column indices). ``prototypes``: C×D mean features of the labels."""

    def count(self, labels: LabelMatrix, *, seed: int = 0) -> int:
        """How many subsets `generate` gives, whatever the prototypes: a method plans a teacher for
        each before there are any."""
        return len(self.generate(labels, seed=seed))


class Backbone(Component, ABC):
    kind: ClassVar[str] = "backbone"

    @abstractmethod
    def resolve(self) -> Self:
        """The same backbone with every automatic choice (which weights) made and named."""

    @abstractmethod
    def build(self) -> Trunk:
        """The network B×3×H×W -> B×D×h×w feature maps, with its initial weights."""

    @property
    def label(self) -> str:
        """What tables call it."""
        return type(self).__name__


class Head(Component, ABC):
    kind: ClassVar[str] = "head"

    @abstractmethod
    def build(self, in_features: int, n_labels: int) -> torch.nn.Module:
        """A module B×D×h×w -> B×C logits.

        One that weights regions may have ``attention(features)``, B×1×h×w, which galleries show.
        """


class Pretraining(Component, ABC):
    kind: ClassVar[str] = "pretraining"

    @abstractmethod
    def plan(self, task: Task) -> TrunkStage:
        """The stage that leaves a trained trunk.

        Raises:
            RequestError: ``task.sources`` holds nothing it can learn from (one line).
        """


class Method(Component, ABC):
    """A row of the table. ``floor`` marks predictors that never see an image."""

    kind: ClassVar[str] = "method"
    floor: ClassVar[bool] = False

    @abstractmethod
    def plan(self, task: Task) -> ModelStage:
        """The stage whose output predicts the test rows, written in the stage vocabulary."""


class Metric(Component, ABC):
    """A number from N×C labels and N×C scores in 0..1; NaN where it is undefined."""

    kind: ClassVar[str] = "metric"

    @abstractmethod
    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float: ...


class LabelMetric(Metric):
    """A metric defined per label; the whole is the mean over labels where it is defined."""

    @abstractmethod
    def per_label(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> Floats:
        """C values, NaN where undefined."""

    def __call__(self, Y: npt.ArrayLike, scores: npt.ArrayLike) -> float:
        values = self.per_label(Y, scores)
        defined = values[~np.isnan(values)]
        return float(defined.mean()) if len(defined) else float("nan")


POINTING = (
    "label",
    "samples",
    "empty",
    "energy",
    "energy_uniform",
    "hits",
    "hits_uniform",
    "cells",
)
"""Columns of ``pointing.csv``, one row per label: ``samples`` that have the label and are looked
at; ``empty``, maps that are 0 everywhere; ``energy``, mean share of a map inside the lesion;
``hits``, share of maps whose strongest cell holds a part of it (both without the empty ones; empty
if there are no others); ``..._uniform``, the same of a map that is equal everywhere; ``cells``, the
size of a map, "7×7"."""


class Explanation(Component, ABC):
    """Where a trained network looks, as pictures, and as numbers where the place is known."""

    kind: ClassVar[str] = "explanation"

    @abstractmethod
    def plan(
        self,
        model: ModelStage,
        task: Task,
        *,
        samples: tuple[str, ...] = (),
        labels: tuple[str, ...] = (),
    ) -> Stage | None:
        """The stage that looks into ``model``, which is one of its inputs; None if there is no
        network to look into.

        It writes ``gallery.png``. With neither ``samples`` nor ``labels`` given, and where masks
        and `Protocol.evidence` say where to look, also ``pointing.csv``: one row per label, with
        the columns of `POINTING`.

        Args:
            samples: ids to show; none: test samples of its own choice, the same for every model of
                a split.
            labels: names of the labels to show; none: those a sample has.
        """


class Engine(Component, ABC):
    kind: ClassVar[str] = "engine"

    @abstractmethod
    def run(self, grid: Grid, store: Store, jobs: int, ended: Ended) -> None:
        """Executes the stages of the grid that are not stored, at most ``jobs`` at once.

        Calls ``ended`` in this process with the outcome of every stage (also of stored ones), once
        its inputs have ended. A stage that fails blocks only the stages that wait for it.
        """
