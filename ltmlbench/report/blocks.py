"""The tables of a report, before they are written as Markdown, HTML or terminal text."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from ltmlbench.labels import Shot
from ltmlbench.report.about import reduced_lines, seen_line, trials_line
from ltmlbench.report.summary import RowRuns, Stat, Summary
from ltmlbench.results.tables import OFFICIAL

SPREAD_NOTE = (
    "± is the spread over runs, not a standard error. Bold is the best mean of a column, floor "
    "and published rows aside; it claims no significance."
)


@dataclass(frozen=True)
class Cell:
    """``value`` is the mean behind the text (NaN: none), ``hint`` what more can be said of it."""

    text: str
    bold: bool = False
    value: float = math.nan
    hint: str = ""


@dataclass(frozen=True)
class Line:
    cells: tuple[Cell, ...]
    kind: Literal["", "floor", "published"] = ""


@dataclass(frozen=True)
class Block:
    """One table. The first ``texts`` columns hold names, the others numbers.

    ``notes`` explain marks in the cells and how the numbers were made; ``legend`` the metrics.
    ``lead`` is said before the table.
    """

    title: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]
    caption: str
    texts: int = 2
    notes: tuple[str, ...] = ()
    legend: tuple[str, ...] = ()
    lead: str = ""


def headline_block(summary: Summary, unit: str) -> Block:
    """The headline metrics at one unit; published rows stand below ours at the headline unit."""
    metrics = [m for m in summary.about.protocol.headline if m in summary.metrics]
    block = metric_block(summary, f"Per {unit}", unit, metrics)
    if unit != summary.units[0]:
        return block
    seen = filter(None, (seen_line(summary.about), trials_line(summary.about)))
    reduced = reduced_lines(summary.about, {row.method for row in summary.rows})
    notes = (*reduced, *block.notes, *seen)
    block = replace(block, legend=(SPREAD_NOTE, *block.legend), notes=notes)
    return _with_published(block, summary)


def further_block(summary: Summary, unit: str) -> Block | None:
    """The metrics that are not in the headline; None if all are."""
    metrics = [m for m in summary.metrics if m not in summary.about.protocol.headline]
    return metric_block(summary, f"Per {unit}, further metrics", unit, metrics) if metrics else None


def shot_block(summary: Summary, unit: str, metric: str) -> Block:
    """A metric that is defined per label: its means over all, head, medium and tail labels."""
    shots = [shot for shot in get_args(Shot) if shot in summary.about.shots]
    title = f"{metric} of head, medium and tail labels, per {unit}"
    block = metric_block(summary, title, unit, [metric, *(f"{metric}_{shot}" for shot in shots)])
    if unit == summary.units[0]:
        block = _with_published(block, summary)
    names = (*block.header[: block.texts], "all labels", *shots)
    return replace(block, header=names + block.header[len(names) :])


def label_block(summary: Summary, unit: str, metric: str) -> Block:
    """Labels, most frequent first, × rows of the table."""
    about = summary.about
    labels = sorted(zip(about.labels, about.counts, about.shots, strict=True), key=lambda x: -x[1])
    lines = tuple(
        Line(
            (
                *(Cell(label), Cell(shot), Cell(str(count))),
                *(_cell(summary, unit, row, metric, label) for row in summary.rows),
            )
        )
        for label, count, shot in labels
    )
    header = ("label", "shot", f"positive {about.protocol.unit}s", *row_names(summary.rows))
    title = summary.title(f"{metric} of each label, per {unit}")
    return Block(title, header, lines, summary.caption, texts=3)


def metric_block(summary: Summary, title: str, unit: str, metrics: Sequence[str]) -> Block:
    """Rows of the table × metrics, and a column n where the rows differ in it."""
    lines = []
    for row in summary.rows:
        cells = [_cell(summary, unit, row, metric) for metric in metrics]
        count = () if summary.even else (Cell(str(row.runs)),)
        lines.append(Line((*_names(row), *cells, *count), "floor" if row.floor else ""))
    lowest = [
        2 + place
        for place, metric in enumerate(metrics)
        if lower_is_better(metric, summary.about.lower_is_better)
    ]
    return Block(
        summary.title(title),
        ("method", "backbone", *metrics, *(() if summary.even else ("n",))),
        tuple(_highlight(lines, lowest)),
        summary.caption,
        notes=tuple(summary.undefined(unit, metrics)),
        legend=tuple(_legend(summary, metrics)),
    )


def lower_is_better(metric: str, lower: Collection[str]) -> bool:
    """Whether the lowest value is the best; a part of the labels goes as the whole does.

    Args:
        lower: metrics over all labels of which that is so.
    """
    return metric in lower or any(metric == f"{m}_{s}" for m in lower for s in get_args(Shot))


def _legend(summary: Summary, metrics: Sequence[str]) -> Iterator[str]:
    for metric in metrics:
        said = summary.about.metrics.get(metric, "")
        lower = "lower is better" if lower_is_better(metric, summary.about.lower_is_better) else ""
        if said or lower:
            yield f"{metric}: {'; '.join(part for part in (said, lower) if part)}"


def _with_published(block: Block, summary: Summary) -> Block:
    """The block with every published row below ours of the same method; notes as footnotes."""
    own = [_bare(row.method) for row in summary.rows]
    here = summary.test_set.removeprefix(OFFICIAL)
    columns = block.header[2:]
    known = [
        row
        for row in summary.about.published
        if row.method in own and not row.values.keys().isdisjoint(columns)
    ]
    published = [row for row in known if row.test_set == here]
    notes = list(dict.fromkeys(row.note for row in published if row.note))
    lines: list[Line] = []
    for place, line in enumerate(block.lines):
        lines.append(line)
        last = own[place] not in own[place + 1 :]
        for row in published if last else ():
            if row.method == own[place]:
                mark = f" [{notes.index(row.note) + 1}]" if row.note else ""
                names = (Cell(f"{row.method}, published{mark}"), Cell(row.backbone))
                values = (row.values.get(column) for column in columns)
                cells = (Cell(_spread(*value) if value else "") for value in values)
                lines.append(Line((*names, *cells), "published"))
    sources = dict.fromkeys(row.source for row in published)
    said = [f"published rows are as printed; source: {source}" for source in sources]
    marked = [f"[{number}] {note}" for number, note in enumerate(notes, 1)]
    if len(published) < len(known):
        said.append("published rows that are not known to be of this test set are left out")
    return replace(block, lines=tuple(lines), notes=(*said, *marked, *block.notes))


def _bare(method: str) -> str:
    """A method without distribution and options; what is no specification stays as it is."""
    return method.partition("[")[0].rpartition(":")[2]


def row_names(rows: Sequence[RowRuns]) -> list[str]:
    """What a row of the table is called where it is a column; the backbone only where there are
    several."""
    several = len({row.backbone for row in rows if not row.floor}) > 1
    return [", ".join(c.text for c in _names(row)[: 1 + several] if c.text) for row in rows]


def _names(row: RowRuns) -> tuple[Cell, Cell]:
    mark = " (floor)" if row.floor else " (reduced)" if row.reduced else ""
    return Cell(f"{row.method}{mark}"), Cell("" if row.floor else row.backbone)


def _cell(summary: Summary, unit: str, row: RowRuns, metric: str, label: str = "") -> Cell:
    return stat_cell(summary.stat(unit, row, metric, label), row.runs)


def stat_cell(stat: Stat | None, runs: int) -> Cell:
    """Mean ± std, with its own n where that is not the number of runs of the row."""
    if stat is None:
        return Cell("")
    if stat.n == 0:
        return Cell("undefined")
    n = f" (n = {stat.n})" if stat.n != runs else ""
    hint = f"95 % CI {_number(stat.ci_low)} to {_number(stat.ci_high)}" if stat.n > 1 else ""
    return Cell(_spread(stat.mean, stat.std) + n, value=stat.mean, hint=hint)


def _highlight(lines: Sequence[Line], lowest: Sequence[int] = ()) -> Iterator[Line]:
    """The lines, the best printed mean of each column in bold: the highest, or the lowest in the
    columns at the places ``lowest``. Floor rows do not compete."""
    rivals = [line for line in lines if line.kind != "floor"]
    if len(rivals) < 2:
        yield from lines
        return
    columns = zip(*(line.cells for line in rivals), strict=True)
    means = ([cell.value for cell in cells if not math.isnan(cell.value)] for cells in columns)
    best = [
        _number(min(values) if place in lowest else max(values)) if values else ""
        for place, values in enumerate(means)
    ]
    for line in lines:
        pairs = zip(line.cells, best, strict=True)
        bold = (replace(cell, bold=_number(cell.value) == top) for cell, top in pairs)
        yield line if line.kind == "floor" else Line(tuple(bold))


def _number(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"  # + 0.0: no "-0.000"


def _spread(mean: float, std: float | None) -> str:
    return _number(mean) if std is None or math.isnan(std) else f"{_number(mean)} ± {_number(std)}"
