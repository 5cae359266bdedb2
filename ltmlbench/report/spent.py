"""The table of where the time went (``--profile``)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from tabulate import tabulate

from ltmlbench.results.records import RunRecord
from ltmlbench.results.spent import PHASES

CAPTION = (
    "Seconds per run by phase, when its stages were made; stages that rows share are in each of "
    "them. feed: waiting for batches; train: forward, backward, step; waiting: for another process."
)


def spent_table(runs: Sequence[RunRecord]) -> str:
    """Means over the runs of each row, in seconds; phases that took no time are left out."""
    rows: dict[tuple[str, str], list[RunRecord]] = {}
    for run in runs:
        if run.done and run.spent:
            rows.setdefault((run.method, run.backbone), []).append(run)
    means = {
        row: {phase: mean(run.spent.get(phase, 0.0) for run in found) for phase in PHASES}
        for row, found in rows.items()
    }
    shown = [phase for phase in PHASES if any(values[phase] for values in means.values())]
    lines = [
        [*row, *(f"{values[phase]:.2f}" for phase in shown), f"{sum(values.values()):.2f}"]
        for row, values in means.items()
    ]
    header = ["method", "backbone", *shown, "total"]
    return f"{tabulate(lines, header, disable_numparse=True)}\n\n{CAPTION}"
