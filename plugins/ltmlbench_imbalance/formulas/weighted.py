"""Losses weighted by how often labels occur: effective numbers, CheXFusion's, LDAM, adjustment."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ltmlbench.plugin import LabelMatrix
from ltmlbench_imbalance.formulas.basic import bce, focal

Mode = Literal["by_class", "average_w", "average_n", "min_n", "positives"]


def effective_number_weights(counts: Tensor, beta: float) -> Tensor:
    """w(n) = (1 − β)/(1 − β^n), of any shape (Cui et al., CVPR 2019, eq. 2-4); n at least 1.

    In float32 like the public codes: there β itself is off by 2e-8, which moves w by 2e-4 of it.
    """
    n = counts.float().clamp(min=1)
    return (1 - beta) / (1 - beta**n)


def class_balanced(
    logits: Tensor,
    targets: Tensor,
    *,
    counts: Tensor,
    beta: float,
    mode: Mode,
    gamma: float | None,
    balance: float,
    normalised: bool,
) -> Tensor:
    """CB loss: w · balance · (1−p_t)^γ · BCE, or w · BCE without γ.

    What w is for a sample of several labels differs between public codes:

    - ``by_class``: w(n_c), per label;
    - ``average_w``: the mean of w over the labels a sample has;
    - ``average_n``: w of the mean count of the labels it has;
    - ``min_n``: w of its rarest label;
    - ``positives``: the sum of w over the labels it has.

    A sample without a label gets the smallest weight of all labels (ours).

    Args:
        counts: C, n_c of the training labels.
        normalised: weights scaled so that those of the labels sum to C.
    """
    weights = effective_number_weights(counts, beta)
    scale = len(weights) / weights.sum() if normalised else 1.0
    w = scale * _per_element(targets, counts, weights, beta, mode)
    losses = bce(logits, targets)
    if gamma is not None:
        losses = balance * focal(logits, targets, gamma=gamma, alpha=None)
    return losses * w


def _per_element(y: Tensor, counts: Tensor, weights: Tensor, beta: float, mode: Mode) -> Tensor:
    """1×C or B×1 weights."""
    if mode == "by_class":
        return weights[None, :]
    held = y.sum(dim=1)
    if mode == "average_n":
        w = effective_number_weights(y @ counts / held.clamp(min=1), beta)
    elif mode == "min_n":
        rarest = torch.where(y > 0, counts, torch.inf).amin(dim=1)
        w = effective_number_weights(rarest.clamp(max=float(counts.max())), beta)
    else:
        w = y @ weights
        w = w / held.clamp(min=1) if mode == "average_w" else w
    return torch.where(held > 0, w, weights.min())[:, None]


def chexfusion_weights(share: Tensor, targets: Tensor) -> Tensor:
    """B×C: e^(1−π_c) for positives, e^(π_c) for negatives (released code of CheXFusion, winner of
    CXR-LT 2023)."""
    return torch.exp(torch.where(targets > 0.5, 1 - share, share))


def margins(counts: Tensor, largest: float) -> Tensor:
    """C: Δ_c = Δ · n_c^(−1/4) / max_c n_c^(−1/4) (Cao et al., NeurIPS 2019, eq. 13)."""
    fourth = counts.clamp(min=1) ** -0.25
    return largest * fourth / fourth.max()


def label_distribution_aware(
    logits: Tensor, targets: Tensor, *, margin: Tensor, scale: float, weight: Tensor
) -> Tensor:
    """LDAM for several labels: w_c · BCE(s (z − y Δ)). The margin is Cao et al.'s; sigmoids in
    place of the softmax, and s = 1 for a head without normalised weights, are ours."""
    return weight * bce(scale * (logits - targets * margin), targets)


def logit_adjusted(logits: Tensor, targets: Tensor, *, adjustment: Tensor) -> Tensor:
    """BCE(z + τ logit π): the network learns what the base rate does not say already (Menon et
    al., ICLR 2021, eq. 10, label by label: ours)."""
    return bce(logits + adjustment, targets)


def shares(labels: LabelMatrix) -> Tensor:
    """C: share of the training samples that have each label, kept inside (0, 1)."""
    n = max(labels.n_samples, 2)
    counts = torch.from_numpy(labels.counts).double().clamp(min=0.5, max=n - 0.5)
    return counts / n
