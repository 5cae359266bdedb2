"""Losses that treat positives and negatives differently: ASL, RAL, Hill, SPLC."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

_TINY = 1e-12
"""Keeps the slope of x^γ finite at x = 0 for γ < 1."""


def asymmetric(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma_neg: float,
    gamma_pos: float,
    clip: float,
    stopped: bool,
) -> Tensor:
    """ASL: −y (1−p)^γ₊ log p − (1−y) p_m^γ₋ log(1−p_m), p_m = max(p − m, 0).

    Ridnik et al., ICCV 2021, eq. 4-6. With ``stopped`` no gradient passes the focusing weights, as
    in the authors' training script.
    """
    log_p, log_q, p_m = _shifted(logits, clip)
    positive, negative = (1 - logits.sigmoid()) ** gamma_pos, p_m**gamma_neg
    if stopped:
        positive, negative = positive.detach(), negative.detach()
    return -targets * positive * log_p - (1 - targets) * negative * log_q


def _shifted(logits: Tensor, clip: float) -> tuple[Tensor, Tensor, Tensor]:
    """log p, log(1 − p_m) and p_m; without a clip exact for any logit."""
    p_m = (logits.sigmoid() - clip).clamp_min(0 if clip else _TINY)
    log_q = torch.log1p(-p_m) if clip else logsigmoid(-logits)
    return logsigmoid(logits), log_q, p_m


def robust_asymmetric(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma_neg: float,
    gamma_pos: float,
    clip: float,
    lamb: float,
    epsilon_pos: float,
    epsilon_pos_pow: float,
    epsilon_neg: float,
) -> Tensor:
    """RAL (Park et al., ICCVW 2023, as released): with q = min(1 − p + m, 1),

    positives  (1−p)^γ₊ [log p + ε₁ (1−p) + ε₂/2 (1−p)²],
    negatives  (1−q)^γ₋ [log q + ε₋ q] (λ−p) p² (λ−q), both with a minus.
    """
    p = logits.sigmoid()
    log_p, log_q, p_m = _shifted(logits, clip)
    q = 1 - p_m
    taylor = log_p + epsilon_pos * (1 - p) + epsilon_pos_pow / 2 * (1 - p) ** 2
    positive = (1 - p) ** gamma_pos * taylor
    negative = p_m**gamma_neg * (log_q + epsilon_neg * q) * (lamb - p) * p**2 * (lamb - q)
    return -targets * positive - (1 - targets) * negative


def hill(logits: Tensor, targets: Tensor, *, lamb: float, margin: float, gamma: float) -> Tensor:
    """Hill loss: −y (1−p_m)^γ log p_m + (1−y) (λ−p) p², p_m = σ(z − margin).

    Zhang et al., Simple and Robust Loss Design for Multi-Label Learning with Missing Labels, 2021.
    Far up its hill a negative pulls less: it may be a label that nobody wrote down.
    """
    p, shifted = logits.sigmoid(), logits - margin
    positive = shifted.neg().sigmoid() ** gamma * logsigmoid(shifted)
    return -targets * positive + (1 - targets) * (lamb - p) * p**2


def self_paced_correction(
    logits: Tensor, targets: Tensor, *, tau: float, margin: float, gamma: float, corrects: bool
) -> Tensor:
    """SPLC: focal loss of σ(z − margin·y); with ``corrects`` a negative scored above τ counts as a
    positive, since its label is probably missing.

    Zhang et al., 2021, eq. 9 and 10, as released.
    """
    shifted = logits - margin * targets
    if corrects:
        targets = torch.where(shifted.sigmoid() > tau, 1.0, targets)
    sign = 2 * targets - 1
    wrong = (-sign * shifted).sigmoid().clamp_min(_TINY)  # 1 − p_t
    return -(wrong**gamma) * logsigmoid(sign * shifted)
