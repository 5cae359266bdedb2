"""The table of what the rows cost."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from ltmlbench.report.blocks import Block, Cell, Line
from ltmlbench.results.records import CostRecord, RunRecord

CAPTION = (
    "Per run, all stages that its model is made from, also those it shares with other rows or "
    "folds; means over runs. Minutes are those of the clock, beside whatever else the machine did."
)


def cost_block(runs: Sequence[RunRecord]) -> Block | None:
    """Minutes and samples per row of the table; None if no run has a cost."""
    rows: dict[tuple[str, str], list[CostRecord]] = {}
    for run in runs:
        if run.done and run.cost is not None and not run.floor:
            rows.setdefault((run.method, run.backbone), []).append(run.cost)
    if not rows:
        return None
    lines = tuple(
        Line((Cell(method), Cell(backbone), *_cells(costs)))
        for (method, backbone), costs in rows.items()
    )
    header = ("method", "backbone", "minutes", "samples trained on", "samples scored by teachers")
    return Block("Cost", header, lines, CAPTION)


def _cells(costs: Sequence[CostRecord]) -> tuple[Cell, ...]:
    minutes = mean(cost.seconds for cost in costs) / 60
    trained, scored = (
        mean(getattr(cost, name) for cost in costs) for name in ("trained", "scored")
    )
    return (
        Cell(f"{minutes:.1f}", value=minutes),
        Cell(f"{trained:,.0f}", value=trained),
        Cell(f"{scored:,.0f}", value=scored),
    )
