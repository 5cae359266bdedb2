"""A picture of what dividing labels into subsets does to their co-occurrence."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ltmlbench.subsets import Subsets

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 300  # labels drawn; beyond, the most frequent ones
NAMED = 60  # labels whose names can be read
LONGEST = 22  # characters of a name; longer ones leave no room for the picture


def cooccurrence_picture(subsets: Subsets, title: str) -> bytes:
    """A PNG: n_ab / min(n_a, n_b) by frequency, and ordered by subset, each below the counts.

    More than `MOST` labels: the most frequent ones are drawn, and the title says so.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    counts = subsets.labels.counts
    frequent = np.argsort(-counts, kind="stable")[:MOST]
    chosen = set(frequent.tolist())
    blocks = [[c for c in frequent if c in set(block)] for block in subsets.members]
    rest = [c for c in frequent if c in set(subsets.left_out)]
    after = [c for block in [*blocks, rest] for c in block]
    if len(chosen) < len(counts):
        title += f" (the {len(chosen)} most frequent of {len(counts)} labels)"
    figure = Figure(figsize=(14, 8), layout="constrained")
    figure.suptitle(title, parse_math=False)
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 4))
    top = [figure.add_subplot(grid[0, i]) for i in range(2)]
    below = [figure.add_subplot(grid[1, i], sharex=top[i]) for i in range(2)]
    image: Any = None
    for axes, bars, order, name in zip(
        below, top, (frequent.tolist(), after), ("by frequency", "by subset"), strict=True
    ):
        image = _matrix(axes, subsets, order)
        width = 0.9 if len(order) <= NAMED else 1.0  # narrow gaps make a pattern of their own
        bars.bar(range(len(order)), counts[order], width=width, color="#4878a8")
        bars.set_yscale("log")
        bars.set_ylim(bottom=0.7)
        bars.yaxis.set_minor_formatter(NullFormatter())
        bars.set_ylabel("samples")
        bars.set_title(name)
        bars.tick_params(labelbottom=False)
    start = 0
    for k, block in enumerate(blocks):
        _frame(below[1], start, len(block), _named(k, len(block) / len(after)))
        start += len(block)
    figure.colorbar(image, ax=below, label="co-occurrence  n_ab / min(n_a, n_b)", shrink=0.8)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # drawn as boxes
        figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _matrix(axes: Axes, subsets: Subsets, order: list[int]) -> Any:
    part = subsets.labels.select(order)
    counts = np.maximum(part.counts, 1)
    share = part.cooccurrence / np.minimum(counts[:, None], counts)
    np.fill_diagonal(share, np.nan)
    image = axes.imshow(
        share, cmap="magma_r", vmin=0, vmax=1, interpolation="nearest", aspect="auto"
    )
    if len(order) <= NAMED:
        names = [n if len(n) <= LONGEST else n[: LONGEST - 1] + "…" for n in part.names]
        size = 9 if len(order) <= 30 else 6
        axes.set_xticks(range(len(order)), names, rotation=90, fontsize=size, parse_math=False)
        axes.set_yticks(range(len(order)), names, fontsize=size, parse_math=False)
    else:
        axes.set_xticks([])
        axes.set_yticks([])
    return image


def _named(k: int, share: float) -> str:
    """As much of "subset k" as there is room for beside its frame."""
    return f"subset {k}" if share > 0.1 else str(k) if share > 0.025 else ""


def _frame(axes: Axes, start: int, size: int, name: str) -> None:
    from matplotlib.patches import Rectangle

    if size == 0:
        return
    corner = (start - 0.5, start - 0.5)
    axes.add_patch(Rectangle(corner, size, size, fill=False, edgecolor="#1a6e3c", linewidth=1.8))
    axes.text(start - 0.4, start - 0.6, name, color="#1a6e3c", fontsize=8, va="bottom")
