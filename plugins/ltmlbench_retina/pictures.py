"""What the readers of photograph folders share."""

from __future__ import annotations

from pathlib import Path

from ltmlbench.plugin import Dataset

WHOLE = 100_000
"""A size at which no JPEG is read at reduced scale: every byte of a picture is decoded."""
THREADS = 4
BORDER = 10
"""Largest channel of the black around the photograph; JPEG black is not 0 (ours)."""


class Photographs(Dataset):
    """A data set of photographs that label files list."""

    def check(self, folder: Path | None) -> list[str]:
        """Problems of a folder; decodes every picture in full."""
        from ltmlbench.plugin import problems

        return problems(self.load(folder), WHOLE, threads=THREADS)
