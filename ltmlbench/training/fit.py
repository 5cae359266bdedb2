"""How a `Fit` is trained, and prediction with what it trained.

Shapes: B batch, C labels, S image size.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file

from ltmlbench.contracts import Rows
from ltmlbench.errors import RequestError
from ltmlbench.evaluation.metrics import MeanAveragePrecision
from ltmlbench.labels import LabelMatrix
from ltmlbench.seeding import derive_seed
from ltmlbench.stages import Fit, Task, Work, read_examples
from ltmlbench.store import write_json
from ltmlbench.training.checkpoint import HistoryRow
from ltmlbench.training.loop import train
from ltmlbench.training.network import Network, autocast, build_network
from ltmlbench.training.views import views


@dataclass(frozen=True)
class Lesson:
    """What a `Fit` learns: rows of ``task.samples``, label columns, and their label matrix."""

    rows: Rows
    columns: Rows
    labels: LabelMatrix


def lesson_of(stage: Fit, work: Work) -> Lesson:
    """All training rows and labels, or those the stage's `ExamplesStage` chose."""
    task = work.task
    if stage.examples is None:
        return Lesson(task.split.train, np.arange(task.labels.n_labels), task.labels)
    rows, columns = read_examples(work.input(stage.examples))
    labels = task.labels.take(rows).select(columns.tolist())
    return Lesson(task.split.train[rows], columns, labels)


def fit(stage: Fit, work: Work) -> None:
    """Runs a `Fit`: trains, resuming from its checkpoint, and writes its artifact."""
    task, schedule = work.task, work.task.schedule
    lesson = lesson_of(stage, work)
    network = _network(stage, task, lesson.labels.n_labels)
    if stage.init is not None:
        start = stage.init.trunk_weights(work.input(stage.init))
        network.trunk.load_state_dict(dict(start))
    objective = _objective(stage, work, lesson)
    labels = task.samples.labels.select(lesson.columns.tolist())
    targets = torch.from_numpy(labels.dense.astype(np.float32)).to(task.numerics.device)
    order_seed = derive_seed(task.seed, "order")

    def losses(epoch: int) -> Iterator[tuple[torch.Tensor, int]]:
        order = lesson.rows[stage.sampler.order(lesson.labels, seed=order_seed, epoch=epoch)]
        full = len(order) >= schedule.batch_size
        for rows, images in views(task, network.trunk, order, epoch, drop_last=full):
            with autocast(task.numerics):
                logits = network(images)
            taught = targets[torch.from_numpy(rows).to(logits.device)]
            yield objective(rows, epoch, logits, taught), len(rows)

    first = stage.sampler.order(lesson.labels, seed=order_seed, epoch=0)
    history = train(
        network,
        losses,
        work,
        epochs=schedule.epochs,
        steps=max(1, len(first) // schedule.batch_size),
        seed=task.seed,
        after=lambda: _validate(task, lesson, network),
    )
    _write(work.folder, task, network, history)


Objective = Callable[[Rows, int, torch.Tensor, torch.Tensor], torch.Tensor]
"""(rows B of ``task.samples``, epoch, logits B×C, targets B×C) -> a scalar."""


def _objective(stage: Fit, work: Work, lesson: Lesson) -> Objective:
    """The loss against the labels, and what teachers say where there are any."""
    loss = stage.loss.bind(lesson.labels)
    if not stage.teaching:
        return lambda rows, epoch, logits, targets: loss(logits, targets)
    if stage.distillation is None:
        raise RequestError("a Fit with teaching needs a distillation loss")
    task = work.task
    folders = [work.input(taught) for taught in stage.teaching]
    said = [np.load(folder / "logits.npy", mmap_mode="r") for folder in folders]
    blocks = [np.load(folder / "labels.npy") for folder in folders]
    priors = [np.load(folder / "prior.npy") for folder in folders]
    distil = stage.distillation.bind(lesson.labels, blocks, priors)
    position = np.full(len(task.samples), -1, dtype=np.int64)
    position[task.split.train] = np.arange(len(task.split.train))

    def objective(
        rows: Rows, epoch: int, logits: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        at = position[rows]
        taught = [torch.from_numpy(all_[epoch % len(all_)][at]).to(logits.device) for all_ in said]
        return distil(loss(logits, targets), logits, targets, taught)

    return objective


def _network(stage: Fit, task: Task, n_labels: int) -> Network:
    seed = derive_seed(task.seed, "init")
    return build_network(task.backbone, stage.head, n_labels, task.numerics, seed)


def _logits(
    task: Task, network: Network, rows: Rows, epoch: int | None = None
) -> npt.NDArray[np.float32]:
    network.eval()
    logits = []
    with torch.inference_mode(), autocast(task.numerics):
        for _, images in views(task, network.trunk, rows, epoch):
            logits.append(network(images).float().cpu())
    return np.asarray(torch.cat(logits).numpy())


def _validate(task: Task, lesson: Lesson, network: Network) -> HistoryRow:
    rows = task.split.val
    if len(rows) == 0:
        return {}
    truth = task.samples.labels.take(rows).select(lesson.columns.tolist()).dense
    scores = 1 / (1 + np.exp(-_logits(task, network, rows)))
    return {"val_map": round(MeanAveragePrecision()(truth, scores), 4)}


def _write(folder: Path, task: Task, network: Network, history: list[HistoryRow]) -> None:
    state = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    save_file(state, folder / "model.safetensors")
    with open(folder / "history.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(history[0]))
        writer.writeheader()
        writer.writerows(history)
    write_json(
        folder / "network.json",
        {"weights": network.trunk.provenance, "numerics": dict(task.numerics.identity)},
    )


def trained(stage: Fit, work: Work, folder: Path) -> tuple[Network, Lesson]:
    """The network that a `Fit` left in ``folder``, and what it has learnt."""
    lesson = lesson_of(stage, work)
    network = _network(stage, work.task, lesson.labels.n_labels)
    network.load_state_dict(load_file(folder / "model.safetensors"))
    return network, lesson


def predict_logits(
    stage: Fit, work: Work, folder: Path, rows: Rows, epoch: int | None = None
) -> npt.NDArray[np.float32]:
    """Logits len(rows)×C of the network that a `Fit` left in ``folder``, for the pictures as they
    are, or for the random views of an epoch."""
    return _logits(work.task, trained(stage, work, folder)[0], rows, epoch)
