"""How much of the spread over runs is the split's, and how much another seed's."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from ltmlbench.evaluation.statistics import Spread, spread
from ltmlbench.report.blocks import Block, Cell, Line
from ltmlbench.report.evidence import Evidence

CAPTION = (
    "Standard deviation between folds (the split), that of the seeds taken out, / between seeds of "
    "one fold (the training); components of variance. Another split changes a number by the first, "
    "another seed alone by the second."
)


def spread_block(evidence: Evidence, metrics: Sequence[str]) -> Block | None:
    """The headline unit's metrics, split and training apart; None without folds of several
    seeds."""
    if evidence.results.empty:
        return None
    unit = evidence.units[0]
    folds = next(iter(evidence.splits.values()))
    found: dict[str, dict[str, Spread]] = {row: {} for row in evidence.rows}
    for metric in metrics:
        frame = evidence.values(unit, metric, folds).get("", pd.DataFrame())
        for row in frame.columns:
            found[str(row)][metric] = spread(frame[row].unstack("seed").to_numpy())
    shown = [found[row].get(metric) for row in found for metric in metrics]
    if not any(cell and not math.isnan(cell.split + cell.model) for cell in shown):
        return None
    lines = tuple(
        Line((Cell(row), *(_cell(cells.get(metric)) for metric in metrics)))
        for row, cells in found.items()
    )
    title = f"Split and training apart, per {unit}"
    return Block(title, ("method", *metrics), lines, CAPTION, texts=1)


def _cell(found: Spread | None) -> Cell:
    if found is None:
        return Cell("")
    return Cell(" / ".join("–" if math.isnan(std) else f"{std:.3f}" for std in found))
