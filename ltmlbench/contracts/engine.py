"""Engines: who executes stages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    from ltmlbench.grid import Ended, Grid
    from ltmlbench.store import Store


class Engine(Component, ABC):
    """Executes the stages of a grid. Order, failures and events are not its concern: it submits.

    >>> from concurrent.futures import Future
    >>> class Here(Engine):
    ...     def run(self, grid, store, jobs, ended):
    ...         from ltmlbench.plugin import execute, schedule
    ...         def submit(node, tell):
    ...             future = Future()
    ...             future.set_result(execute(node, store, tell))
    ...             return future
    ...         schedule(grid, store, submit, slots=1, ended=ended)
    >>> Here().kind
    'engine'

    ``elsewhere``: stages run on other machines: their devices need not be here, and ``--jobs auto``
    submits all that is ready.
    """

    kind: ClassVar[str] = "engine"
    elsewhere: ClassVar[bool] = False

    @abstractmethod
    def run(self, grid: Grid, store: Store, jobs: int, ended: Ended) -> None:
        """Executes the stages of the grid that are not stored, at most ``jobs`` at once.

        Calls ``ended`` in this process and thread with the outcome of every stage that is stored or
        had to be made, once its inputs have ended. A stage that fails blocks only the stages that
        wait for it. A process executes one stage at a time. All of this is what
        `ltmlbench.engines.schedule.schedule` does for an engine that can submit a stage.
        """
