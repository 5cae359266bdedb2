"""What a person sees while a benchmark runs: a live display, or plain lines without a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ltmlbench.benchmark import Benchmark
from ltmlbench.cli.remaining import TimeLeft, time_left
from ltmlbench.errors import printable
from ltmlbench.hooks import hookimpl
from ltmlbench.registry import registry


@contextmanager
def display(*, quiet: bool = False) -> Iterator[Display]:
    """A display that observes the runs of this process while the context lasts."""
    shown = Quiet() if quiet else LiveDisplay() if sys.stderr.isatty() else Display()
    registry().observe(shown, "display")
    try:
        shown.open()
        yield shown
    finally:
        shown.close()
        registry().unobserve("display")


class Display:
    """Plain lines on stderr: one per stage, and one every ten seconds within a stage."""

    def __init__(self) -> None:
        self.total = 0
        self.done = 0
        self.spoken = time.monotonic()
        self.titles: dict[str, str] = {}
        self.benchmark: Benchmark | None = None
        self.left = TimeLeft({})

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def say(self, text: str) -> None:
        self.spoken = time.monotonic()
        print(text, file=sys.stderr, flush=True)

    def pictures(self, done: int, total: int) -> None:
        """Progress of decoding."""
        if done == total or time.monotonic() - self.spoken > 10:
            self.say(f"samples: {done} of {total} ready")

    def notes(self, benchmark: Benchmark) -> None:
        """What a user should know before the work starts."""
        self.benchmark = benchmark
        for line in notes(benchmark):
            self.say(line)

    @hookimpl
    def ltmlbench_benchmark_started(self, config: Mapping[str, Any], stages: int) -> None:
        self.total = stages
        if self.benchmark and stages:
            self.left = time_left(self.benchmark)
        self.say(f"{stages} stages to do" if stages else "everything is stored already")

    @hookimpl
    def ltmlbench_stage_started(self, stage: str, title: str) -> None:
        self.titles[stage] = title

    @hookimpl
    def ltmlbench_stage_waiting(self, stage: str, title: str) -> None:
        self.say(f"waiting for another process that makes {title}")

    @hookimpl
    def ltmlbench_epoch_finished(
        self, stage: str, epoch: int, epochs: int, values: Mapping[str, float]
    ) -> None:
        self.left.epoch_finished(stage, epoch, epochs)
        if time.monotonic() - self.spoken > 10:
            told = f"{self.titles[stage]}: {_epoch(epoch, epochs, values)}"
            self.say(f"  {told}{self._left()}")

    @hookimpl
    def ltmlbench_stage_finished(self, stage: str, title: str, seconds: float) -> None:
        self._ended(stage)
        self.say(f"[{self.done}/{self.total}] {title} ({seconds:.1f} s){self._left()}")

    @hookimpl
    def ltmlbench_stage_failed(self, stage: str, title: str, kind: str, cause: str) -> None:
        self._ended(stage)
        self.say(f"[{self.done}/{self.total}] FAILED ({kind}): {title}: {cause}")

    def _ended(self, stage: str) -> None:
        self.done += 1
        self.left.ended(stage)

    def _left(self) -> str:
        return f", {self.left}" if str(self.left) else ""


class Quiet(Display):
    """Says nothing; what failed is told at the end, with the table."""

    def say(self, text: str) -> None:
        pass


def notes(benchmark: Benchmark) -> list[str]:
    """What the samples are, what was left out of them or found odd, and what the networks are."""
    samples, protocol = benchmark.samples, benchmark.samples.protocol
    kind = "SIMULATED " if protocol.simulated else ""
    return [
        f"{benchmark.config.dataset}: {len(samples)} {kind}{protocol.unit}s of "
        f"{len(set(samples.groups))} {protocol.group_unit or 'group'}s, "
        f"{samples.labels.n_labels} labels",
        *(f"  {printable(note, 1000)}" for note in (*samples.notes, *benchmark.grid.notes)),
        *(f"  {text}" for text in _networks(benchmark)),
    ]


def _networks(benchmark: Benchmark) -> list[str]:
    tasks = {node.task.backbone.label: node.task for node in benchmark.grid.nodes.values()}
    return [
        f"{label}: {task.numerics.dtype} on {task.numerics.device}" for label, task in tasks.items()
    ]


def _epoch(epoch: int, epochs: int, values: Mapping[str, float]) -> str:
    shown = {"train_loss": "loss", "val_map": "val mAP", "images_per_second": "samples/s"}
    parts = [f"{name} {values[key]:.4g}" for key, name in shown.items() if key in values]
    return ", ".join([f"epoch {epoch}/{epochs}", *parts])


class LiveDisplay(Display):
    """Progress bars (rich): all stages, and each stage that is running."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[info]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self.bars: dict[str, Any] = {}

    def open(self) -> None:
        self.progress.start()

    def close(self) -> None:
        self.progress.stop()

    def say(self, text: str) -> None:
        self.progress.console.print(text, highlight=False, markup=False)

    def _bar(self, key: str, description: str, total: int) -> Any:
        if key not in self.bars:
            self.bars[key] = self.progress.add_task(description, total=total, info="")
        return self.bars[key]

    def pictures(self, done: int, total: int) -> None:
        bar = self._bar("pictures", "samples", total)
        self.progress.update(bar, completed=done, total=total, visible=done < total)

    @hookimpl
    def ltmlbench_benchmark_started(self, config: Mapping[str, Any], stages: int) -> None:
        super().ltmlbench_benchmark_started(config, stages)
        if stages:
            self._bar("all", "stages", stages)

    @hookimpl
    def ltmlbench_stage_started(self, stage: str, title: str) -> None:
        self._bar(stage, title, 1)

    @hookimpl
    def ltmlbench_epoch_finished(
        self, stage: str, epoch: int, epochs: int, values: Mapping[str, float]
    ) -> None:
        self.left.epoch_finished(stage, epoch, epochs)
        info = _epoch(epoch, epochs, values).partition(", ")[2]
        self.progress.update(self.bars[stage], completed=epoch, total=epochs, info=info)
        self.progress.update(self.bars["all"], info=str(self.left))

    @hookimpl
    def ltmlbench_stage_finished(self, stage: str, title: str, seconds: float) -> None:
        self._end(stage)

    @hookimpl
    def ltmlbench_stage_failed(self, stage: str, title: str, kind: str, cause: str) -> None:
        self._end(stage)
        self.say(f"FAILED ({kind}): {title}: {cause}")

    def _end(self, stage: str) -> None:
        self._ended(stage)
        self.progress.remove_task(self.bars.pop(stage))
        self.progress.update(self.bars["all"], advance=1, info=str(self.left))
