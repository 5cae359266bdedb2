"""Curves and scores for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr

from ltmlbench.plugin import Tracker, need
from ltmlbench_trackers.scores import flat


class TensorBoard(Tracker):
    """Event files: a curve per measured value of every stage that is trained, scores and settings
    of every run, table and configuration as text (``tensorboard --logdir OUT/tensorboard``)."""

    folder: str = Field("tensorboard", description="the folder, beside the results unless absolute")
    _root: Path = PrivateAttr(Path())
    _titles: dict[str, str] = PrivateAttr(default_factory=dict)
    _writers: dict[str, Any] = PrivateAttr(default_factory=dict)

    def open(self, out: Path) -> None:
        need("tensorboard", "tensorboard", "tracker 'tensorboard'")
        self._root = out / self.folder

    def _writer(self, name: str) -> Any:
        from torch.utils.tensorboard import SummaryWriter

        if name not in self._writers:
            safe = "".join(c if c.isalnum() or c in " ._-=" else "_" for c in name)
            self._writers[name] = SummaryWriter(str(self._root / safe))
        return self._writers[name]

    def stage_started(self, stage: str, title: str) -> None:
        self._titles[stage] = title

    def epoch_finished(
        self, stage: str, epoch: int, epochs: int, values: Mapping[str, float]
    ) -> None:
        writer = self._writer(self._titles.get(stage, stage))
        for name, value in values.items():
            writer.add_scalar(name, value, epoch)

    def run_finished(self, run: Mapping[str, Any]) -> None:
        names = ("method", "backbone", "fold", "seed")
        scores = flat(run.get("metrics", {}))
        self._writer(str(run["id"])).add_hparams(
            {name: str(run[name]) for name in names}, scores, run_name="."
        )

    def benchmark_finished(self, out: str, status: str) -> None:
        for name in ("table.md", "config.yaml"):
            if (path := Path(out) / name).exists():
                text = path.read_text(encoding="utf-8")
                shown = text if path.suffix == ".md" else f"```\n{text}```"
                self._writer("benchmark").add_text(name, shown)

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()
