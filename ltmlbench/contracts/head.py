"""Heads: from features to logits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    import torch


class Head(Component, ABC):
    """The part of a network above its backbone.

    ``pools``: it uses nothing but the mean of the feature maps over all places, and accepts that
    mean, B×D, in their place; so no maps have to be stored for it. A subclass that looks at maps
    sets it back to False.

    >>> class Highest(Head):
    ...     def build(self, in_features, n_labels):
    ...         from torch import nn
    ...         return nn.Sequential(
    ...             nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(in_features, n_labels)
    ...         )
    >>> import torch
    >>> Highest().build(6, 3)(torch.zeros(2, 6, 4, 4)).shape
    torch.Size([2, 3])
    """

    kind: ClassVar[str] = "head"
    pools: ClassVar[bool] = False

    @abstractmethod
    def build(self, in_features: int, n_labels: int) -> torch.nn.Module:
        """A module from features to B×C logits: from B×D×h×w of pictures, from B×D of vectors.

        One that weights regions may have ``attention(features)``, B×1×h×w, which galleries show.
        """
