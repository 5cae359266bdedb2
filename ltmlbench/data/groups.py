"""From samples to groups: what a group has, and scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats
from ltmlbench.data.samples import Protocol
from ltmlbench.errors import DataError
from ltmlbench.labels import LabelMatrix


def to_groups(
    labels: LabelMatrix, scores: npt.ArrayLike, groups: Sequence[str], protocol: Protocol
) -> tuple[LabelMatrix, Floats]:
    """Labels and scores per group, groups in alphabetical order.

    A group has a label if any of its samples has it, and scores the maximum; for the labels in
    ``protocol.group_all`` it takes all samples, and the minimum (``"N"``: normal in all of them).

    Raises:
        DataError: the number of groups is not that of samples, or ``group_all`` names no label.
    """
    if len(groups) != labels.n_samples:
        raise DataError(f"{len(groups)} group names for {labels.n_samples} samples")
    if unknown := sorted(set(protocol.group_all) - set(labels.names)):
        raise DataError(f"group_all of the protocol names no label: {', '.join(unknown)}")
    names = np.asarray(groups, dtype=str)
    order = np.argsort(names, kind="stable")
    starts = np.unique(names[order], return_index=True)[1]
    everywhere = np.isin(labels.names, protocol.group_all)

    def joined(matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
        ordered = matrix[order]
        low, high = np.minimum.reduceat(ordered, starts), np.maximum.reduceat(ordered, starts)
        return np.where(everywhere, low, high)

    truth = LabelMatrix(joined(labels.dense), labels.names)
    return truth, joined(np.asarray(scores, dtype=np.float64))
