"""The vocabulary a method is written in: frozen descriptions of work, and `Fit`.

A stage says what is to be done; its output is stored under its identity, so two runs that ask for
the same stage share it. Fields may hold other stages (its inputs) and components.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from ltmlbench.contracts import Backbone, Distillation, Floats, Head, Loss, Rows, Sampler
from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import Split
from ltmlbench.identity import canonical, digest
from ltmlbench.labels import LabelMatrix

if TYPE_CHECKING:
    import torch

    from ltmlbench.training.network import Network


Logits = npt.NDArray[np.float32]


class Schedule(BaseModel):
    """How a network is trained: AdamW, linear warm-up, then cosine to zero."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(8, ge=1)
    batch_size: int = Field(32, ge=1)
    lr: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    warmup: float = Field(0.1, ge=0, lt=1, description="share of all steps")
    clip: float = Field(1.0, gt=0, description="gradient norm")


@dataclass(frozen=True)
class Numerics:
    """What the arithmetic runs on; part of the identity, because it changes the numbers."""

    device: str = "cpu"
    dtype: str = "float32"
    channels_last: bool = True

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"device": self.device.partition(":")[0], "dtype": self.dtype,
                "channels_last": self.channels_last}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Other data to pre-train on: pictures with grades or lesion masks (`Samples.extras`).

    Args:
        pixels, masks: .npy files N×S×S×3 and N×S×S×L; None while only planning, and where the
            samples have no masks.
    """

    name: str
    samples: Samples
    pixels_key: str
    pixels: Path | None = None
    masks: Path | None = None


@dataclass(frozen=True)
class Task:
    """What every method of one fold, seed and backbone is given alike.

    Args:
        samples: all samples; a split names rows of it.
        pixels: the decoded pictures, a .npy file of N×S×S×3 uint8; None while only planning.
        pixels_key: what the pictures were made from (part of the identity).
        augment: options of `ltmlbench.data.augment.Augment`.
        head: the head that methods use unless they bring their own.
        seed: the base seed of the run.
        sources: other data to pre-train on; no sample of the benchmark is among it.
    """

    samples: Samples
    split: Split
    backbone: Backbone
    schedule: Schedule
    numerics: Numerics
    pixels_key: str
    seed: int
    pixels: Path | None = None
    augment: Mapping[str, Any] = field(default_factory=dict)
    head: str = "linear"
    sources: tuple[Source, ...] = ()

    @property
    def labels(self) -> LabelMatrix:
        """The label matrix of the training rows, in the order of ``split.train``."""
        return self.samples.labels.take(self.split.train)

    def identity(self, part: str) -> Any:
        """The canonical form of one of `PARTS`."""
        return _PARTS[part](self)


_PARTS: Mapping[str, Callable[[Task], Any]] = {
    "data": lambda task: {"samples": task.samples.fingerprint, "pixels": task.pixels_key},
    "split": lambda task: task.split.fingerprint,
    "backbone": lambda task: canonical(task.backbone),
    "schedule": lambda task: canonical(task.schedule),
    "augment": lambda task: canonical(task.augment),
    "numerics": lambda task: canonical(task.numerics.identity),
    "seed": lambda task: task.seed,
    "sources": lambda task: [
        {
            "samples": source.samples.fingerprint,
            "pixels": source.pixels_key,
            "lesions": list(source.samples.lesions),
            "masks": digest(list(source.samples.mask_content)),
            "extras": {k: digest(v.tolist()) for k, v in sorted(source.samples.extras.items())},
        }
        for source in task.sources
    ],
}
PARTS = frozenset(_PARTS) - {"sources"}
"""The parts of a task a stage depends on unless it says otherwise."""


@dataclass(frozen=True)
class Work:
    """What a stage is given when it runs.

    Args:
        folder: where it writes its outputs; ``folder / "scratch"`` holds checkpoints, survives a
            stop and is not part of the artifact.
        input: the folder of an input stage's artifact.
        epoch: report progress, ``epoch(i, of, values)``.
    """

    task: Task
    folder: Path
    input: Callable[[Stage], Path]
    epoch: Callable[[int, int, Mapping[str, float]], None]


class Stage(BaseModel, ABC):
    """A piece of work. Subclass it, give it fields, and write `run`.

    ``version``: raise it when the same fields would give other results.
    ``depends``: the parts of the task that change the output; stages that leave one out (a trunk
    pre-trained on other data leaves out ``split``) are shared across it.
    ``shown``: files of the artifact for people to look at, copied to ``out/stages/``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    version: ClassVar[int] = 1
    depends: ClassVar[frozenset[str]] = PARTS
    shown: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def run(self, work: Work) -> None:
        """Does the work and writes its outputs into ``work.folder``."""

    @property
    def title(self) -> str:
        """A few words for progress displays."""
        return type(self).__name__.lower()

    def summary(self, folder: Path) -> str:
        """What came out, in a line for the report, from the artifact in ``folder``."""
        return ""

    def inputs(self) -> Iterator[Stage]:
        """The stages among the fields."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            for item in value if isinstance(value, tuple | list) else (value,):
                if isinstance(item, Stage):
                    yield item

    def preimage(self, task: Task) -> dict[str, Any]:
        """Everything the output depends on, as JSON; its sha256 is the identity."""

        def form(value: Any, name: str) -> Any:
            if isinstance(value, Stage):
                return {"stage": value.identity(task)}
            if isinstance(value, tuple | list):
                return [form(item, name) for item in value]
            return canonical(value, self, name)

        cls = type(self)
        return {
            "stage": f"{cls.__module__}:{cls.__qualname__}",
            "version": cls.version,
            "fields": {  # None is left out, so a new optional field changes no old identity
                name: form(value, name)
                for name in cls.model_fields
                if (value := getattr(self, name)) is not None
            },
            "task": {part: task.identity(part) for part in sorted(cls.depends)},
        }

    def identity(self, task: Task) -> str:
        """sha256 of the pre-image."""
        return digest(self.preimage(task))


class ModelStage(Stage):
    """A stage whose output can score samples: what `Method.plan` returns."""

    @abstractmethod
    def scores(self, work: Work, folder: Path, rows: Rows) -> Floats:
        """Scores in 0..1, len(rows)×C, from this stage's artifact in ``folder``."""


