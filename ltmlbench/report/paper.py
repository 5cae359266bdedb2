"""The headline tables as a paper prints them: bold only where decided, all of it said below."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ltmlbench.evaluation.comparison import Pairs
from ltmlbench.report.about import About, data_line
from ltmlbench.report.blocks import Block, Cell, Line, headline_block, lower_is_better, row_names
from ltmlbench.report.differences import RESAMPLES, how
from ltmlbench.report.evidence import Evidence
from ltmlbench.report.summary import Summary


def paper_block(summary: Summary, evidence: Evidence, unit: str) -> Block:
    """The headline at one unit. Its caption says what ± is, n, tests, data and protocol, and how
    many rows were tried."""
    block = headline_block(summary, unit)
    leaders, said = _decided(summary, evidence, unit, block.header)
    rows = dict(zip(row_names(summary.rows), range(len(summary.rows)), strict=True))
    names = [(row.method, row.backbone) for row in summary.rows]

    def bold(line: Line, place: int, cell: Cell) -> Cell:
        leader = leaders.get(block.header[place])
        own = names[rows[leader]] if leader in rows else None
        mine = (line.cells[0].text, line.cells[1].text)
        return replace(cell, bold=line.kind == "" and own == mine)

    lines = tuple(
        Line(tuple(bold(line, place, cell) for place, cell in enumerate(line.cells)), line.kind)
        for line in block.lines
    )
    caption = " ".join([block.caption, *said, *_protocol(summary.about)])
    legend = [line for line in block.legend if not line.startswith("±")]
    return replace(block, lines=lines, caption=caption, legend=(), notes=(*block.notes, *legend))


def _decided(
    summary: Summary, evidence: Evidence, unit: str, metrics: tuple[str, ...]
) -> tuple[dict[str, str], list[str]]:
    """Metric -> the row that leads decidedly, and how that was tested."""
    leaders, said = {}, ""
    splits = [folds for folds in evidence.splits.values() if summary.covers_all(folds)]
    for metric in metrics[2:]:
        for folds in splits:
            frame = evidence.values(unit, metric, folds).get("")
            frame = None if frame is None else frame.dropna(axis="columns", how="all")
            if frame is None or len(frame.columns) < 2:
                continue
            draws = evidence.draws(unit, metric, folds, RESAMPLES) if len(folds) == 1 else {}
            higher = not lower_is_better(metric, summary.about.lower_is_better)
            pairs = Pairs(frame, evidence.test_share, draws.get(""), higher=higher)
            compared = pairs.against(next(iter(pairs.means)), 0)
            said = _tests(how(compared, evidence.group))
            if not compared.rivals:
                leaders[metric] = compared.leader
    return leaders, [said] if said else ["No row is compared: bold marks nothing."]


def _tests(how_made: str) -> str:
    test = "the corrected resampled t-test of Nadeau and Bengio over the folds"
    if "resamples of" in how_made:
        test = "resamples of the groups of the one test set"
    return (
        "Bold: its lead over every other row, floors aside, is decided at 5 %, all pairs tested "
        f"with {test}, p adjusted within the column by Holm's method; no bold: no lead is decided."
    )


def _protocol(about: About) -> Iterator[str]:
    protocol = about.protocol
    yield data_line(about)
    if protocol.group_unit:
        yield f"No {protocol.group_unit} is in two parts of a split."
    yield "All rows have the same splits, schedule and views unless their names say otherwise."
    yield (
        f"Trials: {about.planned} runs were planned for this table; what was tried before it, on "
        "these or other rows, is not known to it."
    )
