"""Losses that compare logits with one another, so that they are no sum over elements.

B×C float32 logits and targets -> a scalar. Scores rank; what is above 0.5 means little before it
is calibrated.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

_NEVER = -1e4
"""Stands for minus infinity where a term is not there; infinity itself gives NaN slopes."""


def two_way(logits: Tensor, targets: Tensor, *, t_pos: float, t_neg: float) -> Tensor:
    """Two-way loss (Kobayashi, CVPR 2023, eq. 8): every sample, and every label that some sample of
    the batch has, sets its lowest positives against its highest negatives,

    softplus(T₋ log Σ_neg e^(z/T₋) + T₊ log Σ_pos e^(−z/T₊)), mean over labels plus mean over
    samples.
    """
    by_label = _one_way(logits, targets, 0, t_pos, t_neg)
    by_sample = _one_way(logits, targets, 1, t_pos, t_neg)
    return by_label + by_sample


def _one_way(logits: Tensor, targets: Tensor, over: int, t_pos: float, t_neg: float) -> Tensor:
    some = targets.sum(dim=over) > 0
    if not some.any():
        return logits.sum() * 0.0
    positive = torch.where(targets > 0.5, -logits / t_pos, _NEVER).logsumexp(dim=over)
    negative = torch.where(targets > 0.5, _NEVER, logits / t_neg).logsumexp(dim=over)
    return softplus(t_neg * negative + t_pos * positive)[some].mean()


def zero_bounded(logits: Tensor, targets: Tensor) -> Tensor:
    """ZLPR (Su et al., 2022, eq. 5): log(1 + Σ_neg e^z) + log(1 + Σ_pos e^(−z)), mean over samples.

    Positives are pushed above 0 and negatives below it, each group as a whole.
    """
    zeros = logits.new_zeros(len(logits), 1)
    negative = torch.where(targets > 0.5, _NEVER, logits)
    positive = torch.where(targets > 0.5, -logits, _NEVER)
    losses = sum(torch.cat([zeros, part], dim=1).logsumexp(dim=1) for part in (negative, positive))
    return torch.as_tensor(losses).mean()
