"""Losses that compare logits with one another. The formulas are in `formulas.pairwise`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from ltmlbench.plugin import Component, DataError, LabelMatrix, Loss, LossFn, RequestError

if TYPE_CHECKING:
    import torch


class TwoWayOptions(Component):
    """Options of the two-way loss; the published values."""

    t_pos: float = Field(4.0, gt=0, description="temperature of the positives")
    t_neg: float = Field(1.0, gt=0, description="temperature of the negatives")


class TwoWay(TwoWayOptions, Loss):
    """Two-way loss: every sample, and every label that some sample of the batch has, sets its
    lowest positives against its highest negatives (Kobayashi, CVPR 2023, eq. 8).

    Scores rank: metrics with a threshold need a calibration of them. Labels without a positive in
    the batch take no part in its second half, so small batches leave rare labels out.
    """

    def bind(self, labels: LabelMatrix) -> LossFn:
        from ltmlbench_imbalance.formulas.pairwise import two_way

        return _Whole(partial(two_way, t_pos=self.t_pos, t_neg=self.t_neg))


class Zlpr(Loss):
    """ZLPR: log(1 + Σ_neg e^z) + log(1 + Σ_pos e^(−z)) per sample (Su et al., 2022, eq. 5).

    Scores rank about 0, so that 0.5 separates; they are no probabilities.
    """

    def bind(self, labels: LabelMatrix) -> LossFn:
        from ltmlbench_imbalance.formulas.pairwise import zero_bounded

        return _Whole(zero_bounded)


class _Whole:
    """A bound loss that is no sum over elements: its value is one number for the batch."""

    def __init__(self, formula: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> None:
        self.formula = formula

    def __call__(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor | None = None,
        *,
        reduction: str = "mean",
    ) -> torch.Tensor:
        """A scalar.

        Raises:
            DataError: what `check_batch` refuses, or nothing to compare.
            RequestError: values per element or sample weights are asked for, which this loss does
                not have.
        """
        import torch

        from ltmlbench.plugin import check_batch

        if reduction != "mean" or weights is not None:
            raise RequestError(
                "this loss compares logits with one another: it has no value per element and "
                "takes no sample weights, only reduction='mean'"
            )
        flaw = check_batch(logits, targets)
        if not logits.numel():
            raise DataError(f"logits {tuple(logits.shape)} hold nothing to compare")
        with torch.autocast(logits.device.type, enabled=False):
            value = self.formula(logits.float(), targets.float())
        return value if flaw is None else value + flaw
