"""The loss `poly`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from ltmlbench.plugin import LabelMatrix, Loss, LossFn

if TYPE_CHECKING:
    import torch


class Poly(Loss):
    """Cross-entropy whose first polynomial term weighs more: -log p + ε (1 - p) (Leng et al., ICLR
    2022, eq. 6), with p the probability of what is true, label by label."""

    epsilon: float = Field(1.0, ge=-1, description="added weight of the first term; 0: plain")

    def bind(self, labels: LabelMatrix) -> LossFn:
        """The loss; it needs nothing of the training labels."""
        import torch
        import torch.nn.functional as F

        from ltmlbench.plugin import Elementwise

        def formula(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            """B×C losses of B×C float32 logits."""
            plain = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
            wrong = torch.sigmoid(torch.where(targets > 0, -logits, logits))  # 1 - p
            return plain + self.epsilon * wrong

        return Elementwise(formula)