class TrunkStage(Stage):
    """A stage that leaves a trained trunk, for others to start from."""

    @abstractmethod
    def trunk_weights(self, folder: Path) -> Mapping[str, torch.Tensor]:
        """The state of `ltmlbench.training.network.Network.trunk`, from the artifact."""


class ExamplesStage(Stage):
    """A stage that says which training rows and which labels a network learns.

    Writes ``examples.npz``: ``rows`` (positions in ``split.train``, sorted) and ``labels`` (column
    indices). See `read_examples`.
    """


class LogitsStage(Stage):
    """A stage that leaves what a teacher says of the training rows.

    Writes ``logits.npy``, V×N×S float32 for V views of the N training rows and the S labels in
    ``labels.npy`` (column indices). In epoch e the student is taught view e mod V: the same random
    views that it sees itself (`ltmlbench.training.views`).
    """


def read_examples(folder: Path) -> tuple[Rows, Rows]:
    """(rows, labels) that an `ExamplesStage` left in ``folder``."""
    with np.load(folder / "examples.npz") as arrays:
        return arrays["rows"], arrays["labels"]


class Fit(ModelStage, TrunkStage):
    """Trains one network on the training rows of the task.

    Args:
        init: where the trunk's weights come from; None: the backbone's own.
        examples: the rows and labels to learn; None: all.
        teaching: what teachers say of the training rows.
        distillation: how the student learns from that.

    Writes ``model.safetensors``, ``history.csv`` and ``network.json`` (where the initial weights
    came from, size, arithmetic). Raises `ltmlbench.training.loop.Diverged` if the loss stops being
    finite.
    """

    loss: Loss
    sampler: Sampler
    head: Head
    init: TrunkStage | None = None
    examples: ExamplesStage | None = None
    teaching: tuple[LogitsStage, ...] | None = None
    distillation: Distillation | None = None

    @property
    def title(self) -> str:
        on = f", {self.examples.title}" if self.examples else ""
        return f"fit {type(self.loss).__name__}{on}"

    def run(self, work: Work) -> None:
        from ltmlbench.training.fit import fit

        fit(self, work)

    def scores(self, work: Work, folder: Path, rows: Rows) -> Floats:
        return 1 / (1 + np.exp(-self.logits(work, folder, rows).astype(np.float64)))

    def logits(self, work: Work, folder: Path, rows: Rows, epoch: int | None = None) -> Logits:
        """Logits len(rows)×C, for the pictures as they are or for the random views of an epoch."""
        from ltmlbench.training.fit import predict_logits

        return predict_logits(self, work, folder, rows, epoch)

    def network(self, work: Work, folder: Path) -> Network:
        """The trained network, in evaluation mode, from this stage's artifact in ``folder``."""
        from ltmlbench.training.fit import trained

        return trained(self, work, folder)[0].eval()

    def trunk_weights(self, folder: Path) -> Mapping[str, torch.Tensor]:
        from safetensors.torch import load_file

        state = load_file(folder / "model.safetensors")
        return {k[6:]: v for k, v in state.items() if k.startswith("trunk.")}


class Predict(Stage):
    """Scores of the validation and test rows by a fitted model.

    Writes ``predictions.parquet``: ``id``, ``group``, ``part`` ("val" or "test"), then per label
    its truth ``y:<label>`` and score ``p:<label>`` (float64).
    """

    version: ClassVar[int] = 2

    model: ModelStage

    @property
    def title(self) -> str:
        return "predict"

    def run(self, work: Work) -> None:
        import pandas as pd

        task = work.task
        rows = np.concatenate([task.split.val, task.split.test])
        scores = self.model.scores(work, work.input(self.model), rows)
        labels = task.samples.labels
        truth = labels.take(rows).dense
        columns: dict[str, Any] = {
            "id": [task.samples.ids[row] for row in rows],
            "group": [task.samples.groups[row] for row in rows],
            "part": ["val"] * len(task.split.val) + ["test"] * len(task.split.test),
        }
        columns |= {f"y:{name}": truth[:, c] for c, name in enumerate(labels.names)}
        columns |= {f"p:{name}": scores[:, c] for c, name in enumerate(labels.names)}
        pd.DataFrame(columns).to_parquet(work.folder / "predictions.parquet", index=False)
