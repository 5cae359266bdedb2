"""Events as lines of JSON on standard output, for programs that follow a run (``--json``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ltmlbench.hooks import hookimpl
from ltmlbench.registry import registry
from ltmlbench.tracking import json_line


@contextmanager
def json_events() -> Iterator[None]:
    """Every event of the runs of this process is a line of standard output while it lasts."""
    registry().observe(_Lines(), "json")
    try:
        yield
    finally:
        registry().unobserve("json")


def _write(event: str, **values: Any) -> None:
    print(json_line(event, **values), flush=True)


class _Lines:
    @hookimpl
    def ltmlbench_benchmark_started(self, config: Mapping[str, Any], stages: int) -> None:
        _write("benchmark_started", config=config, stages=stages)

    @hookimpl
    def ltmlbench_stage_started(self, stage: str, title: str) -> None:
        _write("stage_started", stage=stage, title=title)

    @hookimpl
    def ltmlbench_stage_waiting(self, stage: str, title: str) -> None:
        _write("stage_waiting", stage=stage, title=title)

    @hookimpl
    def ltmlbench_epoch_finished(
        self, stage: str, epoch: int, epochs: int, values: Mapping[str, float]
    ) -> None:
        _write("epoch_finished", stage=stage, epoch=epoch, epochs=epochs, values=values)

    @hookimpl
    def ltmlbench_stage_finished(self, stage: str, title: str, seconds: float) -> None:
        _write("stage_finished", stage=stage, title=title, seconds=seconds)

    @hookimpl
    def ltmlbench_stage_failed(self, stage: str, title: str, kind: str, cause: str) -> None:
        _write("stage_failed", stage=stage, title=title, kind=kind, cause=cause)

    @hookimpl
    def ltmlbench_run_finished(self, run: Mapping[str, Any]) -> None:
        _write("run_finished", run=run)

    @hookimpl
    def ltmlbench_benchmark_finished(self, out: str, status: str) -> None:
        _write("benchmark_finished", out=out, status=status)
