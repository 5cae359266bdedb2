"""Losses against the labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from ltmlbench.contracts.component import Component
from ltmlbench.labels import LabelMatrix

if TYPE_CHECKING:
    import torch


class LossFn(Protocol):
    """A loss bound to the training labels: a pure function."""

    def __call__(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor | None = None,
        *,
        reduction: str = "mean",
    ) -> torch.Tensor:
        """Loss of B×C ``logits`` against B×C ``targets`` in {0, 1}.

        Args:
            weights: B sample weights, or None.
            reduction: ``"mean"`` over all B×C elements, their ``"sum"``, or ``"none"`` (B×C).

        Raises:
            ValueError: targets are not 0/1 or the shapes are wrong
                (`ltmlbench.training.batch.check_batch`); a loss that is not a sum over elements
                refuses ``"none"``.
        """


@runtime_checkable
class ScheduledLossFn(LossFn, Protocol):
    """A bound loss that changes while a network is trained (deferred re-weighting, LDAM-DRW)."""

    def at(self, progress: float, epoch: int) -> LossFn:
        """The loss at a point of the training: ``progress`` in 0..1 of its steps, in an epoch
        counted from 0."""


class Loss(Component, ABC):
    """What a network is trained against.

    >>> class Squared(Loss):
    ...     def bind(self, labels):
    ...         from ltmlbench.training.elementwise import Elementwise
    ...         return Elementwise(lambda logits, targets: (logits.sigmoid() - targets) ** 2)
    >>> import torch
    >>> loss = Squared().bind(LabelMatrix([[1, 0], [0, 1]]))
    >>> loss(torch.zeros(1, 2), torch.tensor([[0.0, 1.0]])).item()
    0.25
    """

    kind: ClassVar[str] = "loss"

    @abstractmethod
    def bind(self, labels: LabelMatrix) -> LossFn:
        """The loss for data whose training labels are ``labels``."""
