"""The two networks of `scfkd`. Shapes: B pairs, D features of a sample, F covariates of a pair,
W width, C labels. Inputs are 2B samples, pair after pair."""

from __future__ import annotations

import torch
from torch import nn

from ltmlbench.plugin import Network, Trunk


class PairNetwork(Network):
    """f = [f_first ; f_second] and what stands beside it, B×(2D+W), to C logits."""

    def __init__(self, trunk: Trunk, width: int, n_labels: int) -> None:
        super().__init__(trunk, nn.Linear(2 * trunk.num_features + width, n_labels))

    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        """B×2D, pooled over places."""
        maps: torch.Tensor = self.trunk(inputs)
        pooled = maps if maps.ndim == 2 else maps.mean(dim=(2, 3))
        return pooled.reshape(len(pooled) // 2, -1)

    def logits(self, features: torch.Tensor, beside: torch.Tensor) -> torch.Tensor:
        """B×C."""
        found: torch.Tensor = self.head(torch.cat([features, beside], dim=1))
        return found


class PairTeacher(PairNetwork):
    """h = [f ; m(c)], m two layers."""

    def __init__(self, trunk: Trunk, known: int, width: int, n_labels: int) -> None:
        super().__init__(trunk, width, n_labels)
        self.encode = _two_layers(known, width)

    def told(self, inputs: torch.Tensor, known: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """B×C logits and m(c), B×W, of B×F covariates."""
        encoded = self.encode(known)
        return self.logits(self.features(inputs), encoded), encoded


class PairStudent(PairNetwork):
    """h = [f ; g(f)], g two layers that guess m(c)."""

    def __init__(self, trunk: Trunk, width: int, n_labels: int) -> None:
        super().__init__(trunk, width, n_labels)
        self.guess = _two_layers(2 * trunk.num_features, width)

    def said(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """B×C logits and g(f), B×W."""
        features = self.features(inputs)
        guess = self.guess(features)
        return self.logits(features, guess), guess

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """B×C logits."""
        return self.said(inputs)[0]


def _two_layers(inputs: int, width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width))
