"""A block as Markdown, CSV or a LaTeX table."""

from __future__ import annotations

import csv
import io
from typing import Literal

from ltmlbench.cells import as_cell
from ltmlbench.report.blocks import Block, Cell
from ltmlbench.report.table import markdown

Format = Literal["md", "csv", "latex"]

_LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": "\\textbackslash{}",
        "~": "\\textasciitilde{}",
        "^": "\\textasciicircum{}",
        "−": "$-$",
        "–": "--",
        "±": "$\\pm$",
        "<": "$<$",
        ">": "$>$",
    }
)


def written(block: Block, form: Format) -> str:
    """One block in a format for people (md), for programs (csv) or for papers (latex).

    CSV holds the table alone, its title in the first column; what is said beside it is only in the
    other two. LaTeX needs the package booktabs.
    """
    if form == "md":
        return markdown(block) + "\n"
    return _csv(block) if form == "csv" else _latex(block)


def _csv(block: Block) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", *map(as_cell, block.header)])
    for line in block.lines:
        texts = [cell.text.replace("−", "-") for cell in line.cells]
        names, numbers = map(as_cell, texts[: block.texts]), texts[block.texts :]
        writer.writerow([as_cell(block.title), *names, *numbers])
    return text.getvalue()


def _latex(block: Block) -> str:
    columns = "l" * block.texts + "r" * (len(block.header) - block.texts)
    said = " ".join(part for part in (f"{block.title}.", block.lead, block.caption) if part)
    notes = " ".join(f"{note}." for note in block.notes)
    rows = [" & ".join(_cell(cell) for cell in line.cells) + r" \\" for line in block.lines]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{said.translate(_LATEX)} {notes.translate(_LATEX)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(name.translate(_LATEX) for name in block.header) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _cell(cell: Cell) -> str:
    text = cell.text.translate(_LATEX)
    return rf"\textbf{{{text}}}" if cell.bold else text
