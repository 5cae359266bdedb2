"""The one training loop, and prediction with what it trained.

Shapes: B batch, C labels, S image size.
"""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file

from ltmlbench.contracts import Floats, LossFn, Rows
from ltmlbench.data.augment import Augment
from ltmlbench.data.feed import batches
from ltmlbench.evaluation.metrics import MeanAveragePrecision
from ltmlbench.seeding import derive_seed
from ltmlbench.stages import Fit, Schedule, Task, Work
from ltmlbench.store import SCRATCH, write_json
from ltmlbench.training.checkpoint import HistoryRow, load_checkpoint, save_checkpoint
from ltmlbench.training.network import Network, autocast, build_network

if TYPE_CHECKING:
    from torch.optim import Optimizer

CHECKPOINT_SECONDS = 10.0
"""A checkpoint is written after an epoch that ends at least this long after the last one."""


class Diverged(ArithmeticError):
    """The training loss stopped being finite."""


def fit(stage: Fit, work: Work) -> None:
    """Runs a `Fit`: trains, resuming from its checkpoint, and writes its artifact."""
    task, schedule = work.task, work.task.schedule
    labels = task.labels
    network = build_network(
        task.backbone, stage.head, labels.n_labels, task.numerics, derive_seed(task.seed, "init")
    )
    optimizer = make_optimizer(network, schedule)
    loss = stage.loss.bind(labels)
    checkpoint = work.folder / SCRATCH / "checkpoint.safetensors"
    history = load_checkpoint(checkpoint, network, optimizer)
    saved = time.monotonic()
    for epoch in range(len(history), schedule.epochs):
        row = _train_epoch(stage, task, network, optimizer, loss, epoch)
        history.append(row | _validate(task, network))
        work.epoch(epoch + 1, schedule.epochs, history[-1])
        if time.monotonic() - saved >= CHECKPOINT_SECONDS and epoch + 1 < schedule.epochs:
            save_checkpoint(checkpoint, network, optimizer, history)
            saved = time.monotonic()
    _write(work.folder, task, network, history)


def make_optimizer(network: torch.nn.Module, schedule: Schedule) -> Optimizer:
    """Fused AdamW (several times quicker than the loop on CPUs too); no decay of biases, norms."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": schedule.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=schedule.lr, fused=True)


def learning_rate(schedule: Schedule, step: int, steps: int) -> float:
    """Linear warm-up over the first share of ``steps``, then half a cosine down to zero."""
    warm = max(1, round(schedule.warmup * steps))
    if step < warm:
        return schedule.lr * (step + 1) / warm
    return schedule.lr * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _train_epoch(
    stage: Fit, task: Task, network: Network, optimizer: Optimizer, loss: LossFn, epoch: int
) -> HistoryRow:
    schedule, device = task.schedule, task.numerics.device
    torch.manual_seed(derive_seed(task.seed, "epoch", epoch))
    local = stage.sampler.order(task.labels, seed=derive_seed(task.seed, "order"), epoch=epoch)
    order = task.split.train[local]
    per_epoch = max(1, len(order) // schedule.batch_size)
    targets = torch.from_numpy(task.samples.labels.dense.astype(np.float32)).to(device)
    total = torch.zeros((), device=device)
    network.train()
    start, steps = time.perf_counter(), 0
    for rows, images in _feed(task, network, order, augment=epoch):
        rate = learning_rate(schedule, epoch * per_epoch + steps, schedule.epochs * per_epoch)
        for group in optimizer.param_groups:
            group["lr"] = rate
        with autocast(task.numerics):
            logits = network(images)
        value = loss(logits, targets[torch.from_numpy(rows).to(device)])
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        torch.nn.utils.clip_grad_norm_(network.parameters(), schedule.clip)
        optimizer.step()
        total += value.detach()
        steps += 1
        if steps % 50 == 0 or steps == per_epoch:
            _check_finite(total, epoch, steps)
    mean = float(total) / steps
    seconds = time.perf_counter() - start
    seen = min(len(order), steps * schedule.batch_size)
    return {
        "epoch": epoch + 1,
        "train_loss": mean,
        "lr": rate,
        "seconds": round(seconds, 3),
        "images_per_second": round(seen / seconds, 1),
    }


def _check_finite(total: torch.Tensor, epoch: int, step: int) -> None:
    if not math.isfinite(float(total)):
        raise Diverged(
            f"the loss is no longer finite in epoch {epoch + 1}, step {step}: "
            "lower the learning rate (--set lr=...)"
        )


def _feed(
    task: Task, network: Network, order: Rows, augment: int | None
) -> Iterator[tuple[Rows, torch.Tensor]]:
    """Batches of rows and B×3×S×S images on the device; ``augment``: the epoch, None for plain."""
    assert task.pixels is not None, "a task that is executed has pixels"
    pixels = np.load(task.pixels, mmap_mode="r")
    batch = task.schedule.batch_size * (1 if augment is not None else 2)
    stream = batches(
        pixels,
        order,
        batch,
        None if augment is None else Augment(**task.augment),
        seed=derive_seed(task.seed, "augment"),
        epoch=augment or 0,
        mean=network.trunk.mean,
        std=network.trunk.std,
        drop_last=augment is not None and len(order) >= batch,
    )
    for rows, images in stream:
        yield rows, torch.from_numpy(images).to(task.numerics.device, non_blocking=True)


def _probabilities(task: Task, network: Network, rows: Rows) -> npt.NDArray[np.float32]:
    network.eval()
    logits = []
    with torch.inference_mode(), autocast(task.numerics):
        for _, images in _feed(task, network, rows, augment=None):
            logits.append(network(images).float().cpu())
    probabilities: npt.NDArray[np.float32] = torch.cat(logits).sigmoid().numpy()
    return probabilities


def _validate(task: Task, network: Network) -> HistoryRow:
    rows = task.split.val
    if len(rows) == 0:
        return {}
    truth = task.samples.labels.take(rows).dense
    return {"val_map": round(MeanAveragePrecision()(truth, _probabilities(task, network, rows)), 4)}


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


def predict(stage: Fit, task: Task, folder: Path, rows: Rows) -> Floats:
    """Probabilities len(rows)×C of the network that a `Fit` left in ``folder``."""
    seed = derive_seed(task.seed, "init")
    n_labels = task.samples.labels.n_labels
    network = build_network(task.backbone, stage.head, n_labels, task.numerics, seed)
    network.load_state_dict(load_file(folder / "model.safetensors"))
    return _probabilities(task, network, rows).astype(np.float64)
