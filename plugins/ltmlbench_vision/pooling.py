"""Pooling over all places of a feature map."""

from __future__ import annotations

import torch
from torch import nn


class GlobalPool(nn.Module):
    """B×D×h×w -> B×D×1×1, the mean over the places; B×D, which has none, stays."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if features.ndim == 2:
            return features
        return nn.functional.adaptive_avg_pool2d(features, 1)
