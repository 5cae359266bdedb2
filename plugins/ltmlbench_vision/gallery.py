"""The picture of a gallery: samples, each with the maps of a network beside it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import Rows, Task, squared
from ltmlbench_vision.cam import Looks, Maps, enlarge
from ltmlbench_vision.gradcam import evidence_mask, known_evidence

if TYPE_CHECKING:
    from PIL import Image as Pillow
    from PIL.ImageFont import FreeTypeFont

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

SIDE = 240
"""Pixels of a panel; a picture is drawn finer than a small network sees it."""
ACROSS = 7
"""Panels in a row of the gallery."""
GAP, BETWEEN, CAPTION, HEADER = 8, 28, 42, 64
INK, SOFT = (28, 36, 48), (90, 102, 117)


def draw_gallery(task: Task, rows: Rows, pairs: tuple[Rows, Rows], looks: Looks) -> bytes:
    """A PNG. Per sample: the picture; the map of a head with region attention; a CAM per label
    with its probability and, where the lesions are known, their outline.

    Args:
        rows: of ``task.samples``, to be drawn in this order.
        pairs: M rows and label columns, sorted as ``rows`` are.
        looks: of the pairs.
    """
    strips = [
        _strip(task, int(row), np.flatnonzero(pairs[0] == row), pairs[1], looks) for row in rows
    ]
    corners, width, height = _flow([len(strip) for strip in strips])
    canvas = _Canvas(width, height)
    canvas.header(task, looks)
    for strip, (x, y) in zip(strips, corners, strict=True):
        for i, panel in enumerate(strip):
            canvas.panel(x + i * (SIDE + GAP), y, panel)
    return canvas.png()


class Panel(NamedTuple):
    """A picture SIDE×SIDE×3, and two lines above it."""

    picture: Image
    title: str
    below: str


def _flow(lengths: Sequence[int]) -> tuple[list[tuple[int, int]], int, int]:
    """Top left corners of strips that fill one row after another, and the size of it all."""
    across = max(ACROSS, *lengths) if lengths else ACROSS
    corners = []
    x, y, used, right = BETWEEN, HEADER, 0, 3 * SIDE
    for length in lengths:
        if used and used + length > across:
            x, y, used = BETWEEN, y + CAPTION + SIDE + BETWEEN, 0
        corners.append((x, y))
        used += length
        x += length * (SIDE + GAP) - GAP + BETWEEN
        right = max(right, x)
    return corners, right, y + CAPTION + SIDE + BETWEEN


def _strip(task: Task, row: int, members: Rows, labels: Rows, looks: Looks) -> list[Panel]:
    samples, names = task.samples, task.samples.labels.names
    picture = squared(samples.reader(row, SIDE), SIDE, samples.border)
    held = [name for name, y in zip(names, samples.labels.dense[row], strict=True) if y]
    parts = {"training": task.split.train, "validation": task.split.val}
    part = next((name for name, members in parts.items() if row in members), "")
    said = ", ".join(held) or "no label"
    strip = [Panel(picture, samples.ids[row], f"{said} · a {part} picture" if part else said)]
    if looks.attention is not None and len(members):
        strip.append(_attention_panel(picture, looks.attention[members[0]]))
    known = known_evidence(samples)
    layers = samples.masks(row, SIDE) if samples.masks and known else None
    for m in members:
        name = names[labels[m]]
        lesion = None
        if layers is not None and name in known and name in held:
            lesion = evidence_mask(samples, row, known[name], layers)
        title = f"{name}   p = {looks.probabilities[m]:.2f}"
        absent = "" if name in held else "not a label of this picture"
        strip.append(_cam_panel(picture, looks.cams[m], title, absent, lesion))
    return strip


def _cam_panel(picture: Image, cam: Maps, title: str, absent: str, lesion: Mask | None) -> Panel:
    large = enlarge(cam[None], SIDE)[0]
    top = float(large.max())
    drawn = _overlay(picture, large / top) if top > 0 else _grey(picture)
    said = absent or ("" if top > 0 else "the CAM is 0 everywhere")
    if lesion is None:
        return Panel(drawn, title, said)
    if top > 0:
        inside = large[lesion].sum() / large.sum()
        said = f"{inside:.0%} in the lesion, {lesion.mean():.0%} of the picture"
    return Panel(_outlined(drawn, lesion), title, said)


def _attention_panel(picture: Image, attention: Maps) -> Panel:
    large = enlarge(attention[None], SIDE)[0]
    low, high = float(attention.min()), float(attention.max())
    scaled = (large - low) / (high - low) if high > low else np.zeros_like(large)
    return Panel(
        _overlay(picture, scaled.clip(0, 1)), "region attention", f"from {low:.2f} to {high:.2f}"
    )


def _grey(picture: Image) -> Image:
    """Without colour, so that a fundus does not mix with the colours of a map."""
    grey = picture @ np.array([0.299, 0.587, 0.114])
    return np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)


def _overlay(picture: Image, map_: Maps) -> Image:
    """A map in 0..1 over a grey picture, the more opaque the higher it is."""
    from matplotlib import colormaps

    colours = colormaps["turbo"](map_)[:, :, :3] * 255
    opacity = 0.15 + 0.45 * map_[:, :, None]
    return np.asarray((1 - opacity) * _grey(picture) + opacity * colours, dtype=np.uint8)


def _outlined(picture: Image, mask: Mask) -> Image:
    import cv2

    drawn = np.ascontiguousarray(picture)
    edges, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, edges, -1, (255, 255, 255), 1)  # every pixel of the edge is in it
    return np.asarray(drawn)


@cache
def _font(size: int, bold: bool = False) -> FreeTypeFont:
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"  # more letters than Pillow's own
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)


class _Canvas:
    """A white picture on which panels and texts are put."""

    def __init__(self, width: int, height: int) -> None:
        from PIL import Image as Pillow
        from PIL import ImageDraw

        self.image: Pillow.Image = Pillow.new("RGB", (width, height), "white")
        self.draw: Any = ImageDraw.Draw(self.image)

    def text(
        self,
        at: tuple[int, int],
        text: str,
        font: FreeTypeFont,
        colour: tuple[int, int, int],
        room: int,
    ) -> None:
        """A text, cut where the room ends."""
        short = text
        while font.getlength(short) > room:
            short = short.removesuffix("…")[:-1] + "…"
        self.draw.text(at, short, font=font, fill=colour)

    def header(self, task: Task, looks: Looks) -> None:
        simulated = "SIMULATED · " if task.samples.protocol.simulated else ""
        title = f"{simulated}{looks.kind} · {task.backbone.label} · {task.split.name}"
        room = self.image.width - 2 * BETWEEN
        self.text((BETWEEN, 10), title, _font(17, bold=True), INK, room)
        h, w = looks.cams.shape[1:]
        said = f"{h}×{w} cells; colour: the map's own scale, blue low to red high"
        if known_evidence(task.samples):
            said += "; white outline: what shows the label"
        self.text((BETWEEN, 34), said, _font(12), SOFT, room)

    def panel(self, x: int, y: int, panel: Panel) -> None:
        from PIL import Image as Pillow

        self.text((x, y), panel.title, _font(14, bold=True), INK, SIDE)
        self.text((x, y + 20), panel.below, _font(12), SOFT, SIDE)
        self.image.paste(Pillow.fromarray(panel.picture), (x, y + CAPTION))

    def png(self) -> bytes:
        buffer = io.BytesIO()
        self.image.save(buffer, format="PNG")
        return buffer.getvalue()
