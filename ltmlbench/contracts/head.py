"""Heads: from features to logits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    import torch


class Head(Component, ABC):
    """The part of a network above its backbone.

    >>> class Pooled(Head):
    ...     def build(self, in_features, n_labels):
    ...         from torch import nn
    ...         layers = nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(in_features, n_labels)
    ...         return nn.Sequential(*layers)
    >>> import torch
    >>> tuple(Pooled().build(8, 3)(torch.zeros(2, 8, 4, 4)).shape)
    (2, 3)
    """

    kind: ClassVar[str] = "head"

    @abstractmethod
    def build(self, in_features: int, n_labels: int) -> torch.nn.Module:
        """A module from features to B×C logits: from B×D×h×w of pictures, from B×D of vectors.

        One that weights regions may have ``attention(features)``, B×1×h×w, which galleries show.
        """
