"""The training of `cct-net`. Shapes: B samples of the labels, as many of a source, C labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from typing import NamedTuple

import numpy as np
import torch

from ltmlbench.plugin import (
    Rows,
    Work,
    autocast,
    derive_seed,
    epoch_batches,
    epoch_order,
    initial_trunk,
    lesson_of,
    load,
    place,
    train,
    validate,
    views,
    write_model,
)
from ltmlbench_reduced.cct_network import CctNetwork
from ltmlbench_reduced.formulas import both_scores, domain_loss


def initial_cct(work: Work, width: int) -> CctNetwork:
    """The network with the trunk that every method of the fold starts from."""
    trunk, n_labels = initial_trunk(work), work.task.samples.labels.n_labels
    torch.manual_seed(derive_seed(work.task.seed, "cct-net"))
    return place(CctNetwork(trunk, n_labels, width), work.task.numerics)


def fit_cct(work: Work, width: int, sources: Mapping[int, Rows], domain_weight: float) -> None:
    """Trains the network and writes it.

    Args:
        sources: number of a source -> its rows with a grade; none: on the labels alone.
    """
    task, lesson, sampler = work.task, lesson_of(work), load("sampler", "ib")
    network = initial_cct(work, width)
    steps = max(1, len(lesson.rows) // task.schedule.batch_size)

    def losses(epoch: int) -> Iterator[tuple[torch.Tensor, int]]:
        order = epoch_order(work, sampler, lesson, epoch)
        drawn = source_batches(work, network, sources, epoch, steps)
        for batch in epoch_batches(work, network, lesson, order, epoch):
            other = next(drawn, None)
            with autocast(task.numerics):
                said, told = network.both(batch.inputs, other.inputs if other else None)
            loss = both_scores(said, batch.targets)
            if other and told:
                loss = loss + both_scores(told, other.ill)
                loss = loss + domain_weight * domain_loss(said, told)
            yield loss, len(batch.rows) + (len(other.ill) if other else 0)

    history = train(
        network,
        losses,
        work,
        schedule=task.schedule,
        steps=steps,
        seed=task.seed,
        after=lambda: validate(work, network, lesson),
    )
    write_model(work, network, history)


class SourceBatch(NamedTuple):
    """Pictures of one source on the device, and B×1: 1 where the grade is above 0."""

    inputs: torch.Tensor
    ill: torch.Tensor


def source_batches(
    work: Work, network: CctNetwork, sources: Mapping[int, Rows], epoch: int, steps: int
) -> Iterator[SourceBatch]:
    """A batch per step, of the sources in turn; rows come again before an epoch is over if there
    are too few."""
    if not sources:
        return
    task = work.task
    size = task.schedule.batch_size
    needed = size * -(-steps // len(sources))
    streams, ill = {}, {}
    for number, rows in sources.items():
        generator = np.random.default_rng(derive_seed(task.seed, "source order", number, epoch))
        rounds = [generator.permutation(rows) for _ in range(-(-needed // len(rows)))]
        order = np.concatenate(rounds)[:needed]
        streams[number] = views(work, network.trunk, order, epoch, source=number)
        ill[number] = np.asarray(task.sources[number].samples.extras["grade"]) > 0
    for number in islice(cycle(sources), steps):
        rows, inputs = next(streams[number])
        found = torch.from_numpy(ill[number][rows].astype(np.float32))
        yield SourceBatch(inputs, found[:, None].to(inputs.device))
