"""How long a grid still takes, told from what it has done since the command began."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ltmlbench.benchmark import Benchmark
from ltmlbench.engines.schedule import to_do


class TimeLeft:
    """Counts samples shown in training: stages that train take nearly all the time there is.

    Whatever happens beside it (predictions, several jobs at once) is in the rate, which is taken
    from the clock. It runs from the end of the first epoch: what comes before (a library that is
    loaded, a graphics card that warms up) comes once. A training that goes on from a checkpoint
    counts with what is left of it.

    Args:
        samples: how many each stage that is to be done will show in all its epochs.
        clock: seconds.
    """

    def __init__(
        self, samples: Mapping[str, int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._left = {stage: float(number) for stage, number in samples.items() if number}
        self._samples = dict(samples)
        self._clock = clock
        self._began: float | None = None
        self._shown = 0.0

    def epoch_finished(self, stage: str, epoch: int, epochs: int) -> None:
        """``epoch`` of ``epochs`` (from 1) is done."""
        if stage in self._left:
            whole = self._samples[stage]
            if self._began is None:
                self._began = self._clock()
            else:
                self._shown += whole / epochs
            self._left[stage] = whole * (1 - epoch / epochs)

    def ended(self, stage: str) -> None:
        """It is done, or it failed, or another process has made it."""
        self._left.pop(stage, None)

    @property
    def seconds(self) -> float | None:
        """None while nothing tells how fast it goes, and when no training is left."""
        left = sum(self._left.values())
        if self._began is None or not self._shown or not left:
            return None
        return left * (self._clock() - self._began) / self._shown

    def __str__(self) -> str:
        """``about 4 min left``, or nothing."""
        seconds = self.seconds
        if seconds is None:
            return ""
        if seconds < 60:
            return "less than 1 min left"
        minutes = seconds / 60
        shown = f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
        return f"about {shown} left"


def time_left(benchmark: Benchmark) -> TimeLeft:
    """For what of a benchmark is not stored."""
    todo = to_do(benchmark.grid, benchmark.store)
    return TimeLeft({i: node.stage.trains_on(node.task) for i, node in todo.items()})
