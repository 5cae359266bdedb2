"""Distillation losses as components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from ltmlbench.plugin import Distillation, DistillFn, Floats, LabelMatrix, Rows

if TYPE_CHECKING:
    import torch


class ClassBalanced(Distillation):
    """(1 − α) · hard + α · (1/B) Σ_i Σ_k (1/|S_k|) Σ_{c ∈ S_k} w_i^c · T² BCE(σ(z/T), σ(t/T)).

    That a class-balanced weight per sample is used against multi-label overfitting is the
    poster's; its formula, α, T and the prior correction are ours (METHODS 1.5, 1.6).
    """

    alpha: float = Field(0.2, ge=0, le=1, description="share of the teachers in the loss")
    temperature: float = Field(2.0, gt=0, description="softens teachers and student")
    kd_weight: Literal["db", "effective", "inverse", "uniform"] = Field(
        "db", description="w: per sample as in DB loss, per label, or none"
    )
    teacher_prior: Literal["corrected", "raw"] = Field(
        "corrected", description="teachers' logits shifted to the prior of all training rows"
    )

    def bind(
        self, labels: LabelMatrix, blocks: Sequence[Rows], priors: Sequence[Floats]
    ) -> DistillFn:
        import torch

        from ltmlbench_distill.functional import label_weights, rebalanced, soft_bce
        from ltmlbench_distill.lesson import check_lesson

        counts = torch.tensor(labels.counts, dtype=torch.float32)
        fixed = label_weights(labels.counts.astype(np.float64), len(labels), self.kd_weight)
        per_label = torch.tensor(fixed, dtype=torch.float32)
        columns = [torch.from_numpy(np.asarray(block)) for block in blocks]
        shifts = _shifts(labels, blocks, priors, self.teacher_prior == "corrected")

        def loss(
            hard: torch.Tensor,
            logits: torch.Tensor,
            targets: torch.Tensor,
            taught: Sequence[torch.Tensor],
        ) -> torch.Tensor:
            flaw = check_lesson(hard, logits, targets, taught, columns, labels.n_labels)
            device = logits.device
            if self.kd_weight == "db":
                weights = rebalanced(targets, counts.to(device))
            else:
                weights = per_label.to(device).expand_as(targets)
            total = hard.new_zeros(())
            for block, shift, said in zip(columns, shifts, taught, strict=True):
                at = block.to(device)
                soft = soft_bce(logits.float()[:, at], said + shift.to(device), self.temperature)
                total = total + (weights[:, at] * soft).mean(dim=1).mean()
            whole = (1 - self.alpha) * hard + self.alpha * total
            return whole if flaw is None else whole + flaw

        return loss


class Weighted(Distillation):
    """hard + α Σ_k Σ_{c ∈ S_k} ω_c^k T² BCE(σ(z/T), σ(t/T)) / B; ω: inverse frequency within the
    teacher's labels. Subset teachers with weighted distillation are RSKD's; α, T and ω are ours
    (METHODS 2.1; T = 10 as in the authors' HKGL script). The sum over labels is divided by C, as
    the hard loss is a mean over labels.
    """

    alpha: float = Field(1.0, ge=0, description="weight of the teachers beside the labels")
    temperature: float = Field(10.0, gt=0, description="softens teachers and student")
    teacher_prior: Literal["corrected", "raw"] = Field(
        "corrected", description="teachers' logits shifted to the prior of all training rows"
    )

    def bind(
        self, labels: LabelMatrix, blocks: Sequence[Rows], priors: Sequence[Floats]
    ) -> DistillFn:
        import torch

        from ltmlbench_distill.functional import share_of_block, soft_bce
        from ltmlbench_distill.lesson import check_lesson

        counts = labels.counts.astype(np.float64)
        columns = [torch.from_numpy(np.asarray(block)) for block in blocks]
        omegas = [
            torch.tensor(share_of_block(counts[block]), dtype=torch.float32) for block in blocks
        ]
        shifts = _shifts(labels, blocks, priors, self.teacher_prior == "corrected")

        def loss(
            hard: torch.Tensor,
            logits: torch.Tensor,
            targets: torch.Tensor,
            taught: Sequence[torch.Tensor],
        ) -> torch.Tensor:
            flaw = check_lesson(hard, logits, targets, taught, columns, labels.n_labels)
            device = logits.device
            total = hard.new_zeros(())
            for block, omega, shift, said in zip(columns, omegas, shifts, taught, strict=True):
                at = block.to(device)
                soft = soft_bce(logits.float()[:, at], said + shift.to(device), self.temperature)
                total = total + (omega.to(device) * soft).sum(dim=1).mean()
            whole = hard + self.alpha * total / labels.n_labels
            return whole if flaw is None else whole + flaw

        return loss


def _shifts(
    labels: LabelMatrix, blocks: Sequence[Rows], priors: Sequence[Floats], corrected: bool
) -> list[torch.Tensor]:
    """What is added to each teacher's logits: S numbers each."""
    import torch

    from ltmlbench_distill.functional import prior_shift

    share = labels.counts / max(len(labels), 1)
    found = [prior_shift(p, share[block]) for p, block in zip(priors, blocks, strict=True)]
    return [torch.tensor(s if corrected else s * 0, dtype=torch.float32) for s in found]
