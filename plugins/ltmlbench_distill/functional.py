"""The formulas of distillation from subset teachers.

Shapes: B samples, C labels of the student, S labels of a teacher, N training samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

Floats = npt.NDArray[np.float64]
Weighting = Literal["db", "effective", "inverse", "uniform"]


def soft_bce(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """T² · BCE(σ(z/T), σ(t/T)), element by element; no gradient reaches the teacher."""
    taught = torch.sigmoid(teacher.detach() / temperature)
    loss = F.binary_cross_entropy_with_logits(student / temperature, taught, reduction="none")
    return temperature**2 * loss


def by_label(
    hard: torch.Tensor, soft: Sequence[torch.Tensor], blocks: Sequence[torch.Tensor], alpha: float
) -> torch.Tensor:
    """Mean over samples and labels of (1 − α_c) hard + α_c soft; α_c = α for the labels of some
    teacher, 0 for the others. Of a label that several teachers know, soft is their mean (ours).

    Args:
        hard: B×C losses against the labels.
        soft: per teacher B×S weighted losses against what it says.
        blocks: per teacher its S labels.
    """
    told = hard.new_zeros(hard.shape[1])
    total = torch.zeros_like(hard, dtype=torch.promote_types(hard.dtype, torch.float32))
    for block, losses in zip(blocks, soft, strict=True):
        told = told.index_add(0, block, told.new_ones(len(block)))
        total = total.index_add(1, block, losses.to(total.dtype))
    share = alpha * (told > 0).to(total.dtype)
    return ((1 - share) * hard + share * total / told.clamp(min=1)).mean()


def by_block(
    hard: torch.Tensor, soft: Sequence[torch.Tensor], blocks: Sequence[torch.Tensor], alpha: float
) -> torch.Tensor:
    """(1 − α) · mean of hard + α · sum over teachers of the mean of soft; arguments as in
    `by_label`."""
    total = hard.new_zeros(())
    for losses in soft:
        total = total + losses.mean()
    return (1 - alpha) * hard.mean() + alpha * total


def rebalanced(targets: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """B×C: w = 0.1 + σ(10 (r − 0.3)), r = (1/n_c) / Σ_{c'} y_{c'}/n_{c'}; r = 1 for samples
    without a positive. The weight of DB loss (Wu et al. 2020, eq. 5) on every label of a sample;
    that it is the poster's w_i^c is ours.

    For samples with a positive it equals `ltmlbench_imbalance.functional.rebalancing_weight` with
    α = 0.1, β = 10, μ = 0.3. Without one r is undefined. DB loss follows the released code, where
    the division by zero makes r infinite and the weight 1.1. Here r := 1, ours: what a teacher says
    of a sample without positives weighs as much as of one whose only positive is that label, 1.099.
    """
    inverse = 1 / counts.clamp(min=1)
    total = (targets * inverse).sum(dim=1, keepdim=True)
    ratio = torch.where(total > 0, inverse / total.clamp(min=1e-12), torch.ones_like(inverse))
    return 0.1 + torch.sigmoid(10 * (ratio - 0.3))


def label_weights(counts: Floats, n_samples: int, kind: Weighting, beta: float = 0.9999) -> Floats:
    """C weights that do not depend on the sample: effective number (1−β)/(1−β^n) scaled to mean 1
    (Cui et al. 2019), inverse frequency N/(C n), or ones."""
    n = np.maximum(counts.astype(np.float64), 1)
    if kind == "effective":
        weights = (1 - beta) / (1 - beta**n)
        return np.asarray(weights / weights.mean())
    if kind == "inverse":
        return np.asarray(n_samples / (len(n) * n))
    return np.ones(len(n))


def share_of_block(counts: Floats) -> Floats:
    """S weights ω = S · (1/n_c) / Σ_{c'} 1/n_{c'} over a teacher's labels; their mean is 1."""
    inverse = 1 / np.maximum(counts.astype(np.float64), 1)
    return np.asarray(len(inverse) * inverse / inverse.sum())


def prior_shift(taught_share: Floats, full_share: Floats) -> Floats:
    """S numbers to add to a teacher's logits: −logit(share among what it was trained on)
    + logit(share among all training samples) (ours)."""
    a, b = np.clip(taught_share, 1e-4, 1 - 1e-4), np.clip(full_share, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(b / (1 - b)) - np.log(a / (1 - a)))
