"""Turns an element-wise formula into a bound loss: precision, sample weights, reduction."""

from __future__ import annotations

from collections.abc import Callable

import torch

Formula = Callable[..., torch.Tensor]


class Elementwise:
    """A `ltmlbench.contracts.LossFn` from a function of B×C float32 logits and targets.

    The formula is evaluated in float32 whatever the logits' type (also under autocast); gradients
    flow back in the logits' own type.

    Args:
        formula: ``formula(logits, targets, **statistics)`` -> B×C losses, not changing its inputs.
        statistics: tensors of the training labels; they follow the logits to their device.
    """

    def __init__(self, formula: Formula, **statistics: torch.Tensor) -> None:
        self.formula = formula
        self.statistics = statistics

    def __call__(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor | None = None,
        *,
        reduction: str = "mean",
    ) -> torch.Tensor:
        """B×C losses, or their mean over all elements.

        Raises:
            ValueError: the shapes do not fit, or the reduction is unknown.
        """
        if logits.ndim != 2 or logits.shape != targets.shape:
            raise ValueError(
                f"logits {tuple(logits.shape)} and targets {tuple(targets.shape)} have to be "
                "B×C alike"
            )
        if weights is not None and weights.shape != logits.shape[:1]:
            raise ValueError(f"weights {tuple(weights.shape)} have to be B = {logits.shape[0]}")
        if reduction not in ("mean", "none"):
            raise ValueError(f"reduction {reduction!r} is neither 'mean' nor 'none'")
        self.statistics = {k: v.to(logits.device) for k, v in self.statistics.items()}
        with torch.autocast(logits.device.type, enabled=False):
            losses = self.formula(logits.float(), targets.float(), **self.statistics)
            if weights is not None:
                losses = losses * weights.float()[:, None]
            return losses.mean() if reduction == "mean" else losses
