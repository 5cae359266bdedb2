"""Distillation losses as components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from ltmlbench.plugin import Component, Distillation, DistillFn, Floats, LabelMatrix, Rows

if TYPE_CHECKING:
    import torch


class ClassBalancedOptions(Component):
    """Options of class-balanced distillation."""

    alpha: float = Field(
        0.5, ge=0, le=1, description="share of the teachers in the loss of a taught label"
    )
    temperature: float = Field(2.0, gt=0, description="softens teachers and student")
    kd_weight: Literal["db", "effective", "inverse", "uniform"] = Field(
        "db", description="w: per sample as in DB loss, per label, or none"
    )
    mixing: Literal["label", "block"] = Field(
        "label", description="labels and teachers are mixed label by label, or as two sums"
    )
    teacher_prior: Literal["corrected", "raw"] = Field(
        "corrected", description="teachers' logits shifted to the prior of all training rows"
    )


class ClassBalanced(ClassBalancedOptions, Distillation):
    """(1/BC) Σ_i Σ_c [(1 − α_c) hard_ic + α_c w_ic KD_ic], KD_ic = T² BCE(σ(z_ic/T), σ(t_ic/T)).

    α_c is α for a label that a teacher knows and 0 for the others: those keep their full loss
    against the labels. Where several teachers know a label, KD_ic is the mean over them.

    ``mixing=block`` is the first form, (1 − α) · mean of hard + α · Σ_k (1/|S_k|) Σ_{c ∈ S_k}
    mean_i w_ic KD_ic over the teachers k. Its sum of one mean per teacher gives a taught label
    C/|S_k| times the weight of an untaught one.

    That a class-balanced weight per sample is used against multi-label overfitting is the
    poster's; its formula, the mixing, α, T and the prior correction are ours (docs/methods.md).
    """

    def bind(
        self, labels: LabelMatrix, blocks: Sequence[Rows], priors: Sequence[Floats]
    ) -> DistillFn:
        import torch

        from ltmlbench_distill.checks import check_bound, check_taught
        from ltmlbench_distill.functional import by_block, by_label, label_weights, rebalanced

        counts = torch.tensor(labels.counts, dtype=torch.float32)
        fixed = label_weights(labels.counts.astype(np.float64), len(labels), self.kd_weight)
        per_label = torch.tensor(fixed, dtype=torch.float32)
        columns = check_bound(blocks, priors, labels.n_labels)
        shifts = _shifts(labels, blocks, priors, self.teacher_prior == "corrected")
        mixed = by_label if self.mixing == "label" else by_block

        def loss(
            hard: torch.Tensor,
            logits: torch.Tensor,
            targets: torch.Tensor,
            taught: Sequence[torch.Tensor],
        ) -> torch.Tensor:
            flaw = check_taught(hard, logits, targets, taught, columns, labels.n_labels)
            device = logits.device
            if self.kd_weight == "db":
                weights = rebalanced(targets, counts.to(device))
            else:
                weights = per_label.to(device).expand_as(targets)
            soft = _soft(logits, taught, columns, shifts, self.temperature)
            at = [block.to(device) for block in columns]
            weighted = [weights[:, b] * s for b, s in zip(at, soft, strict=True)]
            whole = mixed(hard, weighted, at, self.alpha)
            return whole if flaw is None else whole + flaw

        return loss


class Weighted(Distillation):
    """hard + α Σ_k Σ_{c ∈ S_k} ω_c^k T² BCE(σ(z/T), σ(t/T)) / B; ω: inverse frequency within the
    teacher's labels. Subset teachers with weighted distillation are RSKD's; α, T and ω are ours
    (T = 10 as in the authors' HKGL script). The sum over labels is divided by C, as
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

        from ltmlbench_distill.checks import check_bound, check_taught
        from ltmlbench_distill.functional import share_of_block

        counts = labels.counts.astype(np.float64)
        columns = check_bound(blocks, priors, labels.n_labels)
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
            flaw = check_taught(hard, logits, targets, taught, columns, labels.n_labels)
            total = hard.new_zeros(())
            for omega, soft in zip(
                omegas, _soft(logits, taught, columns, shifts, self.temperature), strict=True
            ):
                total = total + (omega.to(soft.device) * soft).sum(dim=1).mean()
            whole = hard.mean() + self.alpha * total / labels.n_labels
            return whole if flaw is None else whole + flaw

        return loss


def _soft(
    logits: torch.Tensor,
    taught: Sequence[torch.Tensor],
    columns: Sequence[torch.Tensor],
    shifts: Sequence[torch.Tensor],
    temperature: float,
) -> list[torch.Tensor]:
    """Per teacher B×S losses against what it says of its labels."""
    from ltmlbench_distill.functional import soft_bce

    device = logits.device
    return [
        soft_bce(logits.float()[:, block.to(device)], said + shift.to(device), temperature)
        for block, shift, said in zip(columns, shifts, taught, strict=True)
    ]


def _shifts(
    labels: LabelMatrix, blocks: Sequence[Rows], priors: Sequence[Floats], corrected: bool
) -> list[torch.Tensor]:
    """What is added to each teacher's logits: S numbers each."""
    import torch

    from ltmlbench_distill.functional import prior_shift

    share = labels.counts / max(len(labels), 1)
    found = [prior_shift(p, share[block]) for p, block in zip(priors, blocks, strict=True)]
    return [torch.tensor(s if corrected else s * 0, dtype=torch.float32) for s in found]
