"""Where the networks look: what the explanations of the runs left, as tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from ltmlbench.evaluation.statistics import summarise
from ltmlbench.report.about import About
from ltmlbench.report.blocks import Block, Cell, Line, row_names, stat_cell
from ltmlbench.report.summary import Stat, Summary

LOOKING = "Where the networks look"

MEASURES = {
    "energy": (
        "Share of the map inside what shows the label",
        "energy: the share of a label's map (Grad-CAM, enlarged to the picture) inside what shows "
        "the label, mean over the test pictures that have it",
    ),
    "hits": (
        "Pointing game",
        "hit: the strongest cell of the map holds a part of what shows the label (the tolerance is "
        "the cell); share of the test pictures that have the label",
    ),
}
"""Measure -> title of its table, and what it is."""


def pointing_blocks(pointing: pd.DataFrame, summary: Summary) -> Iterator[Block]:
    """One table per measure: labels, most frequent first, × what a uniform map scores and the rows
    of the table.

    Args:
        pointing: as `ltmlbench.results.folder.OutFolder.pointing` returns it.
    """
    pointing = pointing[summary.covers(pointing["fold"])]
    if pointing.empty:
        return
    energy, hits = (_block(pointing, summary, measure) for measure in MEASURES)
    yield replace(energy, notes=tuple(_notes(pointing)))
    yield hits


def aim(pointing: pd.DataFrame) -> dict[tuple[str, str], float]:
    """(method, backbone) -> how many times as much of what shows the labels its maps hold as a
    uniform map does, labels weighted alike; 0 where all its maps are empty.

    Args:
        pointing: as `ltmlbench.results.folder.OutFolder.pointing` returns it.
    """
    found = {}
    for (method, backbone), part in pointing.groupby(["method", "backbone"]):
        known = part.dropna(subset=["energy"])
        uniform = known["energy_uniform"].mean()
        found[str(method), str(backbone)] = known["energy"].mean() / uniform if len(known) else 0.0
    return found


def unexplained_lines(about: About) -> list[str]:
    """Which runs have no explanation because it failed, one line each."""
    return [f"{run}: not explained: {cause}" for run, cause in about.unexplained.items()]


def _block(pointing: pd.DataFrame, summary: Summary, measure: str) -> Block:
    about = summary.about
    rows = [row for row in summary.rows if not row.floor]
    title, legend = MEASURES[measure]
    stats = _stats(pointing, ["method", "backbone"], measure)
    once = pointing.drop_duplicates(["backbone", "fold", "label"])  # it depends on no method
    uniform = _stats(once, ["backbone"], f"{measure}_uniform")
    backbones = list(dict.fromkeys(row.backbone for row in rows))
    pictures = pointing.groupby(["fold", "label"])["samples"].max().groupby("label").sum()
    lines = []
    for _, label in sorted(zip(about.counts, about.labels, strict=True), key=lambda x: -x[0]):
        if label not in pictures.index:
            continue
        even = (_uniform_cell(uniform.get((backbone, label))) for backbone in backbones)
        cells = (stat_cell(stats.get((row.method, row.backbone, label)), row.runs) for row in rows)
        lines.append(Line((Cell(label), Cell(str(pictures[label])), *even, *cells)))
    several = len(backbones) > 1
    named = [f"uniform map, {name}" if several else "uniform map" for name in backbones]
    return Block(
        summary.title(title),
        ("label", f"test {about.protocol.unit}s", *named, *row_names(rows)),
        tuple(lines),
        summary.caption,
        legend=(legend,),
    )


def _stats(
    pointing: pd.DataFrame, keys: Sequence[str], measure: str
) -> dict[tuple[str, ...], Stat]:
    by = [*keys, "label"]
    table = summarise(pointing.assign(value=pointing[measure].astype(float)), by)
    records = table[[*by, *Stat._fields]].itertuples(index=False, name=None)
    return {tuple(r[: len(by)]): Stat(*r[len(by) :]) for r in records}


def _uniform_cell(stat: Stat | None) -> Cell:
    return Cell("") if stat is None or math.isnan(stat.mean) else Cell(f"{stat.mean:.3f}")


def _notes(pointing: pd.DataFrame) -> Iterator[str]:
    """How fine the maps are, and how many point nowhere."""
    cells = pointing.groupby("backbone", sort=False)["cells"].unique()
    fine = "; ".join(f"{name}: {', '.join(sizes)}" for name, sizes in cells.items())
    yield (
        "uniform map: the score of a uniform map over the visible part of the picture. Cells per "
        f"map: {fine}; a map of few cells tells little"
    )
    sums = pointing.groupby(["method", "backbone"], sort=False)[["empty", "samples"]].sum()
    several = pointing["backbone"].nunique() > 1
    empty = [
        f"{f'{method}, {backbone}' if several else method}: {none} of {samples}"
        for method, backbone, none, samples in sums.reset_index().itertuples(index=False, name=None)
        if none
    ]
    if empty:
        yield (
            "empty maps (0 everywhere: the network finds no evidence for the label) are "
            f"left out: {'; '.join(empty)}"
        )
