"""A backbone and a head as one network, and its forward pass in the chosen arithmetic."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Self, TypeVar

import torch
from torch import nn

from ltmlbench.contracts import Backbone, Head
from ltmlbench.seeding import derive_seed
from ltmlbench.task import Numerics

AnyModule = TypeVar("AnyModule", bound=nn.Module)


class Trunk(nn.Module):
    """What `Backbone.build` returns: B×3×H×W -> B×D×h×w feature maps.

    Attributes:
        num_features: D.
        mean, std: of pixels in 0..1, three each; the input is normalised with them.
        provenance: where the weights came from, with a digest, as JSON.
    """

    num_features: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    provenance: dict[str, object]


class Network(nn.Module):
    """B×3×H×W normalised images -> B×C logits."""

    def __init__(self, trunk: Trunk, head: nn.Module) -> None:
        super().__init__()
        self.trunk: Trunk = trunk
        self.head = head
        self.frozen = False

    def freeze_trunk(self) -> None:
        """From now on only the head is trained; the norms of the trunk stay in evaluation."""
        self.frozen = True
        self.trunk.requires_grad_(False)
        self.trunk.eval()

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        if self.frozen:
            self.trunk.eval()
        return self

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            features = self.trunk(images)
        logits: torch.Tensor = self.head(features)
        return logits


def build_trunk(backbone: Backbone, numerics: Numerics, seed: int) -> Trunk:
    """The trunk with its initial weights: equal for equal arguments."""
    torch.manual_seed(derive_seed(seed, "backbone"))
    return place(backbone.build(), numerics)


def build_network(
    backbone: Backbone, head: Head, n_labels: int, numerics: Numerics, seed: int
) -> Network:
    """The network with its initial weights: equal for equal arguments.

    The head draws from its own seed, so every method of a fold starts from the same point.
    """
    trunk = build_trunk(backbone, numerics, seed)
    torch.manual_seed(derive_seed(seed, "head"))
    return place(Network(trunk, head.build(trunk.num_features, n_labels)), numerics)


def place(module: AnyModule, numerics: Numerics) -> AnyModule:
    """The module on the device and in the memory layout of the numerics."""
    layout = torch.channels_last if numerics.channels_last else torch.contiguous_format
    return module.to(device=numerics.device).to(memory_format=layout)


def autocast(numerics: Numerics) -> AbstractContextManager[None]:
    """Mixed precision as the numerics ask for."""
    device = numerics.device.partition(":")[0]
    dtype = getattr(torch, numerics.dtype)
    return torch.autocast(device, dtype=dtype, enabled=dtype != torch.float32)
