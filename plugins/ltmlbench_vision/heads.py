"""Heads: feature maps to logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from ltmlbench.contracts import Head

if TYPE_CHECKING:
    import torch


class Linear(Head):
    """Global average pooling, dropout, one linear layer; weights start at N(0, 0.01), bias at 0."""

    dropout: float = Field(0.2, ge=0, lt=1, description="share of pooled features set to zero")

    def build(self, in_features: int, n_labels: int) -> torch.nn.Module:
        from torch import nn

        layer = nn.Linear(in_features, n_labels)
        nn.init.normal_(layer.weight, std=0.01)
        nn.init.zeros_(layer.bias)
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(self.dropout), layer)
