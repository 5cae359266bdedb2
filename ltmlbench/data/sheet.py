"""A contact sheet: some samples of a data set with their labels, as one picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ltmlbench.data.decode import Image, prepare
from ltmlbench.data.samples import Samples
from ltmlbench.store import write_atomic

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

LINE = 15
NARROWEST = 320
PAPER, INK, SOFT = (250, 250, 248), (30, 30, 30), (120, 120, 120)


def contact_sheet(
    samples: Samples, rows: npt.NDArray[np.int64], size: int, *, columns: int = 8, title: str = ""
) -> Image:
    """Pictures of ``rows`` (at least one), ``size`` pixels each, with id and labels; H×W×3 uint8.

    "SIMULATED" leads the title of simulated data, and the sheet is never too narrow for it.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw

    across = min(columns, len(rows))
    cell, top = size + 2 * LINE + 8, 2 * LINE
    height = top + math.ceil(len(rows) / across) * cell
    sheet = Pillow.new("RGB", (max(across * (size + 8) + 8, NARROWEST), height), PAPER)
    draw = ImageDraw.Draw(sheet)
    simulated = "SIMULATED data, no real photographs" if samples.protocol.simulated else ""
    _write(draw, (8, 8), " · ".join(filter(None, [simulated, title])), INK)
    for place, row in enumerate(int(row) for row in rows):
        x, y = 8 + place % across * (size + 8), top + place // across * cell
        picture = prepare(samples.read(row, size), size, samples.border)
        sheet.paste(Pillow.fromarray(picture), (x, y))
        held = samples.labels.dense[row].astype(bool)
        names = [n for n, has in zip(samples.labels.names, held, strict=True) if has]
        _write(draw, (x, y + size + 1), ", ".join(names) or "no label", INK)
        _write(draw, (x, y + size + 1 + LINE), samples.ids[row], SOFT)
    return np.asarray(sheet)


def _write(
    draw: ImageDraw, place: tuple[int, int], text: str, colour: tuple[int, int, int]
) -> None:
    draw.text(place, text, fill=colour, font_size=12)


def save_sheet(sheet: Image, path: Path) -> None:
    """Writes a PNG, whole or not at all."""
    import io

    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(sheet).save(buffer, format="PNG")
    write_atomic(path, buffer.getvalue())
