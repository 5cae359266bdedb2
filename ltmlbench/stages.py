"""The vocabulary a method is written in: frozen descriptions of work.

A stage says what is to be done; its output is stored under its identity, so two runs that ask for
the same stage share it. Fields may hold other stages (its inputs) and components.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from ltmlbench.arrays import Floats, Logits, Rows
from ltmlbench.identity import canonical, digest
from ltmlbench.task import PARTS, Task

if TYPE_CHECKING:
    import torch

    from ltmlbench.training.network import Network


@dataclass(frozen=True)
class Work:
    """What a stage is given when it runs.

    Args:
        task: what all methods are given alike; the truth of the test rows is hidden in it.
        folder: where the stage writes its outputs; ``folder / "scratch"`` holds checkpoints,
            survives a stop and is not part of the artifact.
        input: the folder of an input stage's artifact.
        epoch: report progress, ``epoch(i, of, values)``.
    """

    task: Task
    folder: Path
    input: Callable[[Stage], Path]
    epoch: Callable[[int, int, Mapping[str, float]], None]

    def blind(self) -> Work:
        """The same work without the truth of the test rows, to hand to a model."""
        return replace(self, task=self.task.blind())


class Stage(BaseModel, ABC):
    """A piece of work. Subclass it, give it fields, and write `run`.

    ``version``: raise it when the same fields would give other results.
    ``depends``: the parts of the task that change the output; stages that leave one out (a trunk
    pre-trained on other data leaves out ``split``) are shared across it.
    ``shown``: files of the artifact for people to look at, copied to ``out/stages/``.
    ``sees_truth``: the truth of the test rows is not hidden from it. For stages that judge or show
    a model after it is trained; a `ModelStage` may not ask for it.
    ``stored_as``: the name in identities of a class that has moved since; its subclasses have
    their own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    version: ClassVar[int] = 1
    depends: ClassVar[frozenset[str]] = PARTS
    shown: ClassVar[tuple[str, ...]] = ()
    sees_truth: ClassVar[bool] = False
    stored_as: ClassVar[str]

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

    def trains_on(self, task: Task) -> int:
        """How many samples it shows to a network in training, roughly: for estimates of time and
        the choice of jobs."""
        return 0

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
            "stage": vars(cls).get("stored_as") or f"{cls.__module__}:{cls.__qualname__}",
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

    def handed(self, task: Task) -> Task:
        """The task as this stage may see it."""
        return task if self.sees_truth and not isinstance(self, ModelStage) else task.blind()


class ModelStage(Stage):
    """A stage whose output can score samples: what `Method.plan` returns."""

    @property
    def has_network(self) -> bool:
        """Whether `network` gives one: then galleries are drawn and its weights are recorded."""
        return False

    @abstractmethod
    def scores(self, work: Work, folder: Path, rows: Rows) -> Floats:
        """Scores in 0..1, len(rows)×C, from this stage's artifact in ``folder``."""

    def logits(self, work: Work, folder: Path, rows: Rows) -> Logits:
        """Logits len(rows)×C; those of the scores, unless the model has its own."""
        scores = np.clip(self.scores(work, folder, rows), 1e-7, 1 - 1e-7)
        return np.asarray(np.log(scores) - np.log1p(-scores), dtype=np.float32)

    def network(self, work: Work, folder: Path) -> Network | None:
        """The trained network, in evaluation mode, for those who look into it; None without one."""
        return None


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
    ``labels.npy`` (column indices), and ``prior.npy``, S float64: the share of positives of each of
    these labels among the rows that the teacher was trained on. In epoch e the student is taught
    view e mod V: the same random views that it sees itself (`ltmlbench.training.views`), as long as
    its sampler draws a row once per epoch; of a repeated row every copy is taught the first.
    """


def read_examples(folder: Path) -> tuple[Rows, Rows]:
    """(rows, labels) that an `ExamplesStage` left in ``folder``."""
    with np.load(folder / "examples.npz") as arrays:
        return arrays["rows"], arrays["labels"]
