"""table.md, and the table at the end of a run in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import pandas as pd
from tabulate import tabulate

from ltmlbench.report.about import About, data_line, shot_lines, titled
from ltmlbench.report.blocks import (
    Block,
    Cell,
    further_block,
    headline_block,
    label_block,
    shot_block,
)
from ltmlbench.report.cost import cost_block
from ltmlbench.report.looking import LOOKING, pointing_blocks, unexplained_lines
from ltmlbench.report.summary import Summary, progress, summaries
from ltmlbench.results.records import RunRecord


def render_table(
    results: pd.DataFrame,
    about: About,
    pointing: pd.DataFrame | None = None,
    differences: Sequence[Block] = (),
    runs: Sequence[RunRecord] = (),
    spread: Block | None = None,
) -> str:
    """table.md: the headline per unit, head/medium/tail, each label, differences, cost, where the
    networks look, failures, remarks, notes. Official test sets stand one below the other.

    Args:
        results: as `ltmlbench.results.tables.read_results` gives them; it may be empty.
        pointing: as `ltmlbench.results.folder.OutFolder.pointing` returns it.
        differences: as `ltmlbench.report.differences.difference_blocks` returns them.
        runs: what they cost is said.
        spread: as `ltmlbench.report.spread.spread_block` returns it.
    """
    parts = [f"# {_inline(titled(about.title, about))}", _inline(data_line(about))]
    parts.append(progress(results, about))
    blocks = summaries(results, about)
    for summary in blocks:
        parts += _sections(summary)
    if differences:
        parts += [f"## {titled('Differences', about)}"]
        parts += [markdown(block, level=3) for block in differences]
    for further in (spread, cost_block(runs)):
        if further:
            parts.append(markdown(replace(further, title=titled(further.title, about))))
    parts += _looking(blocks, about, pointing)
    parts += _list("Made on the way", about.made.values(), about)
    failures = [f"`{run}`: {cause}" for run, cause in about.failures.items()]
    parts += _list("Failed runs", failures, about)
    damaged = [f"`{run}`: {cause}" for run, cause in about.damaged.items()]
    parts += _list("Runs that cannot be read", damaged, about)
    parts += _list("How this differs from the published protocol", about.remarks, about)
    parts += _list("Notes on the data", about.notes, about)
    return "\n\n".join(parts) + "\n"


def _sections(summary: Summary) -> Iterator[str]:
    about, unit = summary.about, summary.units[0]
    for each in summary.units:
        yield markdown(headline_block(summary, each))
        if further := further_block(summary, each):
            yield markdown(further)
    if not summary.label_metrics:
        return
    yield f"## {_inline(summary.title('Head, medium and tail labels'))}"
    yield _bullets(shot_lines(about))
    for metric in summary.label_metrics:
        yield markdown(shot_block(summary, unit, metric), level=3)
    yield f"## {_inline(summary.title('Each label'))}"
    for metric in summary.label_metrics:
        yield markdown(label_block(summary, unit, metric), level=3)


def _looking(
    summaries: Sequence[Summary], about: About, pointing: pd.DataFrame | None
) -> list[str]:
    if not summaries:
        return []
    parts = [
        markdown(block, level=3)
        for summary in summaries
        for block in (() if pointing is None else pointing_blocks(pointing, summary))
    ]
    parts += [_bullets(lines)] if (lines := unexplained_lines(about)) else []
    return [f"## {titled(LOOKING, about)}", *parts] if parts else []


def print_table(results: pd.DataFrame, about: About) -> None:
    """Prints the headline blocks, with colours where the output is a terminal."""
    if results.empty:
        print(f"{titled(about.title, about)}: {progress(results, about)}")
        return
    for summary in summaries(results, about):
        block = headline_block(summary, summary.units[0])
        print(_printable(f"\n{block.title}: {about.title}"))
        if sys.stdout.isatty():
            _print_rich(block)
        else:
            print(_grid(block, "simple", lambda cell, kind: _printable(cell.text)))
        print(_printable("\n".join([block.caption, *block.notes])))
    print(progress(results, about))


def _print_rich(block: Block) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    styles = {"floor": "dim", "published": "italic cyan", "": ""}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(block.header):
        table.add_column(Text(name), justify="left" if place < block.texts else "right")
    for line in block.lines:
        cells = (
            Text(_printable(cell.text), style="bold" if cell.bold else "") for cell in line.cells
        )
        table.add_row(*cells, style=styles[line.kind])
    Console().print(table)


def markdown(block: Block, level: int = 2) -> str:
    """A block as Markdown, with a heading of the given level."""

    def written(cell: Cell, kind: str) -> str:
        text = _inline(cell.text)
        mark = "**" if cell.bold else "*" if kind == "published" and text else ""
        return f"{mark}{text}{mark}"

    parts = [f"{'#' * level} {_inline(block.title)}"]
    parts += [_inline(block.lead)] if block.lead else []
    parts += [_grid(block, "pipe", written), _inline(block.caption)]
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
    """Without line breaks, and without what Markdown would take for HTML or for a link."""
    return " ".join(text.split()).replace("<", "&lt;").replace("](", "]\\(")


def _inline(text: str) -> str:
    """The same in a heading or in the cell of a table."""
    return _one_line(text).replace("|", "\\|")


def _printable(text: str) -> str:
    """Without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
