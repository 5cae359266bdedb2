"""The data set `birdsong`."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ltmlbench.plugin import DataError, Dataset, Floats, Image, LabelMatrix, Protocol, Samples
from ltmlbench_birdsong.sound import PITCHES, made_up, read_wav, spectrogram

COLUMNS = {"file", "recordist", "species"}


class Birdsong(Dataset):
    """Recordings with the species heard in each; a folder of WAV files and ``annotations.csv``.

    Without a folder: 240 made-up songs of six species, from common to rare.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 64, "folds": 3}

    def load(self, folder: Path | None) -> Samples:
        """All recordings.

        Raises:
            DataError: the folder is not of this form; the line says what is missing.
        """
        return _made_up() if folder is None else _recorded(folder)


def _recorded(folder: Path) -> Samples:
    table = folder / "annotations.csv"
    try:
        with open(table, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError) as error:
        raise DataError(f"{table} cannot be read: {error}") from error
    if not rows or not set(rows[0]) >= COLUMNS:
        raise DataError(f"{table} needs the columns {', '.join(sorted(COLUMNS))} and a row")
    files = [folder / row["file"] for row in rows]
    if missing := [path.name for path in files if not path.is_file()]:
        raise DataError(f"{folder}: {len(missing)} recordings are missing, such as {missing[0]}")
    heard = [[name.strip() for name in row["species"].split(";")] for row in rows]
    species = sorted({name for names in heard for name in names if name})
    if not species:
        raise DataError(f"{table}: no species is named in any row")
    return Samples(
        ids=[row["file"] for row in rows],
        groups=[row["recordist"] for row in rows],
        labels=LabelMatrix([[int(s in names) for s in species] for names in heard], species),
        content=[hashlib.sha256(path.read_bytes()).hexdigest() for path in files],
        read=Spectrograms(Recordings(tuple(files))),
        protocol=Protocol(unit="recording", group_unit="recordist"),
    )


def _made_up() -> Samples:
    shares = (0.5, 0.35, 0.2, 0.12, 0.08, 0.06)
    Y = (np.random.default_rng(0).random((240, len(shares))) < shares).astype(np.uint8)
    labels = LabelMatrix(Y, list(PITCHES))
    return Samples(
        ids=[f"song {i}" for i in range(len(Y))],
        groups=[f"recordist {i // 4}" for i in range(len(Y))],
        labels=labels,
        content=[f"{i}:{row.tolist()}" for i, row in enumerate(Y)],
        read=Spectrograms(Songs(labels)),
        protocol=Protocol(unit="recording", group_unit="recordist", simulated=True, tail=30),
    )


# Classes of a module rather than functions within `load`: worker processes are sent them.


@dataclass(frozen=True)
class Recordings:
    files: tuple[Path, ...]

    def __call__(self, row: int) -> Floats:
        return read_wav(self.files[row])


@dataclass(frozen=True)
class Songs:
    labels: LabelMatrix

    def __call__(self, row: int) -> Floats:
        return made_up(self.labels.dense[row], seed=row)


@dataclass(frozen=True)
class Spectrograms:
    """Reads a recording as a picture: time to the right, pitch upwards, bright where it is loud."""

    sound: Callable[[int], Floats]

    def __call__(self, row: int, size: int) -> Image:
        """H×W×3 uint8, both sides at least ``size`` pixels."""
        return spectrogram(self.sound(row), size)
