"""The network of `collab` and its training. Shapes: B samples, C labels."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import nn
from torch.func import functional_call

from ltmlbench.plugin import (
    Head,
    Network,
    RequestError,
    Sampler,
    Work,
    autocast,
    epoch_batches,
    epoch_order,
    initial_network,
    lesson_of,
    load,
    place,
    train,
    validate,
    write_model,
)
from ltmlbench_reduced.formulas import agreement


class TwoBranches(Network):
    """A network (branch u) and a copy of its last stage and head (branch r): B×C each.

    Branch r is the trunk with the copied stage in place of its own, so all before it is shared,
    also the statistics of its norms.
    """

    def __init__(self, network: Network) -> None:
        super().__init__(network.trunk, network.head)
        self.names = network.trunk.last_stage
        if not self.names:
            raise RequestError(
                f"collab: it is not known what the last stage of {type(network.trunk).__name__} "
                "is: take another backbone"
            )
        stages = (network.trunk.get_submodule(name) for name in self.names)
        self.second_stage = nn.ModuleList(copy.deepcopy(stage) for stage in stages)
        self.second_head = copy.deepcopy(network.head)

    def branches(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of u and r."""
        swapped: dict[str, torch.Tensor] = {}
        for name, stage in zip(self.names, self.second_stage, strict=True):
            for values in (stage.named_parameters(), stage.named_buffers()):
                swapped |= {f"{name}.{inner}": value for inner, value in values}
        second = functional_call(self.trunk, swapped, (inputs,))
        return self.head(self.trunk(inputs)), self.second_head(second)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(u + r) / 2."""
        uniform, balanced = self.branches(inputs)
        return (uniform + balanced) / 2


def initial_branches(work: Work, head: Head) -> TwoBranches:
    """Both branches with the weights that every method of the fold starts from."""
    network = initial_network(work, head, work.task.samples.labels.n_labels)
    return place(TwoBranches(network), work.task.numerics)


def fit_branches(work: Work, head: Head, samplers: tuple[Sampler, Sampler], weight: float) -> None:
    """Trains both and writes them; every step shows a batch by each sampler."""
    task, lesson = work.task, lesson_of(work)
    network = initial_branches(work, head)
    bce = load("loss", "bce").bind(lesson.labels)
    steps = max(1, len(epoch_order(work, samplers[0], lesson, 0)) // task.schedule.batch_size)

    def losses(epoch: int) -> Iterator[tuple[torch.Tensor, int]]:
        streams = [
            epoch_batches(
                work, network, lesson, epoch_order(work, sampler, lesson, epoch, stream), epoch
            )
            for stream, sampler in enumerate(samplers)
        ]
        for uniform, balanced in zip(*streams, strict=False):
            n = len(uniform.rows)
            with autocast(task.numerics):
                u, r = network.branches(torch.cat([uniform.inputs, balanced.inputs]))
            loss = bce(u[:n], uniform.targets) + bce(r[n:], balanced.targets)
            yield loss + weight * agreement(u, r), n + len(balanced.rows)

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
