"""Methods: the rows of the table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    from ltmlbench.stages import ModelStage
    from ltmlbench.task import Task


class Method(Component, ABC):
    """A row of the table. ``floor`` marks predictors that never see a sample.

    >>> from ltmlbench.fit import Fit
    >>> from ltmlbench.registry import load
    >>> class Rare(Method):
    ...     def plan(self, task):
    ...         head = load("head", task.head)
    ...         return Fit(loss=load("loss", "bce"), sampler=load("sampler", "rfs"), head=head)
    >>> from ltmlbench.testing import task_of, vectors
    >>> Rare().plan(task_of(vectors())).title
    'fit BinaryCrossEntropy'
    """

    kind: ClassVar[str] = "method"
    floor: ClassVar[bool] = False

    def suited(self, task: Task) -> Self:
        """The same method with options that suit the data: what it cannot serve is left out. The
        row of the table names every option that had to change."""
        return self

    @abstractmethod
    def plan(self, task: Task) -> ModelStage:
        """The stage whose output predicts the test rows, written in the stage vocabulary."""
