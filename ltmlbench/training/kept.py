"""Weights that are kept in place of a training's last ones: their average, or the best epoch's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class Kept(nn.Module):
    """A network in training and a copy of its weights, as one module, so that a checkpoint holds
    both.

    Args:
        network: the one in training.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._names: dict[str, str] = {}
        for number, (name, value) in enumerate(network.state_dict().items()):
            self._names[name] = f"value_{number}"
            self.register_buffer(f"value_{number}", value.detach().clone())

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """The output of the network in training."""
        output: torch.Tensor = self.network(*inputs)
        return output

    def stepped(self) -> None:
        """Called after every step of the optimiser."""

    def judged(self, score: float) -> None:
        """Called after every epoch with its score on the validation rows; NaN if undefined."""

    def state(self) -> dict[str, torch.Tensor]:
        """The kept weights under the network's own names."""
        return {name: self.get_buffer(buffer) for name, buffer in self._names.items()}

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The network with the kept weights, while the context lasts."""
        own = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.network.load_state_dict(self.state())
        try:
            yield
        finally:
            self.network.load_state_dict(own)


class Averaged(Kept):
    """The moving average of the weights over the steps (EMA).

    After step t the average moves by 1 − min(decay, (1 + t)/(10 + t)): without the warm-up a decay
    of .9999 would still hold 95 % of the initial weights after 500 steps. Buffers (the running
    statistics of norms) are averaged too; counters are copied.

    Args:
        network: the one in training.
        decay: 0 follows the network, so that the average is the network.
    """

    steps: torch.Tensor

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__(network)
        self.decay = decay
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def stepped(self) -> None:
        """Moves the average towards the network."""
        self.steps += 1
        t = int(self.steps)
        keep = min(self.decay, (1 + t) / (10 + t))
        kept = self.state()
        for name, value in self.network.state_dict().items():
            mean = kept[name]
            if mean.is_floating_point():
                mean.lerp_(value, 1 - keep)
            else:
                mean.copy_(value)


class Best(Kept):
    """The weights of the epoch with the highest score, the first of equals; of the last epoch
    while no score is defined."""

    score: torch.Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__(network)
        self.register_buffer("score", torch.tensor(math.nan, dtype=torch.float64))

    @torch.no_grad()
    def judged(self, score: float) -> None:
        """Takes the weights over if they are the best so far."""
        if score > float(self.score) or math.isnan(self.score):
            self.score.fill_(score)
            kept = self.state()
            for name, value in self.network.state_dict().items():
                kept[name].copy_(value)
