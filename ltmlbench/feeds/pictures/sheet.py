"""A contact sheet: some samples of a data set with their labels, as one picture."""

from __future__ import annotations

import colorsys
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ltmlbench.data.samples import Samples
from ltmlbench.errors import printable
from ltmlbench.feeds.pictures.decode import Image, squared
from ltmlbench.store import write_atomic

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

LINE = 15
NARROWEST = 320
PAPER, INK, SOFT = (250, 250, 248), (30, 30, 30), (120, 120, 120)


def contact_sheet(
    samples: Samples,
    rows: npt.NDArray[np.int64],
    size: int,
    *,
    columns: int = 8,
    title: str = "",
    structures: bool = False,
) -> Image:
    """Pictures of ``rows`` (at least one), ``size`` pixels each, with id and labels; H×W×3 uint8.

    With ``structures`` the masks are outlined and a line above names them in their colours.

    "SIMULATED" leads the title of simulated data, and the sheet is never too narrow for it.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw

    across = min(columns, len(rows))
    cell, top = size + 2 * LINE + 8, (3 if structures else 2) * LINE
    height = top + math.ceil(len(rows) / across) * cell
    sheet = Pillow.new("RGB", (max(across * (size + 8) + 8, NARROWEST), height), PAPER)
    draw = ImageDraw.Draw(sheet)
    simulated = "SIMULATED data, no real photographs" if samples.protocol.simulated else ""
    _write(draw, (8, 8), " · ".join(filter(None, [simulated, title])), INK)
    if structures:
        _legend(draw, samples.structures)
    for place, row in enumerate(int(row) for row in rows):
        x, y = 8 + place % across * (size + 8), top + place // across * cell
        picture = squared(samples.reader(row, size), size, samples.border)
        if structures and samples.masks is not None:
            picture = _outlined(picture, samples.masks(row, size))
        sheet.paste(Pillow.fromarray(picture), (x, y))
        held = samples.labels.dense[row].astype(bool)
        names = [n for n, has in zip(samples.labels.names, held, strict=True) if has]
        _write(draw, (x, y + size + 1), ", ".join(names) or "no label", INK)
        _write(draw, (x, y + size + 1 + LINE), samples.ids[row], SOFT)
    return np.asarray(sheet)


def _colours(number: int) -> list[tuple[int, int, int]]:
    """Hues from yellow-green over blue to pink, rare in photographs; neighbours differ most."""
    hues = 0.2 + 0.7 * (np.arange(number) * 0.618 % 1)  # golden section
    rgb = [colorsys.hsv_to_rgb(hue, 0.8, 1.0) for hue in hues]
    return [(round(255 * r), round(255 * g), round(255 * b)) for r, g, b in rgb]


def _legend(draw: ImageDraw, names: tuple[str, ...]) -> None:
    x = 8.0
    for name, colour in zip(names, _colours(len(names)), strict=True):
        draw.rectangle((x, LINE + 11, x + 8, LINE + 19), fill=colour)
        _write(draw, (round(x) + 12, LINE + 8), name, INK)
        x += 24 + draw.textlength(name, font_size=12)


def _outlined(picture: Image, layers: Image) -> Image:
    """The picture with a line of one pixel around every structure."""
    import cv2

    picture = picture.copy()
    around = np.ones((3, 3), dtype=np.uint8)
    for layer, colour in zip(np.moveaxis(layers, 2, 0), _colours(layers.shape[2]), strict=True):
        layer = np.ascontiguousarray(layer)
        picture[cv2.dilate(layer, around) > layer] = colour
    return picture


def _write(
    draw: ImageDraw, place: tuple[int, int], text: str, colour: tuple[int, int, int]
) -> None:
    draw.text(place, printable(text), fill=colour, font_size=12)


def save_sheet(sheet: Image, path: Path) -> None:
    """Writes a PNG, whole or not at all."""
    import io

    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(sheet).save(buffer, format="PNG")
    write_atomic(path, buffer.getvalue())
