"""What every training of a fold starts from and leaves behind, in parts that any stage can use.

A stage that trains a network of its own takes these in place of its own loading, seeding and
writing; then it starts from the weights that the other methods of the fold start from, and is shown
the samples in the same order and the same views. `ltmlbench.fit.Fit` is written with them.

Shapes: B batch, C labels, S image size.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from ltmlbench.arrays import Logits, Rows
from ltmlbench.contracts import Head, Sampler
from ltmlbench.errors import DataError
from ltmlbench.evaluation.metrics import MeanAveragePrecision
from ltmlbench.feeds.ready import Ready
from ltmlbench.labels import LabelMatrix
from ltmlbench.seeding import derive_seed
from ltmlbench.stages import ExamplesStage, TrunkStage, Work, read_examples
from ltmlbench.store import write_json
from ltmlbench.training.checkpoint import HistoryRow
from ltmlbench.training.network import Network, Trunk, autocast, build_network, build_trunk
from ltmlbench.training.views import views


@dataclass(frozen=True)
class Lesson:
    """What a network learns: rows of ``task.samples``, label columns, and their label matrix."""

    rows: Rows
    columns: Rows
    labels: LabelMatrix

    @property
    def n_labels(self) -> int:
        return self.labels.n_labels


class Batch(NamedTuple):
    """A step's samples: which rows of ``task.samples`` (B), what the network is shown, targets
    B×C (float32)."""

    rows: Rows
    inputs: torch.Tensor
    targets: torch.Tensor


def lesson_of(work: Work, examples: ExamplesStage | None = None) -> Lesson:
    """All training rows and labels, or those that an `ExamplesStage` among the inputs chose."""
    task = work.task
    if examples is None:
        return Lesson(task.split.train, np.arange(task.labels.n_labels), task.labels)
    rows, columns = read_examples(work.input(examples))
    labels = task.labels.take(rows).select(columns.tolist())
    return Lesson(task.split.train[rows], columns, labels)


def initial_network(
    work: Work, head: Head, n_labels: int, init: TrunkStage | None = None
) -> Network:
    """The network with the initial weights of the fold and seed, equal for every stage that asks.

    Args:
        init: an input stage that the weights of the trunk come from; None: the backbone's own.
    """
    task = work.task
    seed = derive_seed(task.seed, "init")
    shape = Ready().opened(work).shape
    network = build_network(task.backbone, shape, head, n_labels, task.numerics, seed)
    if init is not None:
        network.trunk.load_state_dict(dict(init.trunk_weights(work.input(init))))
    return network


def initial_trunk(work: Work, init: TrunkStage | None = None, source: int | None = None) -> Trunk:
    """The trunk of `initial_network` alone.

    Args:
        source: which of ``task.sources`` it is to take; None: the samples of the task.
    """
    task = work.task
    shape = Ready(source=source).opened(work).shape
    trunk = build_trunk(task.backbone, shape, task.numerics, derive_seed(task.seed, "init"))
    if init is not None:
        trunk.load_state_dict(dict(init.trunk_weights(work.input(init))))
    return trunk


def epoch_order(work: Work, sampler: Sampler, lesson: Lesson, epoch: int, stream: int = 0) -> Rows:
    """Rows of ``task.samples`` for an epoch, as the sampler draws them with the seed of the fold.

    Args:
        stream: 0, or the number of a second, independent draw of the same epoch.

    Raises:
        DataError: the sampler draws what are no rows, or another order when it is asked again.
    """
    purpose = ("order", stream) if stream else ("order",)
    seed = derive_seed(work.task.seed, *purpose)
    order = _drawn(sampler, lesson, seed, epoch)
    if epoch == 0 and not np.array_equal(order, _drawn(sampler, lesson, seed, epoch)):
        raise DataError(
            f"{_name(sampler)} draws another order when it is asked again: take every random "
            "number from `seed` and `epoch`, or a run cannot be resumed or repeated"
        )
    return np.asarray(lesson.rows[order])


def _drawn(sampler: Sampler, lesson: Lesson, seed: int, epoch: int) -> Rows:
    order = np.asarray(sampler.order(lesson.labels, seed=seed, epoch=epoch))
    number, what = len(lesson.rows), ""
    if order.ndim != 1 or order.dtype.kind not in "iu":
        what = f"{order.dtype} of shape {order.shape}"
    elif len(order) == 0:
        what = "no row at all"
    elif order.min() < 0 or order.max() >= number:
        what = f"rows {order.min()} to {order.max()}"
    if what:
        raise DataError(
            f"{_name(sampler)} draws {what} in epoch {epoch + 1}: a list of whole numbers from 0 "
            f"to {number - 1} is needed"
        )
    return order


def _name(sampler: Sampler) -> str:
    return f"sampler {type(sampler).__module__}:{type(sampler).__qualname__}"


def epoch_batches(
    work: Work,
    network: Network,
    lesson: Lesson,
    order: Rows,
    epoch: int,
    batch_size: int | None = None,
) -> Iterator[Batch]:
    """The batches of an epoch, in order, with the random views of that epoch; a last batch that is
    not full is left out, unless it is the only one.

    Args:
        batch_size: that of the task's schedule if None.
    """
    task = work.task
    size = batch_size or task.schedule.batch_size
    targets = _targets(work, lesson)
    full = len(order) >= size
    for rows, inputs in views(work, network.trunk, order, epoch, drop_last=full, batch_size=size):
        yield Batch(rows, inputs, targets[torch.from_numpy(rows).to(targets.device)])


def _targets(work: Work, lesson: Lesson) -> torch.Tensor:
    labels = work.task.samples.labels.select(lesson.columns.tolist())
    return torch.from_numpy(labels.dense.astype(np.float32)).to(work.task.numerics.device)


def network_logits(work: Work, network: Network, rows: Rows, epoch: int | None = None) -> Logits:
    """Logits len(rows)×C, for the samples as they are or for the random views of an epoch."""
    network.eval()
    logits = []
    with torch.inference_mode(), autocast(work.task.numerics):
        for _, inputs in views(work, network.trunk, rows, epoch):
            logits.append(network(inputs).float().cpu())
    if not logits:
        return np.empty((0, 0), dtype=np.float32)
    return np.asarray(torch.cat(logits).numpy())


def validate(work: Work, network: Network, lesson: Lesson) -> HistoryRow:
    """``val_map``: mAP on the validation rows; nothing where there are none."""
    rows = work.task.split.val
    if len(rows) == 0:
        return {}
    truth = work.task.samples.labels.take(rows).select(lesson.columns.tolist()).dense
    scores = 1 / (1 + np.exp(-network_logits(work, network, rows).astype(np.float64)))
    return {"val_map": round(MeanAveragePrecision()(truth, scores), 4)}


def write_model(work: Work, network: Network, history: Sequence[HistoryRow]) -> None:
    """``model.safetensors``, ``history.csv`` and ``network.json`` (where the initial weights came
    from, arithmetic, number of parameters) of a trained network."""
    state = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    save_file(state, work.folder / "model.safetensors")
    write_history(work.folder, history)
    about: Mapping[str, object] = {
        "weights": network.trunk.provenance,
        "numerics": dict(work.task.numerics.identity),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }
    write_json(work.folder / "network.json", about)


def write_history(folder: Path, history: Sequence[HistoryRow]) -> None:
    """``history.csv``, a row per epoch."""
    names = dict.fromkeys(name for row in history for name in row)  # rows of a checkpoint: fewer
    with open(folder / "history.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(names))
        writer.writeheader()
        writer.writerows(history)


def read_model(work: Work, head: Head, n_labels: int, folder: Path) -> Network:
    """The network that `write_model` left in ``folder``, in evaluation mode."""
    network = initial_network(work, head, n_labels)
    network.load_state_dict(load_file(folder / "model.safetensors"))
    network.eval()
    return network


def trunk_state(folder: Path) -> Mapping[str, torch.Tensor]:
    """The weights of the trunk among those that `write_model` left."""
    state = load_file(folder / "model.safetensors")
    return {k.removeprefix("trunk."): v for k, v in state.items() if k.startswith("trunk.")}
