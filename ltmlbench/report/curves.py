"""Training curves as small inline SVG panels, one per row of the table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT = 240, 132
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 10, 18
_STYLE = 'fill="none" stroke-width="1.6" stroke-linejoin="round"'

Curve = list[tuple[float, float]]


def curve_figures(
    history: Sequence[Mapping[str, Any]], rows: Mapping[str, str], quantities: Mapping[str, str]
) -> str:
    """HTML with a grid of panels per quantity: the runs of one row of the table in each.

    Validation curves share one axis, with the other rows' runs in the background. Losses do not:
    those of different methods are not the same quantity.

    Args:
        history: one mapping per run and epoch, with ``run``, ``epoch`` and the quantities.
        rows: name of the table's row per run; runs that are not in it are left out.
        quantities: title per key of ``history``, e.g. ``{"val_map": "Validation mAP"}``.
    """
    figures = []
    for key, title in quantities.items():
        curves = _curves(history, rows, key)
        if not curves:
            continue
        shared = key.startswith("val_")
        panels = "".join(_panels(key, curves, rows, shared))
        axis = "one axis for all; grey: the other rows" if shared else "each with its own axis"
        figures.append(
            f'<h3>{escape(title)}</h3><p class="soft">One line per run, over epochs; {axis}.</p>'
            f'<div class="panels">{panels}</div>'
        )
    return "".join(figures)


def _curves(
    history: Sequence[Mapping[str, Any]], rows: Mapping[str, str], key: str
) -> dict[str, Curve]:
    """Points (epoch, value) per run; values that are not finite have none."""
    curves: dict[str, Curve] = {}
    for entry in history:
        raw = entry.get(key)
        value = math.nan if raw in (None, "") else float(raw)
        if entry["run"] in rows and math.isfinite(value):
            curves.setdefault(entry["run"], []).append((float(entry["epoch"]), value))
    return curves


def _panels(
    key: str, curves: Mapping[str, Curve], rows: Mapping[str, str], shared: bool
) -> list[str]:
    panels: list[str] = []
    epochs = max(epoch for curve in curves.values() for epoch, _ in curve)
    for name in dict.fromkeys(rows.values()):
        own = [curve for run, curve in curves.items() if rows[run] == name]
        if not own:
            continue
        top = _top(list(curves.values()) if shared else own)
        others = ""
        if shared and not panels:  # drawn once, used by every panel
            lines = "".join(_line(curve, epochs, top) for curve in curves.values())
            others = (
                f'<g id="all-{key}" {_STYLE} style="color:var(--soft)" opacity=".3">{lines}</g>'
            )
        elif shared:
            others = f'<use href="#all-{key}"/>'
        drawn = "".join(_line(curve, epochs, top) for curve in own)
        panels.append(
            f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}">'
            f'{_axes(epochs, top)}{others}<g {_STYLE} style="color:var(--accent)">{drawn}</g></svg>'
            f"<figcaption>{escape(name)}</figcaption></figure>"
        )
    return panels


def _top(curves: Sequence[Curve]) -> float:
    """The end of the axis: the next of 1, 2, 5 × 10^k above every value."""
    highest = max((value for curve in curves for _, value in curve), default=1.0)
    if highest <= 0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(highest))
    return next(
        step * decade for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if highest <= step * decade
    )


def _line(curve: Curve, epochs: float, top: float) -> str:
    points = [(_x(epoch, epochs), _y(value, top)) for epoch, value in curve]
    if len(points) == 1:
        (x, y) = points[0]
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="currentColor"/>'
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{text}" stroke="currentColor"/>'


def _x(epoch: float, epochs: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (epoch - 1) / max(epochs - 1, 1)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _axes(epochs: float, top: float) -> str:
    parts = []
    for value in (0.0, top / 2, top):
        y = _y(value, top)
        parts.append(
            f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="var(--line)" stroke-width=".7"/>'
            f'<text x="{LEFT - 4}" y="{y + 3:.1f}" text-anchor="end">{value:.3g}</text>'
        )
    for epoch, anchor in ((1.0, "start"), (epochs, "end")):
        if epoch > 1 or anchor == "start":
            x = _x(epoch, epochs)
            parts.append(
                f'<text x="{x:.1f}" y="{HEIGHT - 5}" text-anchor="{anchor}">{epoch:g}</text>'
            )
    return "".join(parts)
