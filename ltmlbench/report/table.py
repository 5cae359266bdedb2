"""results.csv, table.md, and the table at the end of a run in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

from ltmlbench.errors import DataError
from ltmlbench.report.about import About, data_line, shot_lines, titled
from ltmlbench.report.blocks import (
    Block,
    Cell,
    further_block,
    headline_block,
    label_block,
    shot_block,
)
from ltmlbench.report.looking import LOOKING, pointing_blocks, unexplained_lines
from ltmlbench.report.summary import Summary
from ltmlbench.store import write_atomic

TYPES: Mapping[str, str] = {
    "run": "str",
    "method": "str",
    "backbone": "str",
    "fold": "str",
    "seed": "int64",
    "unit": "str",
    "metric": "str",
    "label": "str",
    "value": "float64",
    "undefined": "int64",
    "floor": "bool",
    "simulated": "bool",
}
"""Columns of results.csv. ``label`` is empty for a metric over all labels; ``value`` is empty
where it is undefined; ``undefined`` counts what a mean leaves out."""


def write_results(rows: Iterable[Mapping[str, Any]], path: Path) -> pd.DataFrame:
    """Writes results.csv, one row per run, unit, metric and label, and returns it as a frame."""
    results = pd.DataFrame(list(rows), columns=list(TYPES)).astype(dict(TYPES))
    write_atomic(path, results.to_csv(index=False))
    return results


def read_results(path: Path) -> pd.DataFrame:
    """What `write_results` wrote, to the last digit.

    Raises:
        DataError: there is no such file, or it is not of that form.
    """
    try:
        text = pd.read_csv(path, usecols=list(TYPES), dtype="str", na_filter=False)
        value = text["value"].replace("", "nan")
        flags = {name: text[name] == "True" for name in ("floor", "simulated")}
        return text.assign(value=value, **flags)[list(TYPES)].astype(dict(TYPES))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read results {path}: {' '.join(str(error).split())}") from error


def render_table(
    results: pd.DataFrame,
    about: About,
    pointing: pd.DataFrame | None = None,
    differences: Sequence[Block] = (),
) -> str:
    """table.md: the headline per unit, differences, head/medium/tail, each label, where the
    networks look, failures, remarks, notes.

    Args:
        results: as `write_results` returns them; it may be empty.
        pointing: as `ltmlbench.report.looking.read_pointing` returns it.
        differences: as `ltmlbench.report.differences.difference_blocks` returns them.
    """
    parts = [f"# {titled(about.title, about)}", data_line(about)]
    if results.empty:
        parts.append(f"0 of {about.planned} runs done: there is nothing to show yet.")
    else:
        summary = Summary(results, about)
        parts += [summary.progress, *_headlines(summary)]
        if differences:
            parts += [f"## {titled('Differences', about)}"]
            parts += [markdown(block, level=3) for block in differences]
        parts += _per_label(summary)
        parts += _looking(summary, pointing)
    parts += _list("Made on the way", about.made.values(), about)
    failures = [f"`{run}`: {cause}" for run, cause in about.failures.items()]
    parts += _list("Failed runs", failures, about)
    parts += _list("How this differs from the published protocol", about.remarks, about)
    parts += _list("Notes on the data", about.notes, about)
    return "\n\n".join(parts) + "\n"


def _headlines(summary: Summary) -> Iterator[str]:
    for each in summary.units:
        yield markdown(headline_block(summary, each))
        if further := further_block(summary, each):
            yield markdown(further)


def _per_label(summary: Summary) -> Iterator[str]:
    about, unit = summary.about, summary.units[0]
    if not summary.label_metrics:
        return
    yield from _list("Head, medium and tail labels", shot_lines(about), about)
    for metric in summary.label_metrics:
        yield markdown(shot_block(summary, unit, metric), level=3)
    yield f"## {titled('Each label', about)}"
    for metric in summary.label_metrics:
        yield markdown(label_block(summary, unit, metric), level=3)


def _looking(summary: Summary, pointing: pd.DataFrame | None) -> list[str]:
    blocks = [] if pointing is None else list(pointing_blocks(pointing, summary))
    parts = [markdown(block, level=3) for block in blocks]
    parts += [_bullets(lines)] if (lines := unexplained_lines(summary.about)) else []
    return [f"## {titled(LOOKING, summary.about)}", *parts] if parts else []


def print_table(results: pd.DataFrame, about: About) -> None:
    """Prints the headline block, with colours where the output is a terminal."""
    if results.empty:
        print(f"{titled(about.title, about)}: 0 of {about.planned} runs done")
        return
    summary = Summary(results, about)
    block = headline_block(summary, summary.units[0])
    print(f"\n{block.title}: {about.title}")
    if sys.stdout.isatty():
        _print_rich(block)
    else:
        print(_grid(block, "simple", lambda cell, kind: cell.text))
    print("\n".join([block.caption, *block.notes, summary.progress]))


def _print_rich(block: Block) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    styles = {"floor": "dim", "published": "italic cyan", "": ""}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(block.header):
        table.add_column(Text(name), justify="left" if place < block.texts else "right")
    for line in block.lines:
        cells = (Text(cell.text, style="bold" if cell.bold else "") for cell in line.cells)
        table.add_row(*cells, style=styles[line.kind])
    Console().print(table)


def markdown(block: Block, level: int = 2) -> str:
    """A block as Markdown, with a heading of the given level."""

    def written(cell: Cell, kind: str) -> str:
        text = cell.text.replace("|", "\\|")
        mark = "**" if cell.bold else "*" if kind == "published" and text else ""
        return f"{mark}{text}{mark}"

    parts = [f"{'#' * level} {block.title}", *([block.lead] if block.lead else [])]
    parts += [_grid(block, "pipe", written), block.caption]
    if lines := [*block.notes, *block.legend]:
        parts.append(_bullets(lines))
    return "\n\n".join(parts)


def _grid(block: Block, form: str, written: Callable[[Cell, str], str]) -> str:
    rows = [[written(cell, line.kind) for cell in line.cells] for line in block.lines]
    align = ["left"] * block.texts + ["right"] * (len(block.header) - block.texts)
    header = [written(Cell(name), "") for name in block.header]
    return tabulate(rows, header, tablefmt=form, disable_numparse=True, colalign=align)


def _list(title: str, lines: Iterable[str], about: About) -> list[str]:
    """A section of bullets; none if there is nothing to say."""
    given = list(lines)
    return [f"## {titled(title, about)}", _bullets(given)] if given else []


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {_one_line(line)}" for line in lines)


def _one_line(text: str) -> str:
    """Without line breaks, and without what Markdown would take for HTML."""
    return " ".join(text.split()).replace("<", "&lt;")
