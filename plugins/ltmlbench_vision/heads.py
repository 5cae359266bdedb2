"""Heads: feature maps to logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from ltmlbench.contracts import Head

if TYPE_CHECKING:
    import torch


class Linear(Head):
    """Global average pooling of feature maps (vectors stay as they are), dropout, one linear layer;
    weights start at N(0, 0.01), bias at 0."""

    dropout: float = Field(0.2, ge=0, lt=1, description="share of pooled features set to zero")

    def build(self, in_features: int, n_labels: int) -> torch.nn.Module:
        from torch import nn

        layer = nn.Linear(in_features, n_labels)
        nn.init.normal_(layer.weight, std=0.01)
        nn.init.zeros_(layer.bias)
        from ltmlbench_vision.pooling import GlobalPool

        return nn.Sequential(GlobalPool(), nn.Flatten(), nn.Dropout(self.dropout), layer)


class RegionAttention(Head):
    """Region-based attention (RLKD poster), then pooling, dropout, one linear layer.

    M = σ(conv_k([mean_c F ; max_c F ; conv_1×1 F])), F' = M ⊙ F: pooling outputs and a trainable
    convolution's output, concatenated, one convolution, a sigmoid, as the poster says. The
    7 × 7 kernel, one channel for the trainable part, no bias, no residual and the place after the
    last stage are ours (METHODS 1.3).
    """

    dropout: float = Field(0.2, ge=0, lt=1, description="share of pooled features set to zero")
    kernel: int = Field(7, ge=1, description="side of the convolution over the maps, odd")
    channels: int = Field(1, ge=1, description="outputs of the trainable 1 × 1 convolution")
    residual: bool = Field(False, description="F + M ⊙ F in place of M ⊙ F")

    def build(self, in_features: int, n_labels: int) -> torch.nn.Module:
        from ltmlbench_vision.attention import AttentionHead

        return AttentionHead(
            in_features, n_labels, self.dropout, self.kernel, self.channels, self.residual
        )
