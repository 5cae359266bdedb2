"""A loss that becomes another one during the training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ltmlbench.plugin import LossFn

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Switching:
    """`first` until ``switched(progress, epoch)`` is true, then `second`; called as it is, the
    first."""

    first: LossFn
    second: LossFn
    switched: Callable[[float, int], bool]

    def __call__(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor | None = None,
        *,
        reduction: str = "mean",
    ) -> torch.Tensor:
        return self.first(logits, targets, weights, reduction=reduction)

    def at(self, progress: float, epoch: int) -> LossFn:
        return self.second if self.switched(progress, epoch) else self.first
