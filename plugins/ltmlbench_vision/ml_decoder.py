"""ML-Decoder as a torch module."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn.functional import relu

GROUPS = 100
"""Queries at most; with more labels each query answers for several."""


class MlDecoder(nn.Module):
    """B×D×h×w -> B×C: fixed queries, one per group of labels, attend to the places of the map; a
    fully connected layer per group.

    One decoder layer without self-attention, as published. Shapes: G groups, E embedding.
    """

    queries: torch.Tensor

    def __init__(
        self,
        in_features: int,
        n_labels: int,
        embedding: int,
        heads: int,
        feedforward: int,
        dropout: float,
    ) -> None:
        super().__init__()
        groups = min(GROUPS, n_labels)
        self.n_labels = n_labels
        self.embed = nn.Linear(in_features, embedding)
        self.register_buffer("queries", torch.randn(groups, embedding))
        self.decoder = DecoderLayer(embedding, heads, feedforward, dropout)
        per_group = math.ceil(n_labels / groups)
        self.group_weight = nn.Parameter(torch.empty(groups, embedding, per_group))
        self.group_bias = nn.Parameter(torch.zeros(n_labels))
        nn.init.xavier_normal_(self.group_weight)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        places = relu(self.embed(features.flatten(2).transpose(1, 2)))  # B×hw×E
        queries = self.queries.to(places.dtype).expand(len(places), -1, -1)
        answers = self.decoder(queries, places)  # B×G×E
        logits = torch.einsum("bge,gel->bgl", answers, self.group_weight)
        return logits.flatten(1)[:, : self.n_labels] + self.group_bias


class DecoderLayer(nn.Module):
    """A transformer decoder layer without self-attention: what would be attended to is fixed.

    The query is added to itself before the first norm, as in the released code, where the dropout
    between the two is all that is left of the self-attention.
    """

    def __init__(self, width: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.first, self.second = nn.Linear(width, feedforward), nn.Linear(feedforward, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        x = self.norms[0](queries + self.dropout(queries))
        x = self.norms[1](x + self.dropout(self.attention(x, places, places)[0]))
        inner = self.second(self.dropout(relu(self.first(x))))
        answers: torch.Tensor = self.norms[2](x + self.dropout(inner))
        return answers
