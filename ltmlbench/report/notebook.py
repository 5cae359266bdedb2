"""The headline table as a notebook shows it: HTML that takes its looks from the page around it."""

from __future__ import annotations

from html import escape

import pandas as pd

from ltmlbench.report.about import About, titled
from ltmlbench.report.blocks import Block, Cell, headline_block
from ltmlbench.report.summary import progress, summaries


def notebook(results: pd.DataFrame, about: About) -> str:
    """HTML of the headline blocks, of what failed, and of what ± means.

    Args:
        results: as `ltmlbench.results.tables.read_results` gives them; it may be empty.
    """
    parts = [f"<p><b>{escape(titled(about.title, about))}</b></p>"]
    parts += [_block(headline_block(s, s.units[0])) for s in summaries(results, about)]
    failed = [f"{run} failed: {cause}" for run, cause in about.failures.items()]
    failed += [f"{run} cannot be read: {cause}" for run, cause in about.damaged.items()]
    parts += [f"<p>{escape(line)}</p>" for line in (progress(results, about), *failed)]
    return "".join(parts)


def _block(block: Block) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in block.header)
    rows = (
        f"<tr>{''.join(_cell(cell, left=place < block.texts) for place, cell in cells)}</tr>"
        for cells in (enumerate(line.cells) for line in block.lines)
    )
    notes = "<br>".join(escape(line) for line in (block.caption, *block.notes))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<p>{escape(block.title)}</p>{table}<p><small>{notes}</small></p>"


def _cell(cell: Cell, *, left: bool) -> str:
    text = f"<b>{escape(cell.text)}</b>" if cell.bold else escape(cell.text)
    return f'<td style="text-align: {"left" if left else "right"}">{text}</td>'
