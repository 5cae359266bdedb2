"""What the readers of photograph folders share: which files are whole, and how they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltmlbench.arrays import Image
from ltmlbench.errors import DataError

BORDER = 10
"""Largest channel of the black around the photograph; JPEG black is not 0 (ours)."""


@dataclass(frozen=True)
class PictureReader:
    """Reads the picture of a row; some may be mirrored (right eyes to the orientation of left)."""

    paths: tuple[Path, ...]
    mirrored: tuple[bool, ...] | None = None

    def __call__(self, row: int, size: int) -> Image:
        from ltmlbench.feeds.pictures.decode import read_rgb

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
        notes.append(f"{number} pictures left out, {kind}: {', '.join(names[:3])}{more}")
    return notes


def unreadable(read: Callable[[int, int], Image], n: int, size: int = 100_000) -> list[str]:
    """What ``read`` says of the rows 0 to n - 1 that it cannot read.

    Args:
        size: as `Samples.read` takes it; the default leaves no reduced scale: every byte of a
            picture is decoded.
    """
    from concurrent.futures import ThreadPoolExecutor

    def problem(row: int) -> str:
        try:
            read(row, size)
        except DataError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor() as pool:
        return [text for text in pool.map(problem, range(n)) if text]
