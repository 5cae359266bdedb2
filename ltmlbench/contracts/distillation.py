"""Distillation losses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from ltmlbench.arrays import Floats, Rows
from ltmlbench.contracts.component import Component
from ltmlbench.labels import LabelMatrix

if TYPE_CHECKING:
    import torch


class DistillFn(Protocol):
    """A distillation loss bound to the training labels: a pure function."""

    def __call__(
        self,
        hard: torch.Tensor,
        logits: torch.Tensor,
        targets: torch.Tensor,
        taught: Sequence[torch.Tensor],
    ) -> torch.Tensor:
        """The whole loss of the student, a scalar.

        Args:
            hard: B×C losses against the labels, so that each label can be mixed by its own share.
            logits: B×C, of the student; gradients flow into these alone.
            targets: B×C in {0, 1}.
            taught: one per teacher, B×S logits for its labels.
        """


class Distillation(Component, ABC):
    """How a student learns from what teachers say of its samples.

    >>> class Near(Distillation):
    ...     def bind(self, labels, blocks, priors):
    ...         def loss(hard, logits, targets, taught):
    ...             apart = [(logits[:, b] - t).square().mean() for b, t in zip(blocks, taught)]
    ...             return hard.mean() + sum(apart)
    ...         return loss
    >>> import torch
    >>> loss = Near().bind(LabelMatrix([[1, 0], [0, 1]]), blocks=[[1]], priors=[[0.5]])
    >>> loss(torch.ones(1, 2), torch.zeros(1, 2), torch.ones(1, 2), [torch.tensor([[2.0]])])
    tensor(5.)
    """

    kind: ClassVar[str] = "distillation"

    @abstractmethod
    def bind(
        self, labels: LabelMatrix, blocks: Sequence[Rows], priors: Sequence[Floats]
    ) -> DistillFn:
        """The loss for a student of all ``labels``.

        Args:
            labels: the student's training labels.
            blocks: one per teacher: the S labels (column indices) it knows.
            priors: one per teacher: the share of positives per label among what it was trained on.
        """
