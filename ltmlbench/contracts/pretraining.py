"""Pre-training on other data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    from ltmlbench.stages import TrunkStage
    from ltmlbench.task import Task


class Pretraining(Component, ABC):
    """Teaches a backbone something on the data that ``--source`` names.

    The stage that it plans leaves a trunk (`TrunkStage`); it depends on the sources and not on the
    split, so all folds share it.

    >>> class Refusing(Pretraining):
    ...     def plan(self, task):
    ...         from ltmlbench.plugin import RequestError
    ...         raise RequestError("give --source NAME=DIR")
    >>> Refusing().kind
    'pretraining'
    """

    kind: ClassVar[str] = "pretraining"

    @abstractmethod
    def plan(self, task: Task) -> TrunkStage:
        """The stage that leaves a trained trunk.

        Raises:
            RequestError: ``task.sources`` holds nothing it can learn from (one line).
        """
