"""Backbones: the network below the head."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    from ltmlbench.training.network import Trunk


class Backbone(Component, ABC):
    """A network that turns samples into features.

    ``takes``: what kind of input, ``"picture"`` or ``"vector"``: that of a feed's ``gives``.

    >>> class Raw(Backbone):
    ...     takes = "vector"
    ...     def resolve(self):
    ...         return self
    ...     def build(self, shape):
    ...         from ltmlbench.plugin import Trunk
    ...         class Same(Trunk):
    ...             num_features = shape[0]
    ...             provenance = {"weights": "none"}
    ...             def forward(self, inputs):
    ...                 return inputs
    ...         return Same()
    >>> Raw().build((5,)).num_features
    5
    """

    takes: ClassVar[str] = "picture"
    kind: ClassVar[str] = "backbone"

    @abstractmethod
    def resolve(self) -> Self:
        """The same backbone with every automatic choice (which weights) made and named."""

    @abstractmethod
    def build(self, shape: tuple[int, ...]) -> Trunk:
        """The network below the head, with its initial weights: B samples -> B×D×h×w feature maps
        of pictures, B×D features of vectors.

        Args:
            shape: of one sample: (3, H, W) of a picture, (D,) of a vector.

        Raises:
            RequestError: the network cannot take samples of that shape.
        """

    def check(self, shape: tuple[int, ...]) -> None:
        """Looks, while planning, whether samples of that shape (see `build`) can be taken.

        Raises:
            RequestError: they cannot.
        """

    @property
    def gains_from_bfloat16(self) -> bool:
        """Whether reduced precision pays on processors with native bfloat16."""
        return False

    @property
    def label(self) -> str:
        """What tables call it."""
        return type(self).__name__
