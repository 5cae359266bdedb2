"""Turns an element-wise formula into a bound loss: checks, precision, sample weights, reduction."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ltmlbench.errors import DataError, RequestError
from ltmlbench.training.batch import check_batch

Formula = Callable[..., torch.Tensor]


class Elementwise:
    """A `ltmlbench.contracts.LossFn` from a function of B×C float32 logits and targets.

    The formula is evaluated in float32 whatever the logits' type (also under autocast); gradients
    flow back in the logits' own type. It sees only what `check_batch` has let through.

    >>> loss = Elementwise(lambda logits, targets: (logits.sigmoid() - targets) ** 2)
    >>> loss(torch.zeros(2, 3), torch.ones(2, 3), reduction="sum").item()
    1.5
    >>> loss(torch.zeros(1, 2), torch.tensor([[1, -1]]))
    Traceback (most recent call last):
    ltmlbench.errors.DataError: targets hold only 0 and 1; -1 (row 0) found: an unknown label is \
not a negative one, leave the sample out or mask the losses of reduction="none"

    Args:
        formula: ``formula(logits, targets, **statistics)`` -> B×C losses, not changing its inputs.
        statistics: tensors of the training labels, one number or C along the last dimension; they
            follow the logits to their device.
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
        """B×C losses ("none"), each times its sample's weight, their sum ("sum"; the reduction of
        the released ASL and RAL), or their mean over all B·C elements ("mean"; weights do not
        change what is divided by).

        Raises:
            DataError: what `check_batch` refuses, another number of labels than the loss is bound
                to, or the mean of nothing.
            RequestError: the reduction is unknown.
        """
        if reduction not in ("mean", "none", "sum"):
            raise RequestError(f"reduction {reduction!r} is none of 'mean', 'none', 'sum'")
        flaw = check_batch(logits, targets, weights)
        if reduction == "mean" and not logits.numel():
            raise DataError(f"logits {tuple(logits.shape)} hold nothing to average")
        for name, values in self.statistics.items():
            if values.numel() != 1 and values.shape[-1] != logits.shape[1]:
                raise DataError(
                    f"logits of {logits.shape[1]} labels, but the loss is bound to "
                    f"{values.shape[-1]} ({name})"
                )
        self.statistics = {k: v.to(logits.device) for k, v in self.statistics.items()}
        with torch.autocast(logits.device.type, enabled=False):
            losses = self.formula(logits.float(), targets.float(), **self.statistics)
            if losses.shape != logits.shape:
                raise DataError(
                    f"the formula gave losses {tuple(losses.shape)} for logits "
                    f"{tuple(logits.shape)}: it has to give one per element"
                )
            if weights is not None:
                losses = losses * weights.float()[:, None]
            if flaw is not None:
                losses = losses + flaw
            if reduction == "none":
                return losses
            return losses.mean() if reduction == "mean" else losses.sum()
