"""The torch module behind the `timm` backbone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
import torch

from ltmlbench.plugin import RequestError, Trunk
from ltmlbench_vision.weights import locate, state_for


class TimmTrunk(Trunk):
    """B×3×H×W -> B×D×h×w.

    Args:
        model: timm name.
        weights: as located by `ltmlbench_vision.weights.locate`.
        digest: sha256 that the weights file has to have, or "random"; "": whatever is found.
        shape: (3, H, W). A network made for one size, such as a ViT, is built for this one; timm
            resamples what depends on it (position embeddings) from the weights' own size.

    Raises:
        RequestError: another file is found here than the one asked for (another machine, a changed
            cache), it does not fit the model, or the network cannot take pictures of that size.
    """

    def __init__(self, model: str, weights: str, digest: str, shape: tuple[int, ...]) -> None:
        super().__init__()
        fixed = fixed_size(model)
        foreign = fixed is not None and fixed != shape[1:]
        found = locate(model, weights, digest)
        network: Any = (
            _resized(model, shape[1:], found.file) if foreign else _as_it_is(model, found.file)
        )
        self.network = network
        self.num_features = int(network.num_features)
        self.mean = network.pretrained_cfg["mean"]
        self.std = network.pretrained_cfg["std"]
        self.last_stage = tuple(f"network.{name}" for name in _last_stage(network))
        self.provenance = {
            "model": model,
            "timm": timm.__version__,
            "weights": found.name,
            "sha256": found.digest,
            "parameters": sum(p.numel() for p in network.parameters()),
        }
        if fixed is not None:
            self._try(model, shape)

    def _try(self, model: str, shape: tuple[int, ...]) -> None:
        """Looks whether what comes out can be laid out as maps, before anybody trains on it."""
        self.eval()
        try:
            with torch.no_grad():
                maps = self(torch.zeros(1, *shape))
            if maps.shape[:2] != (1, self.num_features):
                raise ValueError(f"it gives {tuple(maps.shape)}")
        except Exception as error:  # timm's networks raise whatever they like
            raise _unfit(model, shape[1:], error) from error
        self.train()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        network: Any = self.network
        features: torch.Tensor = network.forward_features(images)
        if features.ndim == 4:
            channels_last = features.shape[1] != self.num_features
            return features.permute(0, 3, 1, 2) if channels_last else features
        prefix = getattr(network, "num_prefix_tokens", 0)
        tokens = features[:, prefix:]  # B×T×D, class token dropped
        side = round(tokens.shape[1] ** 0.5)
        return tokens.transpose(1, 2).reshape(tokens.shape[0], self.num_features, side, -1)


def _last_stage(network: Any) -> list[str]:
    """Names of what comes after timm's last stage but one, in the order of the forward pass; none
    for a network whose stages timm does not name."""
    stages = [str(stage["module"]) for stage in getattr(network, "feature_info", ())]
    modules = dict(network.named_modules())
    if len(stages) < 2 or stages[-2] not in modules:
        return []
    found: list[str] = []
    for name in list(modules)[list(modules).index(stages[-2]) + 1 :]:
        inside = name.startswith((f"{stages[-2]}.", *(f"{other}." for other in found)))
        if not inside and any(True for _ in modules[name].parameters()):
            found.append(name)
    return found


def fixed_size(model: str) -> tuple[int, int] | None:
    """The one size (H, W) that a network is made for; None if it takes any."""
    known = timm.get_pretrained_cfg(model)
    if known is None or not known.fixed_input_size:
        return None
    return known.input_size[1], known.input_size[2]


def refuse_without_maps(model: str) -> None:
    """Looks at the structure alone.

    Raises:
        RequestError: timm gives the network with its pooling only.
    """
    try:
        with torch.device("meta"):
            timm.create_model(model, num_classes=0, global_pool="")
    except Exception as error:  # each of timm's networks refuses in its own way
        raise RequestError(
            f"backbone {model!r} gives no feature maps ({_one_line(error)}): take another"
        ) from error


def _as_it_is(model: str, file: Path | None) -> Any:
    network: Any = timm.create_model(model, num_classes=0, global_pool="")
    if file is not None:
        state = state_for(file, network.state_dict())
        missing = network.load_state_dict(state, strict=False).missing_keys
        assert all(name.endswith("num_batches_tracked") for name in missing), missing
    return network


def _resized(model: str, size: tuple[int, ...], file: Path | None) -> Any:
    options: dict[str, Any] = {"num_classes": 0, "global_pool": "", "img_size": size}
    if file is not None:
        options |= {"pretrained": True, "pretrained_cfg_overlay": {"file": str(file)}}
    try:
        return timm.create_model(model, **options)
    except Exception as error:  # unknown argument, windows that do not fit, other weights, ...
        refuse_without_maps(model)
        raise _unfit(model, size, error) from error


def _unfit(model: str, size: tuple[int, ...], error: Exception) -> RequestError:
    own, cause = fixed_size(model), _one_line(error)
    hint = f"it is made for --image-size {own[0]}" if own else "give another --image-size"
    return RequestError(
        f"backbone {model!r} cannot take pictures of {size[0]} × {size[1]} pixels: {hint} ({cause})"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
