"""Where a trained network looks: class activation maps fine enough to be looked at, and region
attention. Shapes: M pairs, h×w feature maps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ltmlbench.plugin import Network, Rows, Work, autocast, views

Maps = npt.NDArray[np.float32]

FINE = 7
"""Cells on each side that a map needs: that of a common network at 224 pixels."""


@dataclass(frozen=True)
class Looks:
    """What a network says of M pairs of a picture and a label, and where it looks.

    Args:
        cams: M×h×w, not negative, in the units of the logit.
        probabilities: M.
        attention: M×h×w, of a head that has such a map (`ltmlbench.contracts.Head.build`).
        kind: what the maps are called.
    """

    cams: Maps
    probabilities: Maps
    attention: Maps | None
    kind: str = "Grad-CAM"


def look(network: Network, work: Work, rows: Rows, labels: Rows, fine: int = FINE) -> Looks:
    """Looks at M pairs (a row of ``task.samples``, a label's column).

    Where the trunk's output has enough cells: Grad-CAM (Selvaraju et al., ICCV 2017, eq. 1 and 2),
    ReLU of the sum of the feature maps, each times the spatial mean of its gradient. Where it has
    fewer (2×2 for pictures of 64 pixels), the deepest layer that has enough, and HiResCAM (Draelos
    and Carin, 2020): each map times its gradient cell by cell, since below the output the mean over
    cells says little of one of them.

    Args:
        network: in evaluation mode.
        fine: cells needed on each side; if no layer has them, the trunk's output is taken.
    """
    attention = getattr(network.head, "attention", None)
    cams, probabilities, maps = [], [], []
    start, deep = 0, True
    if len(rows) == 0:
        return Looks(np.zeros((0, 1, 1), np.float32), np.zeros(0, np.float32), None)
    for chosen, images in views(work, network.trunk, rows, None):
        target = torch.from_numpy(labels[start : start + len(chosen)]).to(images.device)
        start += len(chosen)
        with _deepest(network.trunk, fine) as kept, autocast(work.task.numerics):
            features = network.trunk(images.requires_grad_())
            logits = network.head(features).float()
        said = logits.gather(1, target[:, None])[:, 0]
        layer = kept.get("layer")
        deep = layer is None or _cells(features) >= fine
        where = features if layer is None or deep else layer
        (slope,) = torch.autograd.grad(said.sum(), where)
        weight = slope.mean(dim=(2, 3), keepdim=True) if deep else slope
        cam = (weight.float() * where.detach().float()).sum(dim=1).relu()
        cams.append(cam.cpu().numpy())
        probabilities.append(said.detach().sigmoid().cpu().numpy())
        if attention is not None:
            with torch.no_grad(), autocast(work.task.numerics):
                maps.append(attention(features.detach()).float()[:, 0].cpu().numpy())
    return Looks(
        np.concatenate(cams),
        np.concatenate(probabilities),
        np.concatenate(maps) if maps else None,
        "Grad-CAM" if deep else "HiResCAM of a lower layer",
    )


@contextmanager
def _deepest(trunk: nn.Module, fine: int) -> Iterator[dict[str, torch.Tensor]]:
    """While it lasts, ``layer`` becomes the last map with enough cells that a part of the trunk
    gives, in the order of the forward pass. What a transformer is shown before its tokens is no map
    of what it has understood."""
    kept: dict[str, torch.Tensor] = {}

    def keep(module: nn.Module, inputs: Any, output: Any) -> None:
        if not isinstance(output, torch.Tensor):
            return
        if output.ndim == 3:
            kept.clear()
        elif output.ndim == 4 and _cells(output) >= fine:
            kept["layer"] = output

    hooks = [part.register_forward_hook(keep) for part in trunk.modules() if part is not trunk]
    try:
        yield kept
    finally:
        for hook in hooks:
            hook.remove()


def _cells(maps: torch.Tensor) -> int:
    return min(maps.shape[2:])


def enlarge(maps: Maps, size: int) -> Maps:
    """M×h×w -> M×size×size, bilinear."""
    grown = nn.functional.interpolate(
        torch.from_numpy(maps)[:, None], (size, size), mode="bilinear", align_corners=False
    )
    return np.asarray(grown[:, 0].numpy())
