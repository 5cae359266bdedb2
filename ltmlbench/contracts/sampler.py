"""Samplers: which samples an epoch shows, and in what order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from ltmlbench.arrays import Rows
from ltmlbench.contracts.component import Component
from ltmlbench.labels import LabelMatrix


class Sampler(Component, ABC):
    """Draws the samples of an epoch.

    >>> import numpy as np
    >>> class Shuffled(Sampler):
    ...     def order(self, labels, *, seed, epoch):
    ...         return np.random.default_rng([seed, epoch]).permutation(len(labels))
    >>> sorted(Shuffled().order(LabelMatrix([[1], [0], [1]]), seed=0, epoch=0).tolist())
    [0, 1, 2]
    """

    kind: ClassVar[str] = "sampler"

    @abstractmethod
    def order(self, labels: LabelMatrix, *, seed: int, epoch: int) -> Rows:
        """Rows of ``labels`` for one epoch, in order; a row may come several times, or never.

        The same arguments give the same order: draw from ``seed`` and ``epoch`` alone.
        """
