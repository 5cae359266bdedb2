"""Events as lines of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr

from ltmlbench.plugin import Tracker, json_line


class JsonLines(Tracker):
    """Appends a line per event: ``{"event": "epoch_finished", "time": ..., "stage": ..., ...}``.

    A line is written at once and whole, so the file can be followed while the benchmark runs.
    """

    file: str = Field("events.jsonl", description="the file, beside the results unless absolute")
    _path: Path = PrivateAttr(Path())

    def open(self, out: Path) -> None:
        self._path = out / self.file
        self._path.parent.mkdir(parents=True, exist_ok=True)

    def _write(self, event: str, **values: Any) -> None:
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json_line(event, **values) + "\n")

    def benchmark_started(self, config: Mapping[str, Any], stages: int) -> None:
        self._write("benchmark_started", config=dict(config), stages=stages)

    def stage_started(self, stage: str, title: str) -> None:
        self._write("stage_started", stage=stage, title=title)

    def epoch_finished(
        self, stage: str, epoch: int, epochs: int, values: Mapping[str, float]
    ) -> None:
        self._write("epoch_finished", stage=stage, epoch=epoch, epochs=epochs, values=dict(values))

    def stage_finished(self, stage: str, title: str, seconds: float) -> None:
        self._write("stage_finished", stage=stage, title=title, seconds=seconds)

    def stage_failed(self, stage: str, title: str, kind: str, cause: str) -> None:
        self._write("stage_failed", stage=stage, title=title, kind=kind, cause=cause)

    def run_finished(self, run: Mapping[str, Any]) -> None:
        self._write("run_finished", run=dict(run))

    def benchmark_finished(self, out: str, status: str) -> None:
        self._write("benchmark_finished", out=out, status=status)

    def close(self) -> None:
        self._write("closed")
