"""The network of `cct-net`. Shapes: B samples, K categories, D features, W width, C labels."""

from __future__ import annotations

import torch
from torch import nn

from ltmlbench.plugin import Network, Trunk
from ltmlbench_reduced.formulas import Said, confidence_pooling, reversed_gradient


class CctHead(nn.Module):
    """B×D×h×w -> B×C: confidence-weighted pooling and category-invariant refinement.

    H = conv_1×1 F, A = σ(conv_1×1 F), a map each per category; coarse logit Σ_x A H / Σ_x A. The
    features of a category are F_c = φ(F ⊙ σ(H_c)), φ one 1 × 1 convolution and a ReLU; the refined
    logit is one linear layer of their mean over places. φ and that layer are the same for all
    categories of both domains. The last category is the source's.
    """

    def __init__(self, in_features: int, n_labels: int, width: int) -> None:
        super().__init__()
        self.n_labels = n_labels
        self.maps = nn.Conv2d(in_features, n_labels + 1, 1)
        self.confidence = nn.Conv2d(in_features, n_labels + 1, 1)
        self.refine = nn.Conv2d(in_features, width, 1, bias=False)
        self.shift = nn.Parameter(torch.zeros(width))
        self.classify = nn.Linear(width, 1)
        self.domain = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def said(self, features: torch.Tensor, categories: slice) -> Said:
        """Of some categories: ``slice(n_labels)`` the labels, ``slice(n_labels, None)`` the
        source's."""
        maps = self.maps(features)[:, categories]
        coarse = confidence_pooling(maps, self.confidence(features)[:, categories].sigmoid())
        # a convolution of F ⊙ M is that of F, times M, because M is one number per place
        own = self.refine(features)[:, None] * maps.sigmoid()[:, :, None]  # B×K×W×h×w
        refined = torch.relu(own + self.shift[:, None, None]).mean(dim=(3, 4))  # B×K×W
        guess = self.domain(reversed_gradient(refined))[..., 0]
        return Said(coarse, self.classify(refined)[..., 0], guess)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Mean of coarse and refined logits of the labels."""
        said = self.said(features, slice(self.n_labels))
        return (said.coarse + said.refined) / 2


class CctNetwork(Network):
    """A trunk and a `CctHead`."""

    head: CctHead

    def __init__(self, trunk: Trunk, n_labels: int, width: int) -> None:
        super().__init__(trunk, CctHead(trunk.num_features, n_labels, width))

    def both(self, target: torch.Tensor, source: torch.Tensor | None) -> tuple[Said, Said | None]:
        """What is said of a batch of the labels, and of one of the source; they pass the trunk
        together, so that its norms see both domains."""
        labels = self.head.n_labels
        if source is None:
            return self.head.said(self.trunk(target), slice(labels)), None
        features = self.trunk(torch.cat([target, source]))
        parts = features[: len(target)], features[len(target) :]
        return self.head.said(parts[0], slice(labels)), self.head.said(
            parts[1], slice(labels, None)
        )
