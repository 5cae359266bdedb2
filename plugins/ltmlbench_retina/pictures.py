"""What the readers of photograph folders share: which files are whole, and how they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltmlbench.plugin import Image, printable

WHOLE = 100_000
"""A size at which no JPEG is read at reduced scale: every byte of a picture is decoded."""
THREADS = 4
BORDER = 10
"""Largest channel of the black around the photograph; JPEG black is not 0 (ours)."""


@dataclass(frozen=True)
class PictureReader:
    """Reads the picture of a row; some may be mirrored (right eyes to the orientation of left)."""

    paths: tuple[Path, ...]
    mirrored: tuple[bool, ...] | None = None

    def __call__(self, row: int, size: int) -> Image:
        from ltmlbench.plugin import read_rgb

        image = read_rgb(self.paths[row], size)
        if self.mirrored is not None and self.mirrored[row]:
            return np.ascontiguousarray(image[:, ::-1])
        return image


def damage_notes(files: Sequence[str], problems: Sequence[str]) -> list[str]:
    """A line per kind of damage (``problems``: "" for whole files)."""
    notes = []
    for kind, number in Counter(problem for problem in problems if problem).items():
        names = [f for f, problem in zip(files, problems, strict=True) if problem == kind]
        more = ", ..." if number > 3 else ""
        notes.append(
            f"{number} pictures left out, {kind}: {', '.join(map(printable, names[:3]))}{more}"
        )
    return notes
