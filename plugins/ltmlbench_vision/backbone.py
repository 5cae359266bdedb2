"""Any timm classification model as a backbone with spatial features."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Self

from pydantic import Field, field_validator

from ltmlbench.plugin import Backbone, RequestError

if TYPE_CHECKING:
    from ltmlbench.plugin import Trunk

_PLAIN = re.compile(r"[A-Za-z0-9_.\-]+\Z")


class Timm(Backbone):
    """A timm model without its classifier: B×3×H×W -> B×D×h×w feature maps.

    Convolutional networks and transformers alike: tokens are laid out on their grid again.
    """

    model: str = Field(description="timm model name, e.g. resnet50, densenet121")
    weights: str = Field(
        "auto",
        description="auto (package, else hub, else random), package, hub, random, or a file",
        exclude=True,  # `digest` stands for it in an identity: a path changes no number
    )
    digest: str = Field("", description="sha256 of the weights file; filled in when resolved")

    @field_validator("model")
    @classmethod
    def _known(cls, model: str) -> str:
        import timm

        if not _PLAIN.match(model) or not timm.is_model(model):
            close = difflib.get_close_matches(model, timm.list_models(), n=3)
            hint = f", did you mean {' or '.join(close)}?" if close else ""
            raise ValueError(f"neither a registered backbone nor a timm model{hint}")
        return model

    @property
    def label(self) -> str:
        return self.model if self.digest != "random" else f"{self.model} (random init)"

    def resolve(self) -> Self:
        from ltmlbench_vision.weights import locate

        found = locate(self.model, self.weights, self.digest)
        return self.model_copy(update={"weights": found.name, "digest": found.digest})

    @property
    def gains_from_bfloat16(self) -> bool:
        """Networks of dense convolutions train 2 to 3 times faster in bfloat16, those with
        depthwise ones slower (benchmarks/test_precision.py shows both)."""
        import timm
        import torch

        with torch.device("meta"):  # the structure alone
            network = timm.create_model(self.model, num_classes=0)
        return not any(
            isinstance(layer, torch.nn.Conv2d) and 1 < layer.groups == layer.in_channels
            for layer in network.modules()
        )

    def check(self, shape: tuple[int, ...]) -> None:
        from ltmlbench_vision.trunk import TimmTrunk, fixed_size, refuse_without_maps

        if len(shape) != 3 or shape[0] != 3:
            raise RequestError(f"backbone 'timm' takes pictures, not samples of shape {shape}")
        if fixed_size(self.model) is not None:
            TimmTrunk(self.model, "random", "", shape)
        else:
            refuse_without_maps(self.model)

    def build(self, shape: tuple[int, ...]) -> Trunk:
        from ltmlbench_vision.trunk import TimmTrunk

        return TimmTrunk(self.model, self.weights, self.digest, shape)
