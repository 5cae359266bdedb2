"""What a distillation loss may be given. Shapes: B samples, C labels, S labels of a teacher."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ltmlbench.plugin import DataError, check_batch


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
        None, or on an accelerator a scalar to add to the loss: 0, or NaN for wrong targets.

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
        if said.shape != (len(logits), len(block)) or not said.is_floating_point():
            raise DataError(
                f"teacher {k} said {tuple(said.shape)} of {said.dtype}: "
                f"{len(logits)}×{len(block)} logits, a row per sample and a column per label it "
                "knows, are needed"
            )
    return flaw
