"""Averaging of weights over the steps of a training (EMA)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class Averaged(nn.Module):
    """A network in training and the moving average of its weights, as one module, so that a
    checkpoint holds both.

    After step t the average moves by 1 − min(decay, (1 + t)/(10 + t)): without the warm-up a decay
    of .9999 would still hold 95 % of the initial weights after 500 steps. Buffers (the running
    statistics of norms) are averaged too; counters are copied.

    Args:
        network: the one in training.
        decay: 0 follows the network, so that the average is the network.
    """

    steps: torch.Tensor

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self.network = network
        self.decay = decay
        self._names: dict[str, str] = {}
        for number, (name, value) in enumerate(network.state_dict().items()):
            self._names[name] = f"value_{number}"
            self.register_buffer(f"value_{number}", value.detach().clone())
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """The output of the network in training."""
        output: torch.Tensor = self.network(*inputs)
        return output

    @torch.no_grad()
    def update(self) -> None:
        """Moves the average towards the network; to be called after every step."""
        self.steps += 1
        t = int(self.steps)
        keep = min(self.decay, (1 + t) / (10 + t))
        for name, value in self.network.state_dict().items():
            mean = self.get_buffer(self._names[name])
            if mean.is_floating_point():
                mean.lerp_(value, 1 - keep)
            else:
                mean.copy_(value)

    def state(self) -> dict[str, torch.Tensor]:
        """The averaged weights under the network's own names."""
        return {name: self.get_buffer(buffer) for name, buffer in self._names.items()}

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The network with the averaged weights, while the context lasts."""
        own = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.network.load_state_dict(self.state())
        try:
            yield
        finally:
            self.network.load_state_dict(own)
