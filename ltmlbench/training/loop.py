"""The one training loop: a step per loss, clipping, checkpoints, divergence detected."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import torch

from ltmlbench.errors import Diverged, RequestError
from ltmlbench.seeding import derive_seed
from ltmlbench.spent import timed
from ltmlbench.stages import Work
from ltmlbench.store import SCRATCH
from ltmlbench.task import Schedule
from ltmlbench.training.checkpoint import HistoryRow, load_checkpoint, save_checkpoint
from ltmlbench.training.optimiser import learning_rate, make_optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer

CHECKPOINT_SECONDS = 10.0
"""A checkpoint is written after an epoch that ends at least this long after the last one."""
CHECKPOINT_SHARE = 0.005
"""And only if the last one took at most this share of the time since: on a slow disk, or of a large
network, there are fewer. What the first costs nobody knows before it is written."""

Losses = Callable[[int], Iterator[tuple[torch.Tensor, int]]]
"""Epoch -> the scalar loss of every step and how many samples it is of. The forward pass happens
when the next loss is asked for."""


def train(
    network: torch.nn.Module,
    losses: Losses,
    work: Work,
    *,
    schedule: Schedule,
    steps: int,
    seed: int,
    stepped: Callable[[], None] = lambda: None,
    after: Callable[[], Mapping[str, float]] = dict,
) -> list[HistoryRow]:
    """Trains in place, going on from the checkpoint of a stopped attempt; reports every epoch.

    Args:
        network: all that a checkpoint has to hold; what requires a gradient is trained.
        steps: per epoch, for the learning rate.
        seed: every epoch seeds torch from it anew, so a resumed training needs no random state.
        stepped: called after every step of the optimiser, e.g. to average weights.
        after: what else to note after an epoch, e.g. a validation score.

    Returns:
        A row per epoch: loss, learning rate, seconds, samples per second, what ``after`` gave.

    Raises:
        Diverged: the loss is no longer finite.
        RequestError: a step holds a single sample, and the network cannot be trained on one.
    """
    epochs = schedule.epochs
    optimizer = make_optimizer(network, schedule)
    checkpoint = work.folder / SCRATCH / "checkpoint.safetensors"
    with timed("checkpoints"):
        history = load_checkpoint(checkpoint, network, optimizer)
    saved, took = time.monotonic(), 0.0
    for epoch in range(len(history), epochs):
        torch.manual_seed(derive_seed(seed, "epoch", epoch))
        network.train()

        def rate(step: int, epoch: int = epoch) -> float:
            return learning_rate(schedule, epoch * steps + step, epochs * steps)

        try:
            with timed("train"):
                row = _one_epoch(
                    network, losses(epoch), optimizer, schedule.clip, rate, stepped, epoch
                )
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise RequestError(
                "batch normalisation on 1×1 maps needs 2 samples per step: a larger --batch-size, "
                "--image-size or --limit"
            ) from error
        with timed("validate"):
            history.append(row | dict(after()))
        work.epoch(epoch + 1, epochs, history[-1])
        now = time.monotonic()
        due = now - saved >= max(CHECKPOINT_SECONDS, took / CHECKPOINT_SHARE)
        if due and epoch + 1 < epochs:
            with timed("checkpoints"):
                save_checkpoint(checkpoint, network, optimizer, history)
            saved = time.monotonic()
            took = saved - now
    return history


def _one_epoch(
    network: torch.nn.Module,
    losses: Iterator[tuple[torch.Tensor, int]],
    optimizer: Optimizer,
    clip: float,
    rate: Callable[[int], float],
    stepped: Callable[[], None],
    epoch: int,
) -> HistoryRow:
    total, step, seen = 0.0, 0, 0
    waiting = None
    start = time.perf_counter()
    for value, number in losses:
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
        optimizer.step()
        stepped()
        waiting = value.detach() if waiting is None else waiting + value.detach()
        step, seen = step + 1, seen + number
        if step % 50 == 0:
            total, waiting = total + _finite(waiting, epoch, step), None
    if waiting is not None:
        total += _finite(waiting, epoch, step)
    seconds = time.perf_counter() - start
    return {
        "epoch": epoch + 1,
        "train_loss": total / step,
        "lr": rate(step - 1),
        "seconds": round(seconds, 3),
        "images_per_second": round(seen / seconds, 1),
        "samples": seen,
    }


def _finite(total: torch.Tensor, epoch: int, step: int) -> float:
    """The number, looked at only now and then: reading it waits for the device."""
    value = float(total)
    if not math.isfinite(value):
        raise Diverged(
            f"the loss is no longer finite in epoch {epoch + 1}, step {step}: "
            "lower the learning rate (--set lr=...)"
        )
    return value
