"""Methods: the rows of the table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    from ltmlbench.stages import ModelStage, Stage
    from ltmlbench.task import Task


class Method(Component, ABC):
    """A row of the table. ``floor`` marks predictors that never see a sample.

    >>> class Mine(Method):
    ...     gamma: float = 1.0
    ...     def plan(self, task):
    ...         from ltmlbench.plugin import Fit, load
    ...         return Fit(
    ...             loss=load("loss", f"focal[gamma={self.gamma}]"),
    ...             sampler=load("sampler", "cb"),
    ...             head=load("head", task.head),
    ...         )
    >>> from ltmlbench.testing import task_of, vectors
    >>> Mine(gamma=3).plan(task_of(vectors(30))).loss.gamma
    3.0
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

    def looks(self, task: Task) -> tuple[Stage, ...]:
        """Stages that show what the rows of the table have in common with what `plan` makes, for
        ``out/stages`` and the report. They change no identity and train nothing: one is made only
        if the rows of the table make all of its inputs anyway."""
        return ()
