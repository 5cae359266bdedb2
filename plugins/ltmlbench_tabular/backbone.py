"""A fully connected network over feature vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field

from ltmlbench.plugin import Backbone, RequestError

if TYPE_CHECKING:
    from ltmlbench.plugin import Trunk


class Mlp(Backbone):
    """Layers of batch normalisation, ReLU and dropout over feature vectors: B×F -> B×width.

    Starts from random weights: nothing is known of the features beforehand.
    """

    takes: ClassVar[str] = "vector"

    width: int = Field(256, ge=1, description="units of a layer")
    depth: int = Field(2, ge=1, description="layers")
    dropout: float = Field(0.1, ge=0, lt=1, description="share of units set to zero")

    @property
    def label(self) -> str:
        return f"mlp {self.depth}×{self.width}"

    def resolve(self) -> Self:
        return self

    def build(self, shape: tuple[int, ...]) -> Trunk:
        from ltmlbench_tabular.trunk import MlpTrunk

        if len(shape) != 1:
            raise RequestError(f"backbone 'mlp' takes vectors, not samples of shape {shape}")
        return MlpTrunk(shape[0], self.width, self.depth, self.dropout)
