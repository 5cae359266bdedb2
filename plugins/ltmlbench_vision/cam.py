"""Grad-CAM and region attention of a trained network. Shapes: M pairs, h×w feature maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from captum.attr import LayerGradCam
from torch import nn

from ltmlbench.plugin import Network, Rows, Work, autocast, views

Maps = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Looks:
    """What a network says of M pairs of a picture and a label, and where it looks.

    Args:
        cams: M×h×w, not negative, in the units of the logit's gradient.
        probabilities: M.
        attention: M×h×w, of a head that has such a map (`ltmlbench.contracts.Head.build`).
    """

    cams: Maps
    probabilities: Maps
    attention: Maps | None


class _Head(nn.Module):
    """A head whose input is a layer of its own: Grad-CAM of the trunk's output needs no more of the
    network than this, so the trunk runs once per picture and without gradients."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.maps = nn.Identity()
        self.head = head

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.maps(features))
        return logits


def look(network: Network, work: Work, rows: Rows, labels: Rows) -> Looks:
    """Looks at M pairs (a row of ``task.samples``, a label's column).

    Grad-CAM (Selvaraju et al., ICCV 2017, eq. 1 and 2) of the label's logit on the trunk's output:
    ReLU of the sum of the feature maps, each times the spatial mean of its gradient.

    Args:
        network: in evaluation mode.
    """
    head = _Head(network.head)
    grad_cam = LayerGradCam(head, head.maps)
    attention = getattr(network.head, "attention", None)
    cams, probabilities, maps = [], [], []
    start = 0
    if len(rows) == 0:
        return Looks(np.zeros((0, 1, 1), np.float32), np.zeros(0, np.float32), None)
    for chosen, images in views(work, network.trunk, rows, None):
        target = torch.from_numpy(labels[start : start + len(chosen)]).to(images.device)
        start += len(chosen)
        with torch.no_grad(), autocast(work.task.numerics):
            features = network.trunk(images)
            logits = network.head(features).float()
            if attention is not None:
                maps.append(attention(features).float()[:, 0].cpu().numpy())
        probabilities.append(logits.gather(1, target[:, None])[:, 0].sigmoid().cpu().numpy())
        features = features.float().requires_grad_()
        cam = grad_cam.attribute(features, target, relu_attributions=True)
        cams.append(cam.detach()[:, 0].cpu().numpy())
    return Looks(
        np.concatenate(cams), np.concatenate(probabilities), np.concatenate(maps) if maps else None
    )


def enlarge(maps: Maps, size: int) -> Maps:
    """M×h×w -> M×size×size, bilinear."""
    grown = nn.functional.interpolate(
        torch.from_numpy(maps)[:, None], (size, size), mode="bilinear", align_corners=False
    )
    return np.asarray(grown[:, 0].numpy())
