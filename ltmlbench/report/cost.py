"""The table of what the rows cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean

from ltmlbench.report.blocks import Block, Cell, Line
from ltmlbench.results.records import CostRecord, RunRecord

CAPTION = (
    "Per run, all stages that its model is made from, also those it shares with other rows or "
    "folds; means over runs. Teachers and frozen trunks score samples on the way. Minutes are "
    "those of the clock, beside whatever else the machine did. Memory is the most that a training "
    "held, that of Python and torch included; –: not recorded."
)
GIB = 1 << 30

MEASURES: Mapping[str, tuple[str, float, str]] = {
    "minutes": ("seconds", 60, ".1f"),
    "peak memory, GiB": ("memory", GIB, ".2f"),
    "peak GPU memory, GiB": ("device_memory", GIB, ".2f"),
    "samples trained on": ("trained", 1, ",.0f"),
    "samples scored on the way": ("scored", 1, ",.0f"),
    "parameters, million": ("parameters", 1e6, ".2f"),
}
"""Column -> field of `CostRecord`, its unit, and how it is printed."""


def row_costs(runs: Sequence[RunRecord]) -> dict[tuple[str, str], dict[str, float]]:
    """(method, backbone) -> measure -> mean over runs; what a run did not record is left out, and
    so is a measure that no row has."""
    rows: dict[tuple[str, str], list[CostRecord]] = {}
    for run in runs:
        if run.done and run.cost is not None and not run.floor:
            rows.setdefault((run.method, run.backbone), []).append(run.cost)
    return {row: dict(_means(costs)) for row, costs in rows.items()}


def cost_block(runs: Sequence[RunRecord]) -> Block | None:
    """What each row of the table cost; None if no run has a cost."""
    rows = row_costs(runs)
    if not rows:
        return None
    known = [name for name in MEASURES if any(name in costs for costs in rows.values())]
    lines = tuple(
        Line((Cell(method), Cell(backbone), *(_cell(costs, name) for name in known)))
        for (method, backbone), costs in rows.items()
    )
    return Block("Cost", ("method", "backbone", *known), lines, CAPTION)


def _means(costs: Sequence[CostRecord]) -> list[tuple[str, float]]:
    found = []
    for name, (field, unit, _) in MEASURES.items():
        values = [getattr(cost, field) for cost in costs]
        if None not in values:
            found.append((name, mean(values) / unit))
    return found


def _cell(costs: Mapping[str, float], name: str) -> Cell:
    if name not in costs:
        return Cell("–")
    return Cell(f"{costs[name]:{MEASURES[name][2]}}", value=costs[name])
