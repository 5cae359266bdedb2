"""Backbones: the network below the head."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    from ltmlbench.training.network import Trunk


class Backbone(Component, ABC):
    """A network that turns samples into features."""

    kind: ClassVar[str] = "backbone"

    @abstractmethod
    def resolve(self) -> Self:
        """The same backbone with every automatic choice (which weights) made and named."""

    @abstractmethod
    def build(self) -> Trunk:
        """The network B×3×H×W -> B×D×h×w feature maps, with its initial weights."""

    @property
    def label(self) -> str:
        """What tables call it."""
        return type(self).__name__
