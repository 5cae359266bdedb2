"""report.html: one file with everything a reader asks for, and nothing loaded from elsewhere.

``page.js`` draws what `ltmlbench.report.page_data` computed; what needs no drawing is written here.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from ltmlbench.report.about import (
    About,
    data_line,
    seen_line,
    shot_lines,
    titled,
    trials_line,
)
from ltmlbench.report.blocks import Block, Cell, Line
from ltmlbench.report.cost import CAPTION as COST_CAPTION
from ltmlbench.report.evidence import Evidence
from ltmlbench.report.looking import LOOKING, aim, pointing_blocks, unexplained_lines
from ltmlbench.report.page_data import page_data, script_json
from ltmlbench.report.page_parts import (
    ANSWER,
    CONTROLS,
    CURVES,
    DIVISION,
    LEARNING,
    PLACES,
    TABLE,
    TEACHERS,
    labels_part,
)
from ltmlbench.report.provenance import (
    environment_list,
    networks_list,
    runs_table,
    splits_table,
)
from ltmlbench.report.summary import Summary, progress, summaries
from ltmlbench.results.records import RunRecord

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""What a browser lets the page do: nothing from elsewhere."""
SCRIPTS = ("vendor/d3.min.js", "vendor/plot.umd.min.js", "page.js")


def render_page(
    results: pd.DataFrame,
    about: About,
    *,
    runs: Sequence[RunRecord] = (),
    history: Sequence[Mapping[str, Any]] = (),
    config: str = "",
    pointing: pd.DataFrame | None = None,
    galleries: Mapping[str, bytes] | None = None,
    evidence: Evidence | None = None,
    spread: Block | None = None,
) -> str:
    """The page as HTML.

    Args:
        results: as `ltmlbench.results.tables.read_results` gives them; may be empty.
        runs: the page links to ``runs/<id>/``.
        history: training history, one mapping per run and epoch, with ``run`` and ``epoch``.
        config: the resolved configuration (YAML).
        pointing: as `ltmlbench.results.folder.OutFolder.pointing` returns it.
        galleries: PNG of where a network looks, by the id of its run.
        evidence: what is tested, resampled and drawn; None: numbers and curves alone.
        spread: as `ltmlbench.report.spread.spread_block` returns it.
    """
    blocks = summaries(results, about)
    data = page_data(blocks, about, runs, history, evidence) if blocks else None
    parts = _drawn(data, about) if data else {}
    parts["split and training"] = _figure(spread) if spread else ""
    if blocks:
        parts[LOOKING.lower()] = _looking(blocks, about, pointing, galleries or {}, runs)
    parts |= {
        "made on the way": _made(about),
        "failed runs": _bullets(f"{run}: {cause}" for run, cause in about.failures.items()),
        "runs that cannot be read": _bullets(f"{r}: {cause}" for r, cause in about.damaged.items()),
        "differences from the published protocol": _bullets(about.remarks),
        "data": _bullets(about.notes),
        "runs": _folded("all runs", runs_table(runs)),
        "splits": splits_table(runs),
        "networks": networks_list(runs),
        "environment": environment_list(runs),
        "configuration": _folded("config.yaml", f"<pre>{escape(config)}</pre>" if config else ""),
    }
    given = {name: html for name, html in parts.items() if html}
    links = "".join(f'<a href="#{_anchor(name)}">{name}</a>' for name in given)
    sections = "".join(_section(name, html, about) for name, html in given.items())
    title = escape(titled(about.title, about))
    said = escape(f"{data_line(about)} {progress(results, about)}")
    controls, scripts = (CONTROLS, _scripts(data)) if data else ("", "")
    return (
        '<!doctype html>\n<html lang="en" data-theme="auto"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title>\n<style>\n{_file('page.css')}</style></head>\n<body>"
        f"{_banner(about)}<main><header><h1>{title}</h1><p>{said}</p><nav>{links}</nav></header>\n"
        f"{controls}{sections}</main>{scripts}</body></html>\n"
    )


def _drawn(data: Mapping[str, Any], about: About) -> dict[str, str]:
    """The sections that the script fills."""
    notes = list(filter(None, (seen_line(about), trials_line(about))))
    table = TABLE.format(cost=escape(COST_CAPTION), seen=_bullets(notes))
    parts = {"the answer": ANSWER, "all rows": table, "places": PLACES}
    if any(metric["labels"] for metric in data["metrics"]):
        parts["labels"] = labels_part(_bullets(shot_lines(about)))
    if data["curves"]["rows"]:
        parts["probabilities"] = CURVES
    if data["learning"]:
        parts["training"] = LEARNING
    if data["divisions"] and data["curves"]["together"]:
        parts["division of the labels"] = DIVISION
    if data["taught"]:
        parts["what the teachers knew"] = TEACHERS
    return parts


