"""A backbone and a head as one network, and its forward pass in the chosen arithmetic."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Self, TypeVar

import numpy as np
import torch
from torch import nn

from ltmlbench.contracts import Backbone, Head, Norm, Opened
from ltmlbench.seeding import derive_seed
from ltmlbench.task import Numerics

AnyModule = TypeVar("AnyModule", bound=nn.Module)


class Trunk(nn.Module):
    """What `Backbone.build` returns: what the feed shows of B samples -> features, B×D for vectors
    and B×D×h×w maps for pictures.

    Attributes:
        num_features: D.
        mean, std: of pixels in 0..1, three each: the input is normalised with them. None: with the
            statistics of the training rows.
        provenance: where the weights came from, with a digest, as JSON.
        last_stage: names of the submodules from which a second branch would differ: the last stage
            and what follows it. Empty where that is not known.
        shown: what it is shown in place of the samples of the task, such as stored features.
    """

    num_features: int
    last_stage: tuple[str, ...] = ()
    shown: Opened | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    provenance: dict[str, object]

    @property
    def norm(self) -> Norm | None:
        """What the input is normalised with; None: whatever suits the training rows."""
        if self.mean is None or self.std is None:
            return None
        return Norm(np.asarray(self.mean), np.asarray(self.std))


class Network(nn.Module):
    """What the feed shows of B samples -> B×C logits."""

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

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            features = self.trunk(inputs)
        logits: torch.Tensor = self.head(features)
        return logits


def build_trunk(backbone: Backbone, shape: tuple[int, ...], numerics: Numerics, seed: int) -> Trunk:
    """The trunk with its initial weights: equal for equal arguments.

    Args:
        shape: of one sample, as the feed shows it.
    """
    torch.manual_seed(derive_seed(seed, "backbone"))
    return place(backbone.build(shape), numerics)


def build_network(
    backbone: Backbone,
    shape: tuple[int, ...],
    head: Head,
    n_labels: int,
    numerics: Numerics,
    seed: int,
) -> Network:
    """The network with its initial weights: equal for equal arguments.

    The head draws from its own seed, so every method of a fold starts from the same point.
    """
    trunk = build_trunk(backbone, shape, numerics, seed)
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
