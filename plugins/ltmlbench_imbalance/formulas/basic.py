"""The formulas, element-wise: B×C float32 logits z and targets y in {0, 1} -> B×C losses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from ltmlbench.plugin import LabelMatrix


def bce(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy."""
    return binary_cross_entropy_with_logits(logits, targets, reduction="none")


def focal(logits: Tensor, targets: Tensor, *, gamma: float, alpha: float | None) -> Tensor:
    """−α_t (1−p_t)^γ log p_t (Lin et al., ICCV 2017, eq. 5; without α_t: eq. 4)."""
    losses = _focal(softplus(torch.where(targets > 0.5, -logits, logits)), gamma)
    if alpha is None:
        return losses
    return losses * (alpha * targets + (1 - alpha) * (1 - targets))


def _focal(cross_entropy: Tensor, gamma: float) -> Tensor:
    """(1−p_t)^γ CE with p_t = e^{−CE}; −expm1 keeps 1−p_t exact where p_t is near 1."""
    wrong = (-torch.expm1(-cross_entropy)).clamp_min(1e-12)  # else the slope at 0 is NaN for γ < 1
    return cross_entropy * wrong.pow(gamma)


def distribution_balanced(
    logits: Tensor,
    targets: Tensor,
    *,
    inverse_counts: Tensor,
    bias: Tensor,
    alpha: float,
    beta: float,
    mu: float,
    neg_scale: float,
    gamma: float | None,
    balance: float,
) -> Tensor:
    """DB loss: r̂ [y log(1+e^{−z'}) + (1−y) log(1+e^{λz'}) / λ] with z' = z + κ b.

    Wu et al., ECCV 2020, eq. 6-9, with the signs of the released code. With ``gamma`` each term is
    multiplied by ``balance`` · (1−p_t)^γ.

    Args:
        inverse_counts: C, 1/n_c of the training labels.
        bias: C, κ b_c.
        neg_scale: λ.
        gamma: of the focal part; None leaves it out.
    """
    shifted = logits + bias
    positive = targets > 0.5
    losses = softplus(torch.where(positive, -shifted, neg_scale * shifted))
    if gamma is not None:
        losses = balance * _focal(losses, gamma)
    weight = rebalancing_weight(targets, inverse_counts, alpha=alpha, beta=beta, mu=mu)
    return losses * weight * torch.where(positive, 1.0, 1.0 / neg_scale)


def rebalancing_weight(
    targets: Tensor, inverse_counts: Tensor, *, alpha: float, beta: float, mu: float
) -> Tensor:
    """r̂ = α + σ(β (r − μ)) with r = (1/n_i) / Σ_j y_j/n_j (Wu et al., eq. 4-6).

    A sample without any positive has r = ∞ and so r̂ = α + 1, as the released code computes it.
    Distillation has the same weight with r := 1 for such samples, see
    `ltmlbench_distill.functional.rebalanced`.
    """
    total = targets @ inverse_counts
    some = total > 0
    ratio = inverse_counts / torch.where(some, total, 1.0)[:, None]
    weight = alpha + torch.sigmoid(beta * (ratio - mu))
    return torch.where(some[:, None], weight, alpha + 1.0)


def inverse_counts(labels: LabelMatrix) -> Tensor:
    """C: 1/n_c, a label without positives counted as one with 1."""
    return 1.0 / torch.from_numpy(labels.counts).clamp(min=1).double()


def prior_logit(labels: LabelMatrix) -> Tensor:
    """C: b = −log(N/n − 1), the logit of the label's share; n is kept in [1, N−1]."""
    n_samples = max(labels.n_samples, 2)
    counts = torch.from_numpy(labels.counts).double().clamp(min=1, max=n_samples - 1)
    return -torch.log(n_samples / counts - 1)
