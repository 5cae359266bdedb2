"""Trackers: who is told how a benchmark goes."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ltmlbench.contracts.component import Component


class Tracker(Component, ABC):
    """An experiment tracker, asked for with ``--tracker NAME[option=value]``.

    Everything is told in the process that was started, whatever the engine does elsewhere; a
    tracker that raises is reported once and not told anything more, and the runs go on. Implement
    what is of use; the others do nothing.

    A stage may belong to several runs, as rows share their trainings: a run's record names its
    stages (``run["model"]`` is the one that was trained), so epochs can be put to runs.

    >>> class Counting(Tracker):
    ...     def run_finished(self, run):
    ...         print(run["method"], run["metrics"]["sample"]["map"])
    >>> Counting().run_finished({"method": "ib", "metrics": {"sample": {"map": 0.5}}})
    ib 0.5
    """

    kind: ClassVar[str] = "tracker"

    def open(self, out: Path) -> None:
        """Before anything else. ``out``: the folder of the results; nothing is there yet."""

    def benchmark_started(self, config: Mapping[str, Any], stages: int) -> None:
        """``config``: resolved; ``stages``: how many are still to be done."""

    def stage_started(self, stage: str, title: str) -> None:
        """``stage``: its identity; ``title``: a line for people."""

    def epoch_finished(
        self, stage: str, epoch: int, epochs: int, values: Mapping[str, float]
    ) -> None:
        """``values``: loss, learning rate, samples per second and what else was measured."""

    def stage_finished(self, stage: str, title: str, seconds: float) -> None:
        """The artifact of the stage is stored."""

    def stage_failed(self, stage: str, title: str, kind: str, cause: str) -> None:
        """``kind``: error, out-of-memory, diverged or stopped."""

    def run_finished(self, run: Mapping[str, Any]) -> None:
        """``run``: the content of ``run.json``, its scores included."""

    def benchmark_finished(self, out: str, status: str) -> None:
        """Table and page are written to ``out``; ``status``: done, failed or stopped."""

    def close(self) -> None:
        """After everything else, also of a benchmark that was stopped."""
