"""What Subnet-S is trained against. Shapes: B batch, L lesion channels, S image side."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F

LesionLoss = Literal["dice", "weighted", "focal-tversky"]


def lesion_loss(
    logits: torch.Tensor,
    masks: torch.Tensor,
    annotated: torch.Tensor,
    kind: LesionLoss,
    share: torch.Tensor,
) -> torch.Tensor:
    """L_S over the annotated (sample, channel) pairs, of which there has to be one.

    - ``dice``: mean over the pairs of BCE + 1 − softDice, softDice = (2 Σ p s + 1)/(Σ p + Σ s + 1)
      over the pixels of a picture. A picture without a lesion counts as much as one with it, and
      rewards saying nothing.
    - ``weighted``: mean over channels of BCE with √((1 − π)/π) on lesion pixels, + 1 − softDice of
      the channel, its sums over the pixels of the whole batch.
    - ``focal-tversky``: mean over channels of BCE + (1 − T)^(3/4), T = (Σ p s + 1)/(Σ p s +
      .7 Σ (1 − p) s + .3 Σ p (1 − s) + 1), sums over the batch: a missed lesion pixel costs more
      than a false one (Abraham & Khan, ISBI 2019; beside BCE and over the batch, ours).

    Args:
        logits: B×L×S×S; masks: the same in {0, 1}; annotated: B×L bool.
        share: L, π: lesion pixels among the annotated pixels of the training pictures.
    """
    if kind == "dice":
        return _per_picture(logits[annotated].float(), masks[annotated])
    channels = [c for c in range(masks.shape[1]) if bool(annotated[:, c].any())]
    terms = []
    for c in channels:
        z, s = logits[annotated[:, c], c].float(), masks[annotated[:, c], c]
        p = z.sigmoid()
        hit = (p * s).sum()
        if kind == "weighted":
            weight = ((1 - share[c]) / share[c].clamp(min=1e-6)).sqrt()
            bce = F.binary_cross_entropy_with_logits(z, s, pos_weight=weight)
            terms.append(bce + 1 - (2 * hit + 1) / (p.sum() + s.sum() + 1))
        else:
            missed, false = ((1 - p) * s).sum(), (p * (1 - s)).sum()
            tversky = (hit + 1) / (hit + 0.7 * missed + 0.3 * false + 1)
            # without the floor the gradient is infinite where nothing is wrong
            terms.append(
                F.binary_cross_entropy_with_logits(z, s) + (1 - tversky).clamp(min=1e-6) ** 0.75
            )
    return torch.stack(terms).mean()


def _per_picture(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    bce = F.binary_cross_entropy_with_logits(logits, truth, reduction="none").mean(dim=(1, 2))
    p = logits.sigmoid()
    both = 2 * (p * truth).sum(dim=(1, 2)) + 1
    dice = both / (p.sum(dim=(1, 2)) + truth.sum(dim=(1, 2)) + 1)
    return (bce + 1 - dice).mean()
