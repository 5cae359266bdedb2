"""Generators of label subsets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from ltmlbench.arrays import Floats
from ltmlbench.contracts.component import Component
from ltmlbench.labels import LabelMatrix


class SubsetGenerator(Component, ABC):
    """Divides the labels of a data set.

    >>> class Halves(SubsetGenerator):
    ...     def generate(self, labels, *, prototypes=None, seed=0):
    ...         order = labels.counts.argsort().tolist()
    ...         middle = len(order) // 2
    ...         return tuple(order[:middle]), tuple(order[middle:])
    >>> Halves().generate(LabelMatrix([[1, 1, 0, 1], [1, 0, 0, 1], [1, 0, 1, 0]]))
    ((1, 2), (3, 0))
    """

    kind: ClassVar[str] = "subsets"

    @abstractmethod
    def generate(
        self, labels: LabelMatrix, *, prototypes: Floats | None = None, seed: int = 0
    ) -> tuple[tuple[int, ...], ...]:
        """Label subsets: disjoint, not empty, column indices of ``labels``.

        Args:
            prototypes: C×D mean features of the labels, where they are known.
        """

    def count(self, labels: LabelMatrix, *, seed: int = 0) -> int:
        """How many subsets `generate` gives, whatever the prototypes: a method plans a teacher for
        each before there are any."""
        return len(self.generate(labels, seed=seed))
