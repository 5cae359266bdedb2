"""Tells the trackers that were asked for what happens."""

from __future__ import annotations

import json
import math
import sys
import time
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


def json_line(event: str, **values: Any) -> str:
    """An event as one line of JSON, without the line's end; what is no finite number is null.

    >>> json_line("epoch_finished", epoch=1, values={"loss": float("nan")})[:26]
    '{"event": "epoch_finished"'
    """
    content = {"event": event, "time": round(time.time(), 3), **values}
    return json.dumps(_plain(content), default=str, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
