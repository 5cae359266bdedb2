"""Region-based attention as a torch module."""

from __future__ import annotations

import torch
from torch import nn


class RegionAttentionMap(nn.Module):
    """B×D×h×w features -> B×1×h×w map M in 0..1."""

    def __init__(self, in_features: int, kernel: int, channels: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(in_features, channels, 1)
        self.combine = nn.Conv2d(2 + channels, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        mean = features.mean(dim=1, keepdim=True)
        largest = features.amax(dim=1, keepdim=True)
        maps = torch.cat([mean, largest, self.project(features)], dim=1)
        return torch.sigmoid(self.combine(maps))


class AttentionHead(nn.Module):
    """B×D×h×w -> B×C logits; ``attention(features)`` is the map for pictures."""

    def __init__(
        self,
        in_features: int,
        n_labels: int,
        dropout: float,
        kernel: int,
        channels: int,
        residual: bool,
    ) -> None:
        super().__init__()
        self.attention = RegionAttentionMap(in_features, kernel, channels)
        self.residual = residual
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(in_features, n_labels)
        nn.init.normal_(self.linear.weight, std=0.01)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        weighted = features * self.attention(features)
        if self.residual:
            weighted = features + weighted
        logits: torch.Tensor = self.linear(self.dropout(weighted.mean(dim=(2, 3))))
        return logits
