"""`Fit` and `Predict`: what most methods are written in.

torch is imported where a network is at hand, so that a plan costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from ltmlbench.arrays import Floats, Logits, Rows
from ltmlbench.contracts import Distillation, Head, Loss, Sampler, ScheduledLossFn
from ltmlbench.errors import DataError, Diverged, RequestError
from ltmlbench.frozen import FrozenTrunk
from ltmlbench.stages import ExamplesStage, LogitsStage, ModelStage, Stage, TrunkStage, Work
from ltmlbench.task import Schedule, Task

if TYPE_CHECKING:
    import torch

    from ltmlbench.training.checkpoint import HistoryRow
    from ltmlbench.training.fold import Batch, Lesson
    from ltmlbench.training.kept import Kept
    from ltmlbench.training.network import Network

Objective = Callable[["Batch", int, float, "torch.Tensor"], "torch.Tensor"]
"""(batch, epoch, progress in 0..1, logits B×C) -> a scalar, or B×C losses."""


class Fit(ModelStage, TrunkStage):
    """Trains one network on the training rows of the task.

    Args:
        sampler: which samples an epoch shows. Several: every step draws a batch by each, and the
            loss is the mean over them; the first decides how long an epoch is.
        init: where the trunk's weights come from; None: the backbone's own. A `FrozenTrunk` also
            has the trunk's features of the rows: with ``trains="head"`` the head learns from them.
        examples: the rows and labels to learn; None: all.
        teaching: what teachers say of the training rows.
        distillation: how the student learns from that.
        schedule: another than the task's: second stages, published protocols.
        trains: ``"head"``: the trunk stays as it is, its norms too; None: everything.
        average: decay of an average of the weights over the steps, which is what is kept.
        keep: ``"best"``: the weights of the epoch with the highest mAP on the validation rows;
            None: the last.

    Writes ``model.safetensors``, ``history.csv`` and ``network.json`` (where the initial weights
    came from, size, arithmetic).

    Raises:
        Diverged: the loss stops being finite.
        RequestError: the best epoch is asked for where no rows are held out to choose it, or
            together with an average.
    """

    stored_as: ClassVar[str] = "ltmlbench.stages:Fit"

    loss: Loss
    sampler: Sampler | tuple[Sampler, ...]
    head: Head
    init: TrunkStage | None = None
    examples: ExamplesStage | None = None
    teaching: tuple[LogitsStage, ...] | None = None
    distillation: Distillation | None = None
    schedule: Schedule | None = None
    trains: str | None = Field(None, pattern="^head$")
    average: float | None = Field(None, ge=0, lt=1)
    keep: str | None = Field(None, pattern="^best$")

    @property
    def has_network(self) -> bool:
        return True

    @property
    def title(self) -> str:
        on = f", {self.examples.title}" if self.examples else ""
        return f"fit {type(self.loss).__name__}{on}"

    def run(self, work: Work) -> None:
        from ltmlbench.training.fold import (
            epoch_order,
            initial_network,
            lesson_of,
            validate,
            write_model,
        )
        from ltmlbench.training.loop import train

        lesson = lesson_of(work, self.examples)
        network = initial_network(work, self.head, lesson.n_labels, self.init)
        if self.trains == "head":
            network.freeze_trunk()
        frozen = self.frozen
        learner = network if frozen is None else frozen.head_alone(work, network, self.head)
        kept = self._kept(work, learner)
        schedule = self.schedule or work.task.schedule
        first = epoch_order(work, self._samplers[0], lesson, epoch=0)
        steps = max(1, len(first) // schedule.batch_size)
        objective = self._objective(work, lesson)

        def losses(epoch: int) -> Iterator[tuple[torch.Tensor, int]]:
            return self._losses(work, learner, lesson, objective, epoch, steps)

        history = train(
            learner if kept is None else kept,
            losses,
            work,
            schedule=schedule,
            steps=steps,
            seed=work.task.seed,
            stepped=kept.stepped if kept else lambda: None,
            after=lambda: _validated(kept, lambda: validate(work, learner, lesson)),
        )
        with kept.applied() if kept else nullcontext():
            write_model(work, network, history)

    def _kept(self, work: Work, network: Network) -> Kept | None:
        """The copy of the weights that is written at the end in place of the last ones."""
        from ltmlbench.training.kept import Averaged, Best

        if self.keep is None:
            return None if self.average is None else Averaged(network, self.average)
        if self.average is not None:
            raise RequestError("a Fit keeps its best epoch or an average, not both")
        if not len(work.task.split.val):
            raise RequestError(
                "keep='best' chooses an epoch on validation rows, and none are held out: set "
                "validation above 0"
            )
        return Best(network)

    def trains_on(self, task: Task) -> int:
        if self.frozen is not None:
            return 0  # a head on stored features takes no time to speak of
        return len(task.split.train) * (self.schedule or task.schedule).epochs

    @property
    def frozen(self) -> FrozenTrunk | None:
        """The stage whose stored features the head is trained on."""
        return self.init if self.trains == "head" and isinstance(self.init, FrozenTrunk) else None

    @property
    def _samplers(self) -> tuple[Sampler, ...]:
        return self.sampler if isinstance(self.sampler, tuple) else (self.sampler,)

    def _losses(
        self,
        work: Work,
        network: Network,
        lesson: Lesson,
        objective: Objective,
        epoch: int,
        steps: int,
    ) -> Iterator[tuple[torch.Tensor, int]]:

        import torch

        from ltmlbench.training.fold import epoch_batches, epoch_order
        from ltmlbench.training.network import autocast

        schedule = self.schedule or work.task.schedule
        streams = [
            epoch_batches(
                work,
                network,
                lesson,
                epoch_order(work, sampler, lesson, epoch, stream),
                epoch,
                schedule.batch_size,
            )
            for stream, sampler in enumerate(self._samplers)
        ]
        for step, batches in enumerate(zip(*streams, strict=False)):
            progress = (epoch + step / steps) / schedule.epochs
            values = []
            for batch in batches:
                with autocast(work.task.numerics):
                    logits = network(batch.inputs)
                values.append(self._scalar(objective(batch, epoch, progress, logits)))
            mean = values[0] if len(values) == 1 else torch.stack(values).mean()
            yield mean, sum(len(batch.rows) for batch in batches)

    def _scalar(self, value: Any) -> torch.Tensor:
        """What a loss returned, if a network can be trained with it."""
        import torch

        what = ""
        if not isinstance(value, torch.Tensor):
            what = type(value).__name__
        elif value.ndim != 0:
            what = f"a tensor of shape {tuple(value.shape)}"
        elif not value.requires_grad:
            what = "a tensor without a gradient (detached, or a constant)"
        if what:
            loss = self.distillation if self.teaching else self.loss
            raise DataError(
                f"loss {type(loss).__module__}:{type(loss).__qualname__} returned {what}: with "
                "reduction='mean' a scalar tensor that depends on the logits is needed"
            )
        scalar: torch.Tensor = value
        return scalar

    def _objective(self, work: Work, lesson: Lesson) -> Objective:
        """The loss against the labels, and what teachers say where there are any."""
        loss = self.loss.bind(lesson.labels)
        scheduled = loss if isinstance(loss, ScheduledLossFn) else None

        def hard(batch: Batch, epoch: int, progress: float, logits: torch.Tensor) -> torch.Tensor:
            now = loss if scheduled is None else scheduled.at(progress, epoch)
            if self.teaching:  # which mixes every label by its own share
                return now(logits, batch.targets, reduction="none")
            return now(logits, batch.targets)

        if not self.teaching:
            return hard
        taught = self._taught(work, lesson)

        def soft(batch: Batch, epoch: int, progress: float, logits: torch.Tensor) -> torch.Tensor:
            return taught(batch, epoch, hard(batch, epoch, progress, logits), logits)

        return soft

    def _taught(
        self, work: Work, lesson: Lesson
    ) -> Callable[[Batch, int, torch.Tensor, torch.Tensor], torch.Tensor]:
        """(batch, epoch, B×C losses against the labels, logits) -> the loss with what teachers
        say."""
        import torch

        if self.distillation is None:
            raise RequestError("a Fit with teaching needs a distillation loss")
        task = work.task
        folders = [work.input(teacher) for teacher in self.teaching or ()]
        # teacher k: V views × N training rows × S labels
        said = [np.load(folder / "logits.npy", mmap_mode="r") for folder in folders]
        blocks = [np.load(folder / "labels.npy") for folder in folders]
        priors = [np.load(folder / "prior.npy") for folder in folders]
        distil = self.distillation.bind(lesson.labels, blocks, priors)
        position = np.full(len(task.samples), -1, dtype=np.int64)
        position[task.split.train] = np.arange(len(task.split.train))

        def loss(
            batch: Batch, epoch: int, hard: torch.Tensor, logits: torch.Tensor
        ) -> torch.Tensor:
            rows = position[batch.rows]
            taught = []
            for views in said:
                view = views[epoch % len(views)]
                taught.append(torch.from_numpy(view[rows]).to(logits.device))
            return distil(hard, logits, batch.targets, taught)

        return loss

    def scores(self, work: Work, folder: Path, rows: Rows) -> Floats:
        return 1 / (1 + np.exp(-self.logits(work, folder, rows).astype(np.float64)))

    def logits(self, work: Work, folder: Path, rows: Rows, epoch: int | None = None) -> Logits:
        """Logits len(rows)×C, for the samples as they are or for the random views of an epoch."""
        from ltmlbench.training.fold import network_logits

        return network_logits(work, self.network(work, folder), rows, epoch)

    def network(self, work: Work, folder: Path) -> Network:
        """The trained network, in evaluation mode, from this stage's artifact in ``folder``."""
        from ltmlbench.training.fold import lesson_of, read_model

        return read_model(work, self.head, lesson_of(work, self.examples).n_labels, folder)

    def trunk_weights(self, folder: Path) -> Mapping[str, torch.Tensor]:
        from ltmlbench.training.fold import trunk_state

        return trunk_state(folder)


