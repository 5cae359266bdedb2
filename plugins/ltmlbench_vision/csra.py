"""Class-specific residual attention as a torch module."""

from __future__ import annotations

import torch
from torch import nn

HIGHEST = 99.0
"""A temperature that stands for the maximum, as in the released code."""
TEMPERATURES = {
    1: (1.0,),
    2: (1.0, HIGHEST),
    4: (1.0, 2.0, 4.0, HIGHEST),
    6: (1.0, 2.0, 3.0, 4.0, 5.0, HIGHEST),
    8: (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, HIGHEST),
}
"""Number of heads -> their temperatures (Zhu and Wu, 2021, section 3.3)."""


class ResidualAttention(nn.Module):
    """B×D×h×w -> B×C: Σ over heads of mean s + λ Σ_x s softmax(T s), s = W x / ‖W_c‖."""

    def __init__(
        self, in_features: int, n_labels: int, heads: int, lam: float, dropout: float
    ) -> None:
        super().__init__()
        self.lam = lam
        self.temperatures = TEMPERATURES[heads]
        self.dropout = nn.Dropout2d(dropout)
        self.heads = nn.ModuleList(
            nn.Conv2d(in_features, n_labels, 1, bias=False) for _ in self.temperatures
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        kept = self.dropout(features)
        parts = [
            self._one(head, temperature, kept)
            for head, temperature in zip(self.heads, self.temperatures, strict=True)
        ]
        return torch.stack(parts).sum(dim=0)

    def _one(self, head: nn.Module, temperature: float, features: torch.Tensor) -> torch.Tensor:
        weight = head.get_parameter("weight")
        length = weight.norm(dim=1).reshape(1, -1, 1)
        score = head(features).flatten(2) / length  # B×C×hw
        if temperature == HIGHEST:
            attended = score.amax(dim=2)
        else:
            attended = (score * (temperature * score).softmax(dim=2)).sum(dim=2)
        logits: torch.Tensor = score.mean(dim=2) + self.lam * attended
        return logits
