"""Heads: feature maps to logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from ltmlbench.plugin import Head

if TYPE_CHECKING:
    import torch


class Linear(Head):
    """Global average pooling of feature maps (vectors stay as they are), dropout, one linear layer;
    weights start at N(0, 0.01), bias at 0."""

    pools: ClassVar[bool] = True

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
    last stage are ours.
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


class ResidualAttentionHead(Head):
    """CSRA: Σ over heads of mean s + λ Σ_x s softmax(T s), s = W x / ‖W_c‖ (Zhu and Wu, ICCV 2021).

    Every label looks at the places where it scores, beside the mean over all places. One head has
    T = 1; with more, their temperatures differ, and the last takes the maximum.
    """

    lam: float = Field(0.1, ge=0, description="weight of the attended beside the mean score")
    heads: Literal[1, 2, 4, 6, 8] = Field(1, description="attention heads, each with its T")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of feature maps set to zero")

    @field_validator("heads", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return int(value) if isinstance(value, str) and value.isdigit() else value

    def build(self, in_features: int, n_labels: int) -> torch.nn.Module:
        from ltmlbench_vision.csra import ResidualAttention

        return ResidualAttention(in_features, n_labels, self.heads, self.lam, self.dropout)


class MlDecoderHead(Head):
    """ML-Decoder: a fixed query per group of labels attends to the places of the feature map; one
    decoder layer without self-attention, a linear layer per group (Ridnik et al., WACV 2023)."""

    embedding: int = Field(768, ge=1, description="width of the decoder, a multiple of the heads")
    heads: int = Field(8, ge=1, description="attention heads")
    feedforward: int = Field(2048, ge=1, description="units of its inner layer")
    dropout: float = Field(0.1, ge=0, lt=1, description="share of units set to zero")

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.embedding % self.heads:
            raise ValueError(f"embedding {self.embedding} is no multiple of {self.heads} heads")
        return self

    def build(self, in_features: int, n_labels: int) -> torch.nn.Module:
        from ltmlbench_vision.ml_decoder import MlDecoder

        return MlDecoder(
            in_features, n_labels, self.embedding, self.heads, self.feedforward, self.dropout
        )
