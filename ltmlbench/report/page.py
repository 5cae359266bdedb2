"""report.html: one file with everything a reader asks for, and nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from ltmlbench.report.about import About, data_line, shot_lines, titled
from ltmlbench.report.blocks import (
    Block,
    Cell,
    Line,
    further_block,
    headline_block,
    label_block,
    shot_block,
)
from ltmlbench.report.cost import cost_block
from ltmlbench.report.curves import curve_figures
from ltmlbench.report.looking import LOOKING, pointing_blocks, unexplained_lines
from ltmlbench.report.provenance import (
    environment_list,
    networks_list,
    runs_table,
    splits_table,
)
from ltmlbench.report.summary import Summary, progress, summaries
from ltmlbench.results.records import RunRecord

CURVES = {"val_map": "Validation mAP", "train_loss": "Training loss"}
HOVER = "Hovering over a value shows the 95 % t-interval of its mean."


def render_page(
    results: pd.DataFrame,
    about: About,
    *,
    runs: Sequence[RunRecord] = (),
    history: Sequence[Mapping[str, Any]] = (),
    config: str = "",
    pointing: pd.DataFrame | None = None,
    galleries: Mapping[str, bytes] | None = None,
    differences: Sequence[Block] = (),
) -> str:
    """The page as HTML.

    Args:
        results: as `ltmlbench.results.tables.read_results` gives them; may be empty.
        runs: the page links to ``runs/<id>/``.
        history: training history, one mapping per run and epoch, with ``run`` and ``epoch``.
        config: the resolved configuration (YAML).
        pointing: as `ltmlbench.results.folder.OutFolder.pointing` returns it.
        galleries: PNG of where a network looks, by the id of its run.
        differences: as `ltmlbench.report.differences.difference_blocks` returns them.
    """
    blocks = summaries(results, about)
    hover = f" {HOVER}" if blocks else ""
    said = f'<p class="soft">{escape(progress(results, about))}{hover}</p>'
    parts = {"results": said + "".join(_results(summary) for summary in blocks)}
    rows = _row_names(runs)
    if blocks:
        parts["differences"] = "".join(_figure(block) for block in differences)
        shots = _bullets(shot_lines(about)) if blocks[0].label_metrics else ""
        parts["labels"] = shots + "".join(_labels(summary) for summary in blocks)
        parts[LOOKING.lower()] = _looking(blocks, about, pointing, galleries or {}, rows)
    damaged = [f"{run}: {cause}" for run, cause in about.damaged.items()]
    failed = [f"{run}: {cause}" for run, cause in about.failures.items()]
    cost = cost_block(runs)
    parts |= {
        "cost": f'{_table(cost)}<p class="soft">{escape(cost.caption)}</p>' if cost else "",
        "made on the way": _made(about),
        "training": curve_figures(history, rows, CURVES),
        "failed runs": _bullets(failed),
        "runs that cannot be read": _bullets(damaged),
        "differences from the published protocol": _bullets(about.remarks),
        "data": _bullets(about.notes),
        "runs": runs_table(runs),
        "splits": splits_table(runs),
        "networks": networks_list(runs),
        "environment": environment_list(runs),
        "configuration": _details("config.yaml", config),
    }
    given = {name: html for name, html in parts.items() if html}
    links = "".join(f'<a href="#{_anchor(name)}">{name}</a>' for name in given)
    sections = "".join(
        f'<section id="{_anchor(name)}"><h2>{escape(titled(name.capitalize(), about))}</h2>{html}'
        "</section>"
        for name, html in given.items()
    )
    banner = "SIMULATED data: these numbers say nothing about real data"
    simulated = f'<p class="simulated">{banner}</p>' if about.protocol.simulated else ""
    title = escape(titled(about.title, about))
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title>\n<style>\n{style}</style></head>\n<body>{simulated}<main>"
        f"<header><h1>{title}</h1><p>{escape(data_line(about))}</p><nav>{links}</nav></header>\n"
        f"{sections}</main></body></html>\n"
    )


def _results(summary: Summary) -> str:
    blocks = []
    for unit in summary.units:
        blocks += [headline_block(summary, unit), further_block(summary, unit)]
    return "".join(_figure(block) for block in blocks if block)


def _labels(summary: Summary) -> str:
    unit, metrics = summary.units[0], summary.label_metrics
    shots = "".join(_figure(shot_block(summary, unit, metric)) for metric in metrics)
    each = "".join(_figure(label_block(summary, unit, metric), heat=True) for metric in metrics)
    return shots + each


def _looking(
    summaries: Sequence[Summary],
    about: About,
    pointing: pd.DataFrame | None,
    galleries: Mapping[str, bytes],
    rows: Mapping[str, str],
) -> str:
    figures = [
        _figure(block)
        for summary in summaries
        for block in (() if pointing is None else pointing_blocks(pointing, summary))
    ]
    for run, picture in galleries.items():
        link = f'<a href="runs/{quote(run)}/gallery.png">{escape(run)}</a>'
        small = _smaller(picture)
        if small is None:
            continue
        data = base64.b64encode(small).decode()
        figures.append(
            f"<figure><h3>{escape(rows[run])}</h3>"
            f'<img alt="gallery of {escape(run)}" src="data:image/jpeg;base64,{data}">'
            f"<figcaption>{link}; every other run has its own</figcaption></figure>"
        )
    return _bullets(unexplained_lines(about)) + "".join(figures)


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


def _figure(block: Block, *, heat: bool = False) -> str:
    notes = _bullets([*block.notes, *block.legend, *(["shade: 0 to 1"] if heat else [])])
    lead = f"<p>{escape(block.lead)}</p>" if block.lead else ""
    return (
        f"<figure><h3>{escape(block.title)}</h3>{lead}{_table(block, heat)}"
        f'<figcaption>{escape(block.caption)}</figcaption><div class="notes">{notes}</div></figure>'
    )


def _table(block: Block, heat: bool = False) -> str:
    head = "".join(
        f"<th{_name(place, block)}>{escape(name)}</th>" for place, name in enumerate(block.header)
    )
    body = "".join(_line(line, block, heat) for line in block.lines)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _line(line: Line, block: Block, heat: bool) -> str:
    kind = f' class="{line.kind}"' if line.kind else ""
    cells = "".join(
        f"<td{_name(place, block)}{_heat(cell, heat)}{_hint(cell)}>{_text(cell)}</td>"
        for place, cell in enumerate(line.cells)
    )
    return f"<tr{kind}>{cells}</tr>"


def _name(place: int, block: Block) -> str:
    return ' class="name"' if place < block.texts else ""


def _heat(cell: Cell, heat: bool) -> str:
    if not heat or math.isnan(cell.value):
        return ""
    return f' class="heat" style="--v:{min(max(cell.value, 0), 1):.3f}"'


def _hint(cell: Cell) -> str:
    return f' title="{escape(cell.hint)}"' if cell.hint else ""


def _text(cell: Cell) -> str:
    mean, plus_minus, rest = escape(cell.text).partition(" ± ")
    mean = f"<b>{mean}</b>" if cell.bold else mean
    return f"{mean} <small>± {rest}</small>" if plus_minus else mean


def _bullets(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _details(title: str, text: str) -> str:
    if not text:
        return ""
    return f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"


def _row_names(runs: Sequence[RunRecord]) -> dict[str, str]:
    """What the curves call the row of each run; the backbone only where there are several."""
    several = len({run.backbone for run in runs if not run.floor}) > 1
    return {run.id: f"{run.method}, {run.backbone}" if several else run.method for run in runs}


def _anchor(name: str) -> str:
    return name.replace(" ", "-")
