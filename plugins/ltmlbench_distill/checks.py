"""What a distillation loss may be given. Shapes: B samples, C labels, S labels of a teacher."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ltmlbench.plugin import DataError, Floats, Rows, check_batch


def check_bound(
    blocks: Sequence[Rows], priors: Sequence[Floats], n_labels: int
) -> list[torch.Tensor]:
    """What a distillation is bound to: per teacher its labels, and the share of positives of each
    among what it was trained on.

    A share of 0 or 1 is sound: a label may have no positive in a fold.

    Returns:
        The blocks, S labels each.

    Raises:
        DataError: a block is no set of label indices, or the priors do not fit it (one line).
    """
    if len(priors) != len(blocks):
        raise DataError(f"priors of {len(priors)} teachers, but there are {len(blocks)} blocks")
    return [
        _checked(k, np.asarray(block), np.asarray(prior), n_labels)
        for k, (block, prior) in enumerate(zip(blocks, priors, strict=True))
    ]


def _checked(k: int, block: Rows, prior: Floats, n_labels: int) -> torch.Tensor:
    if block.ndim != 1 or not len(block) or block.dtype.kind not in "iu":
        raise DataError(
            f"block {k} is {block.shape} of {block.dtype}: the indices of the labels that teacher "
            f"{k} knows are needed, whole numbers"
        )
    outside = block[(block < 0) | (block >= n_labels)]
    if len(outside):
        raise DataError(f"block {k} holds label {outside[0]}: the labels are 0..{n_labels - 1}")
    if len(np.unique(block)) != len(block):
        raise DataError(f"block {k} holds a label twice")
    if prior.shape != block.shape or prior.dtype.kind not in "iuf":
        raise DataError(
            f"the priors of teacher {k} are {prior.shape} of {prior.dtype}: one number per label "
            f"of its block, {len(block)}, is needed"
        )
    wrong = prior[~((prior >= 0) & (prior <= 1))]
    if len(wrong):
        raise DataError(f"teacher {k} has a prior of {wrong[0]:g}: a share lies in 0..1")
    return torch.from_numpy(block.astype(np.int64))


def check_taught(
    hard: torch.Tensor,
    logits: torch.Tensor,
    targets: torch.Tensor,
    taught: Sequence[torch.Tensor],
    blocks: Sequence[torch.Tensor],
    n_labels: int,
) -> torch.Tensor | None:
    """As `check_batch`; besides, every teacher has to have said B×S logits for its block.

    Args:
        hard: B×C losses against the labels.
        blocks: per teacher, the S labels it knows.
        n_labels: C of the labels the loss is bound to.

    Returns:
        None, or on an accelerator a scalar to add to the loss: 0, or NaN for wrong targets. What
        a teacher says that is NaN makes the loss NaN there by itself.

    Raises:
        DataError: shapes, types or values are wrong (one line).
    """
    flaw = check_batch(logits, targets)
    if logits.shape[1] != n_labels:
        raise DataError(
            f"logits of {logits.shape[1]} labels, but the distillation is bound to {n_labels}"
        )
    if not len(logits):
        raise DataError("a distillation loss of no samples: there is nothing to average")
    if hard.shape != logits.shape:
        raise DataError(
            f"the loss against the labels is {tuple(hard.shape)}: a distillation takes one value "
            f"per sample and label, {tuple(logits.shape)}"
        )
    if len(taught) != len(blocks):
        raise DataError(f"logits of {len(taught)} teachers, but there are {len(blocks)} blocks")
    for k, (said, block) in enumerate(zip(taught, blocks, strict=True)):
        if not isinstance(said, torch.Tensor):
            raise DataError(f"teacher {k} said a {type(said).__name__}, not a torch.Tensor")
        if said.shape != (len(logits), len(block)) or not said.is_floating_point():
            raise DataError(
                f"teacher {k} said {tuple(said.shape)} of {said.dtype}: "
                f"{len(logits)}×{len(block)} logits, a row per sample and a column per label it "
                "knows, are needed"
            )
        readable = said.device.type == "cpu" and not torch.compiler.is_compiling()
        if readable and (bad := int((~torch.isfinite(said)).sum())):
            raise DataError(f"{bad} logits of teacher {k} are NaN or infinite")
    return flaw
