"""The losses of the reduced rows. Shapes: B samples, C labels, W width of guessed features."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F


def speculation(
    hard: torch.Tensor,
    logits: torch.Tensor,
    guess: torch.Tensor,
    taught: torch.Tensor,
    known: torch.Tensor,
    *,
    temperature: float,
    feature_weight: float,
    kd_weight: float,
) -> torch.Tensor:
    """hard + λ_f ‖g(f) − m‖² + λ_kd T² BCE(σ(z/T), σ(t/T)), means over the batch (and labels); no
    gradient reaches the teacher.

    Args:
        hard: loss against the labels, a scalar.
        logits: z, B×C. guess: g(f), B×W.
        taught: t, B×C. known: m, B×W, both of the teacher.
    """
    apart = (guess.float() - known.detach().float()).square().sum(dim=1).mean()
    said = torch.sigmoid(taught.detach().float() / temperature)
    soft = _bce(logits.float() / temperature, said)
    return hard + feature_weight * apart + kd_weight * temperature**2 * soft


def confidence_pooling(scores: torch.Tensor, confidence: torch.Tensor) -> torch.Tensor:
    """B×C: Σ_x A H / Σ_x A of maps H and confidences A, both B×C×h×w."""
    return (confidence * scores).sum(dim=(2, 3)) / confidence.sum(dim=(2, 3))


class _Reversed(torch.autograd.Function):
    """The identity, whose gradient changes its sign (Ganin and Lempitsky, ICML 2015)."""

    @staticmethod
    def forward(ctx: object, values: torch.Tensor) -> torch.Tensor:
        return values.view_as(values)

    @staticmethod
    def backward(ctx: object, gradient: torch.Tensor) -> torch.Tensor:
        return -gradient


def reversed_gradient(values: torch.Tensor) -> torch.Tensor:
    """The same values; whoever made them is pushed away from what is asked of them."""
    found: torch.Tensor = _Reversed.apply(values)
    return found


def agreement(uniform: torch.Tensor, balanced: torch.Tensor) -> torch.Tensor:
    """Mean squared difference of what two branches say, B×C logits each."""
    return (uniform.float() - balanced.float()).square().mean()


class Said(NamedTuple):
    """What `cct-net` says of a batch: coarse and refined logits of its categories, B×K, and of
    which domain the features of each seem to be, B×K (logits of the source)."""

    coarse: torch.Tensor
    refined: torch.Tensor
    domain: torch.Tensor


def both_scores(said: Said, targets: torch.Tensor) -> torch.Tensor:
    """BCE(coarse) + BCE(refined), means over B×K."""
    return _bce(said.coarse, targets) + _bce(said.refined, targets)


def domain_loss(target: Said, source: Said) -> torch.Tensor:
    """Binary cross-entropy of telling the domains apart, each of the two weighing half."""
    a, b = target.domain, source.domain
    return (_bce(a, torch.zeros_like(a)) + _bce(b, torch.ones_like(b))) / 2


def _bce(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(logits.float(), targets.float())