def _validated(kept: Kept | None, validate: Callable[[], HistoryRow]) -> HistoryRow:
    """What is noted after an epoch: of the averaged weights where there are such."""
    from ltmlbench.training.kept import Averaged

    with kept.applied() if isinstance(kept, Averaged) else nullcontext():
        row = validate()
    if kept is not None:
        kept.judged(row.get("val_map", math.nan))
    return row


class Predict(Stage):
    """Scores of the validation and test rows by a fitted model.

    Writes ``predictions.parquet``: ``id``, ``group``, ``part`` ("val" or "test"), then per label
    its truth ``y:<label>`` and score ``p:<label>`` (float64).

    Raises:
        Diverged: a score is not finite.
        DataError: the scores are not len(rows)×C in 0..1.
    """

    version: ClassVar[int] = 2
    sees_truth: ClassVar[bool] = True
    stored_as: ClassVar[str] = "ltmlbench.stages:Predict"

    model: ModelStage

    @property
    def title(self) -> str:
        return "predict"

    def run(self, work: Work) -> None:
        import pandas as pd

        task = work.task
        rows = np.concatenate([task.split.val, task.split.test])
        scores = self.model.scores(work.blind(), work.input(self.model), rows)
        labels = task.samples.labels
        scores = _checked(scores, (len(rows), labels.n_labels))
        truth = labels.take(rows).dense
        columns: dict[str, Any] = {
            "id": [task.samples.ids[row] for row in rows],
            "group": [task.samples.groups[row] for row in rows],
            "part": ["val"] * len(task.split.val) + ["test"] * len(task.split.test),
        }
        columns |= {f"y:{name}": truth[:, c] for c, name in enumerate(labels.names)}
        columns |= {f"p:{name}": scores[:, c] for c, name in enumerate(labels.names)}
        pd.DataFrame(columns).to_parquet(work.folder / "predictions.parquet", index=False)


def _checked(scores: Any, shape: tuple[int, int]) -> Floats:
    """The scores as float64, if they are such."""
    try:
        values = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"the model's scores are no numbers: {type(scores).__name__}") from None
    if values.shape != shape:
        raise DataError(
            f"the model's scores have shape {values.shape}, not {shape}: a row per sample, a "
            "column per label"
        )
    if bad := int((~np.isfinite(values)).sum()):
        raise Diverged(f"{bad} of {values.size} scores are NaN or infinite: the model diverged")
    if values.size and (values.min() < 0 or values.max() > 1):
        raise DataError(
            f"the model's scores lie in {values.min():.3g}..{values.max():.3g}, not in 0..1: "
            "ModelStage.scores returns probabilities, not logits"
        )
    return values
