"""Heads: from features to logits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    import torch


class Head(Component, ABC):
    """The part of a network above its backbone."""

    kind: ClassVar[str] = "head"

    @abstractmethod
    def build(self, in_features: int, n_labels: int) -> torch.nn.Module:
        """A module B×D×h×w -> B×C logits.

        One that weights regions may have ``attention(features)``, B×1×h×w, which galleries show.
        """
