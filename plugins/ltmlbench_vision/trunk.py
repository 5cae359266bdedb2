"""The torch module behind the `timm` backbone."""

from __future__ import annotations

from typing import Any

import timm
import torch

from ltmlbench.training.network import Trunk
from ltmlbench_vision.weights import locate, state_for


class TimmTrunk(Trunk):
    """B×3×H×W -> B×D×h×w.

    Args:
        model: timm name.
        weights: as located by `ltmlbench_vision.weights.locate`.
        digest: sha256 that the weights file has to have, or "random"; "": whatever is found.

    Raises:
        RequestError: another file is found here than the one asked for (another machine, a changed
            cache), or it does not fit the model.
    """

    def __init__(self, model: str, weights: str, digest: str) -> None:
        super().__init__()
        network: Any = timm.create_model(model, num_classes=0, global_pool="")
        self.network = network
        self.num_features = int(network.num_features)
        self.mean = network.pretrained_cfg["mean"]
        self.std = network.pretrained_cfg["std"]
        found = locate(model, weights, digest)
        if found.file is not None:
            state = state_for(found.file, network.state_dict())
            missing = network.load_state_dict(state, strict=False).missing_keys
            assert all(name.endswith("num_batches_tracked") for name in missing), missing
        self.provenance = {
            "model": model,
            "timm": timm.__version__,
            "weights": found.name,
            "sha256": found.digest,
            "parameters": sum(p.numel() for p in network.parameters()),
        }

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        network: Any = self.network
        features: torch.Tensor = network.forward_features(images)
        if features.ndim == 4:
            channels_last = features.shape[1] != self.num_features
            return features.permute(0, 3, 1, 2) if channels_last else features
        tokens = features[:, network.num_prefix_tokens :]  # B×T×D, class token dropped
        side = round(tokens.shape[1] ** 0.5)
        return tokens.transpose(1, 2).reshape(tokens.shape[0], self.num_features, side, -1)
