"""Two samples of a group at a time, and what is known of them. Shapes: N samples, M pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import Covariate, LabelMatrix, Rows, Samples


def pairs_of(groups: Sequence[str], rows: Rows) -> Rows:
    """M×2: each group's rows two by two, in the order of the data set; one that is left over is
    paired with itself. Every row is in one pair.

    >>> pairs_of("aabbbc", np.array([5, 4, 3, 2, 1, 0])).tolist()
    [[0, 1], [2, 3], [4, 4], [5, 5]]
    """
    held: dict[str, list[int]] = {}
    for row in np.unique(rows):
        held.setdefault(groups[row], []).append(int(row))
    found = [(some[i], some[min(i + 1, len(some) - 1)])
             for some in held.values() for i in range(0, len(some), 2)]  # fmt: skip
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def pair_labels(samples: Samples, pairs: Rows) -> LabelMatrix:
    """M×C: what a pair has, as a group has it: any label of one of the two, and of the protocol's
    ``group_all`` those of both."""
    both = samples.labels.dense[pairs]  # M×2×C
    everywhere = np.isin(samples.labels.names, samples.protocol.group_all)
    return LabelMatrix(np.where(everywhere, both.min(axis=1), both.max(axis=1)),
                       samples.labels.names)  # fmt: skip


def known_of(covariates: Sequence[Covariate], train: Rows) -> npt.NDArray[np.float32]:
    """N×F covariates side by side, with mean 0 and standard deviation 1 on the training rows; what
    is not known is 0, the mean, and so is a column that is constant there."""
    values = np.concatenate([known.values for known in covariates], axis=1)
    seen = np.ma.masked_invalid(values[train])
    mean, std = seen.mean(axis=0).filled(0), seen.std(axis=0).filled(0)
    scaled = (values - mean) / np.where(std > 0, std, np.inf)
    return np.asarray(np.nan_to_num(scaled, nan=0.0), dtype=np.float32)