def _section(name: str, html: str, about: About) -> str:
    heading = escape(titled(name.capitalize(), about))
    return f'<section id="{_anchor(name)}"><h2>{heading}</h2>{html}</section>'


def _banner(about: About) -> str:
    said = "SIMULATED data: these numbers say nothing about real data"
    return f'<p class="simulated">{said}</p>' if about.protocol.simulated else ""


def _scripts(data: Mapping[str, Any]) -> str:
    code = "".join(f"<script>\n{_file(name)}</script>\n" for name in SCRIPTS)
    return f'\n<script type="application/json" id="data">{script_json(data)}</script>\n{code}'


@cache
def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _looking(
    summaries: Sequence[Summary],
    about: About,
    pointing: pd.DataFrame | None,
    galleries: Mapping[str, bytes],
    runs: Sequence[RunRecord],
) -> str:
    figures = [
        _figure(block)
        for summary in summaries
        for block in (() if pointing is None else pointing_blocks(pointing, summary))
    ]
    rows, aims = _row_names(runs), {} if pointing is None else aim(pointing)
    dull = []
    for run in runs:
        ratio = aims.get((run.method, run.backbone), math.inf)
        small = _smaller(galleries[run.id]) if run.id in galleries else None
        link = f'<a href="runs/{quote(run.id)}/gallery.png">{escape(run.id)}</a>'
        if small is None:
            continue
        if ratio <= 1:
            dull.append(
                f"<li>{escape(rows[run.id])}: its maps hold {ratio:.2f} times as much of what "
                "shows the labels as a uniform map does, so its gallery is not shown here: "
                f"{link}</li>"
            )
            continue
        data = base64.b64encode(small).decode()
        figures.append(
            f"<details><summary>{escape(rows[run.id])}</summary><figure>"
            f'<img alt="gallery of {escape(run.id)}" src="data:image/jpeg;base64,{data}">'
            f"<figcaption>{link}; every other run has its own</figcaption></figure></details>"
        )
    said = f"<ul>{''.join(dull)}</ul>" if dull else ""
    return _bullets(unexplained_lines(about)) + "".join(figures) + said


def _made(about: About) -> str:
    items = (
        f'<li>{escape(line)} (<a href="stages/{quote(name)}/">files</a>)</li>'
        for name, line in about.made.items()
    )
    return f"<ul>{''.join(items)}</ul>" if about.made else ""


def _smaller(picture: bytes) -> bytes | None:
    """A PNG as JPEG, about a sixth of its size: the page holds one per row of the table. None if it
    is damaged."""
    from PIL import Image

    buffer = io.BytesIO()
    try:
        Image.open(io.BytesIO(picture)).convert("RGB").save(buffer, "JPEG", quality=88)
    except Exception:  # a damaged file may break its reader anyhow
        return None
    return buffer.getvalue()


def _figure(block: Block) -> str:
    notes = _bullets([*block.notes, *block.legend])
    return (
        f"<figure><h3>{escape(block.title)}</h3>{_table(block)}"
        f'<figcaption>{escape(block.caption)}</figcaption><div class="notes">{notes}</div></figure>'
    )


def _table(block: Block) -> str:
    head = "".join(
        f"<th{_name(place, block)}>{escape(name)}</th>" for place, name in enumerate(block.header)
    )
    body = "".join(_line(line, block) for line in block.lines)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{table}</div>'


def _line(line: Line, block: Block) -> str:
    cells = "".join(
        f"<td{_name(place, block)}{_hint(cell)}>{_text(cell)}</td>"
        for place, cell in enumerate(line.cells)
    )
    return f"<tr>{cells}</tr>"


def _name(place: int, block: Block) -> str:
    return ' class="name"' if place < block.texts else ""


def _hint(cell: Cell) -> str:
    return f' title="{escape(cell.hint)}"' if cell.hint else ""


def _text(cell: Cell) -> str:
    mean, plus_minus, rest = escape(cell.text).partition(" ± ")
    return f"{mean} <small>± {rest}</small>" if plus_minus else mean


def _bullets(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _folded(title: str, html: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{html}</details>" if html else ""


def _row_names(runs: Sequence[RunRecord]) -> dict[str, str]:
    """What a gallery calls the row of each run; the backbone only where there are several."""
    several = len({run.backbone for run in runs if not run.floor}) > 1
    return {run.id: f"{run.method}, {run.backbone}" if several else run.method for run in runs}


def _anchor(name: str) -> str:
    return f"part-{name.replace(' ', '-')}"
