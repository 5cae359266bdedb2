"""A picture of what dividing labels into subsets does: who meets whom, how often, how many."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import Division

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MOST = 2000  # labels drawn; beyond, the most frequent ones
NAMED = 60  # labels whose names can be read
LONGEST = 22  # characters of a name; longer ones leave no room for the picture
CELLS = 300  # cells of a matrix that can be told apart; of more labels each cell shows the largest
LISTED = 24  # subsets whose numbers can be read
_INK, _PALE, _FRAME = "#2c5f8a", "#b9cfe0", "#c2571a"


def cooccurrence_picture(division: Division, title: str) -> bytes:
    """A PNG: samples that hold both labels, ordered by frequency and by subset, each below the
    labels' frequencies; beside them the samples with several labels before and after.

    More than `MOST` labels: the most frequent ones are drawn, and the title says so.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    counts, home = division.labels.counts, division.home
    frequent = np.argsort(-counts, kind="stable")[:MOST]
    after = frequent[np.argsort(np.where(home < 0, len(division), home)[frequent], kind="stable")]
    if len(frequent) < len(counts):
        title += f" (the {len(frequent)} most frequent of {len(counts)} labels)"
    figure = Figure(figsize=(17, 8.4), layout="constrained")
    figure.suptitle(title, parse_math=False)
    grid = figure.add_gridspec(2, 3, height_ratios=(1, 4.2), width_ratios=(1, 1, 0.62))
    pairs = division.labels.select(frequent.tolist()).cooccurrence.copy()
    np.fill_diagonal(pairs, 0)
    norm = LogNorm(0.4, max(2, int(pairs.max())))  # so that 1 is no white
    for i, order in enumerate((frequent, after)):
        bars = figure.add_subplot(grid[0, i])
        matrix = figure.add_subplot(grid[1, i], sharex=bars)
        places = np.arange(len(order)) if i == 0 else _places(frequent, after)
        image = _matrix(matrix, pairs[np.ix_(places, places)], norm)
        _name(matrix, [division.labels.names[c] for c in order])
        _frequencies(bars, counts[order])
        bars.set_title(("before: by frequency", f"after: {len(division)} subsets")[i])
        if i:
            _frame(matrix, bars, home[order])
    figure.colorbar(image, ax=matrix, label="samples that hold both labels", pad=0.02)
    _several(figure.add_subplot(grid[:, 2]), division.report())
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # drawn as boxes
        figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _places(frequent: npt.NDArray[np.int64], order: npt.NDArray[np.int64]) -> Any:
    """Where the labels of ``order`` stand in ``frequent``."""
    by_label = np.argsort(frequent)
    return by_label[np.searchsorted(frequent[by_label], order)]


def _matrix(axes: Axes, pairs: npt.NDArray[np.int64], norm: Any) -> Any:
    n = len(pairs)
    image = axes.imshow(
        np.ma.masked_equal(pooled(pairs), 0),
        cmap="Blues",
        norm=norm,
        interpolation="nearest",
        aspect="auto",
        extent=(-0.5, n - 0.5, n - 0.5, -0.5),
    )
    if n <= NAMED:
        diagonal = np.where(np.eye(n) > 0, 0.88, np.nan)
        axes.imshow(diagonal, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    return image


def pooled(pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """At most `CELLS` × `CELLS`: the largest of the neighbours that share a cell, so that one pair
    among many labels is still seen."""
    n = len(pairs)
    starts = np.unique(np.linspace(0, n, min(n, CELLS), endpoint=False).astype(int))
    return np.maximum.reduceat(np.maximum.reduceat(pairs, starts), starts, axis=1)


def _name(axes: Axes, names: list[str]) -> None:
    """The labels' names, where they fit."""
    if len(names) > NAMED:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_ylabel(f"{len(names)} labels")
        return
    short = [n if len(n) <= LONGEST else n[: LONGEST - 1] + "…" for n in names]
    size = 9 if len(names) <= 30 else 6
    at = range(len(names))
    axes.set_xticks(at, short, rotation=90, fontsize=size, parse_math=False)
    axes.set_yticks(at, short, fontsize=size, parse_math=False)


def _frequencies(axes: Axes, counts: npt.NDArray[np.int64]) -> None:
    from matplotlib.ticker import NullFormatter

    at = np.arange(len(counts))
    if len(counts) <= NAMED:
        axes.bar(at, counts, width=0.9, color=_INK)
    else:  # bars narrower than a pixel make a pattern of their own
        axes.fill_between(at, counts, 0.5, step="mid", color=_INK, linewidth=0)
    axes.set_yscale("log")
    axes.set_ylim(0.7, max(2, counts.max(initial=1)) * 8)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("samples")
    axes.tick_params(labelbottom=False)


def _frame(matrix: Axes, bars: Axes, home: npt.NDArray[np.int64]) -> None:
    """A square around every subset, and its number above the bars where there is room."""
    from matplotlib.patches import Rectangle

    free = -1.0  # where the last number ends, as a share of the width
    for k in range(int(home.max(initial=-1)) + 1):
        inside = np.flatnonzero(home == k)
        if not len(inside):
            continue
        start, size = inside[0] - 0.5, len(inside)
        matrix.add_patch(
            Rectangle((start, start), size, size, fill=False, edgecolor=_FRAME, linewidth=1.6)
        )
        if start > 0:
            bars.axvline(start, color=_FRAME, linewidth=0.9)
        middle = (start + 0.5 + size / 2) / len(home)
        if middle - free > 0.03:
            place = (middle, 0.98)
            bars.text(*place, str(k), transform=bars.transAxes, color=_FRAME, ha="center", va="top")
            free = middle


def _several(axes: Axes, report: pd.DataFrame) -> None:
    """Per subset the samples with several labels, of any subset and of this one."""
    rows: Any = report[report["subset"].isin(["undivided", "all"]) | report["subset"].str.isdigit()]
    rows = rows.to_dict("records")
    before = [row["several_before"] for row in rows]
    after = [row["several"] for row in rows]
    at = np.arange(len(rows))
    axes.barh(at, before, height=0.8, color=_PALE, label="before: several labels of any subset")
    axes.barh(
        at[1:], after[1:], height=0.45, color=_INK, label="after: several labels of this subset"
    )
    widest = max(1, *before, *after)
    if len(rows) <= LISTED + 2:
        for i in range(len(rows)):
            text = f"{before[i]}" if i == 0 else f"{before[i]} → {after[i]}"
            axes.text(max(before[i], after[i]) + widest * 0.02, i, text, va="center", fontsize=9)
        axes.set_yticks(at, [_row_name(row) for row in rows], fontsize=9)
    else:
        axes.set_yticks([0, len(rows) - 1], ["undivided", "all"])
    axes.set_xlim(0, widest * 1.45)
    axes.invert_yaxis()
    axes.set_title("samples with several labels")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.04), fontsize=9, frameon=False)


def _row_name(row: dict[str, Any]) -> str:
    if not row["subset"].isdigit():
        return "all, summed" if row["subset"] == "all" else "undivided"
    if row["n_labels"] == 1:
        return f"subset {row['subset']}\n1 label"
    return f"subset {row['subset']}\n{row['n_labels']} labels, {row['imbalance']:.1f} : 1"
