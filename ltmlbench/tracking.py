"""Tells the trackers that were asked for what happens."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ltmlbench.contracts import Tracker
from ltmlbench.errors import LtmlbenchError
from ltmlbench.hooks import hookimpl
from ltmlbench.plugins import isolated
from ltmlbench.registry import load, registry


@contextmanager
def tracked(names: Sequence[str], out: Path) -> Iterator[None]:
    """The trackers that ``names`` say are told all events while the context lasts.

    Raises:
        RequestError: an unknown tracker, or one that cannot be set up.
    """
    trackers = [(name, load("tracker", name)) for name in names]
    open_ones: list[tuple[str, Tracker]] = []
    try:
        for name, tracker in trackers:
            if _opened(name, tracker, out):
                registry().observe(_Told(tracker), f"tracker {name}")
                open_ones.append((name, tracker))
        yield
    finally:
        for name, tracker in open_ones:
            registry().unobserve(f"tracker {name}")
            with isolated(partial(_say, name)):
                tracker.close()


def _opened(name: str, tracker: Tracker, out: Path) -> bool:
    """Whether it could be set up. What it says itself stops the benchmark; a bug does not."""
    try:
        tracker.open(out)
    except (LtmlbenchError, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit as well: a tracker may do anything
        _say(name, f"{type(error).__name__}: {error}")
        return False
    return True


def _say(name: str, cause: str) -> None:
    print(f"ltmlbench: tracker {name!r} is told no more: {cause}", file=sys.stderr)


class _Told:
    """The hooks of events, each handed on to a tracker."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker

    @hookimpl
    def ltmlbench_benchmark_started(self, config: Mapping[str, Any], stages: int) -> None:
        self.tracker.benchmark_started(config, stages)

    @hookimpl
    def ltmlbench_stage_started(self, stage: str, title: str) -> None:
        self.tracker.stage_started(stage, title)

    @hookimpl
    def ltmlbench_epoch_finished(
        self, stage: str, epoch: int, epochs: int, values: Mapping[str, float]
    ) -> None:
        self.tracker.epoch_finished(stage, epoch, epochs, values)

    @hookimpl
    def ltmlbench_stage_finished(self, stage: str, title: str, seconds: float) -> None:
        self.tracker.stage_finished(stage, title, seconds)

    @hookimpl
    def ltmlbench_stage_failed(self, stage: str, title: str, kind: str, cause: str) -> None:
        self.tracker.stage_failed(stage, title, kind, cause)

    @hookimpl
    def ltmlbench_run_finished(self, run: Mapping[str, Any]) -> None:
        self.tracker.run_finished(run)

    @hookimpl
    def ltmlbench_benchmark_finished(self, out: str, status: str) -> None:
        self.tracker.benchmark_finished(out, status)
