"""The torch module behind the `mlp` backbone."""

from __future__ import annotations

import torch
from torch import nn

from ltmlbench.plugin import Trunk


class MlpTrunk(Trunk):
    """B×F -> B×width.

    Args:
        features: F.
        width, depth: units of a layer, number of layers.
        dropout: share of units set to zero after each.
    """

    def __init__(self, features: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number in range(depth):
            layers += [
                nn.Linear(features if number == 0 else width, width),
                nn.BatchNorm1d(width),
                nn.ReLU(),
                nn.Dropout(dropout),
            ]
        self.layers = nn.Sequential(*layers)
        self.num_features = width
        self.last_stage = tuple(f"layers.{n}" for n in range(4 * (depth - 1), 4 * depth))
        self.provenance = {
            "model": f"mlp {depth}×{width}",
            "weights": "random",
            "parameters": sum(p.numel() for p in self.parameters()),
        }

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.layers(inputs)
        return features
