"""A backbone and a head as one network, and its forward pass in the chosen arithmetic."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch
from torch import nn

from ltmlbench.components import Backbone, Head
from ltmlbench.seeding import derive_seed
from ltmlbench.stages import Numerics


class Network(nn.Module):
    """B×3×H×W normalised images -> B×C logits."""

    def __init__(self, trunk: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.trunk(images))
        return logits


def build_network(
    backbone: Backbone, head: Head, n_labels: int, numerics: Numerics, seed: int
) -> Network:
    """The network with its initial weights: equal for equal arguments.

    The head draws from its own seed, so every method of a fold starts from the same point.
    """
    torch.manual_seed(derive_seed(seed, "backbone"))
    trunk = backbone.build()
    torch.manual_seed(derive_seed(seed, "head"))
    network = Network(trunk, head.build(int(trunk.num_features), n_labels))  # type: ignore[arg-type]
    layout = torch.channels_last if numerics.channels_last else torch.contiguous_format
    return network.to(device=numerics.device, memory_format=layout)


def autocast(numerics: Numerics) -> AbstractContextManager[None]:
    """Mixed precision as the numerics ask for."""
    device = numerics.device.partition(":")[0]
    dtype = getattr(torch, numerics.dtype)
    return torch.autocast(device, dtype=dtype, enabled=dtype != torch.float32)
