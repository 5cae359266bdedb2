"""Data sets of picture files: which are there and whole, and how they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltmlbench.arrays import Image
from ltmlbench.data.samples import Protocol, Samples
from ltmlbench.errors import DataError, printable
from ltmlbench.feeds.pictures.decode import read_rgb
from ltmlbench.feeds.pictures.digests import file_checks
from ltmlbench.labels import LabelMatrix
from ltmlbench.store import cache_folder

_SHOWN = 3


@dataclass(frozen=True)
class PictureReader:
    """Reads the picture of a row; some may be mirrored."""

    paths: tuple[Path, ...]
    mirrored: tuple[bool, ...] | None = None

    def __call__(self, row: int, size: int) -> Image:
        image = read_rgb(self.paths[row], size)
        if self.mirrored is not None and self.mirrored[row]:
            return np.ascontiguousarray(image[:, ::-1])
        return image


@dataclass(frozen=True)
class ListedPicture:
    """A picture as a label file lists it.

    Args:
        id: its name in the data set; with the part before it where names start again in each.
        path: its file; None if the folder has no file of that name.
        labels: the names of its labels.
        part: official part; empty without one.
        group: what must not straddle a split, such as a person; empty if that is not known.
    """

    id: str
    path: Path | None
    labels: tuple[str, ...]
    part: str = ""
    group: str = ""


def listed_samples(
    listed: Sequence[ListedPicture],
    labels: Sequence[str],
    protocol: Protocol,
    *,
    folder: Path,
    border: int | None = None,
    notes: Sequence[str] = (),
) -> Samples:
    """The samples that a folder holds of a list. What is missing, damaged or listed twice is left
    out, with a note each. Where groups are not known, pictures of one official part that are the
    same file are a group; the bench itself says which are in two parts.

    Args:
        labels: all labels, in their order.
        folder: begins the error lines.

    Raises:
        DataError: no picture is there, all are damaged, or one is listed twice with other labels.
    """
    told = list(notes)
    once = _once(listed, folder, told)
    there = [(picture, picture.path) for picture in once if picture.path is not None]
    if not there:
        raise DataError(
            f"{folder}: none of the {len(once)} pictures that its lists name is there (such as "
            f"{printable(once[0].id) if once else 'none'}): put the pictures below this folder"
        )
    if len(there) < len(once):
        missing = next(picture for picture in once if picture.path is None)
        told.append(
            f"{len(once) - len(there)} of {len(once)} pictures that the lists name are not in the "
            f"folder (such as {printable(missing.id)}): the {len(there)} that are there are used"
        )
    checks = file_checks([path for _, path in there], cache_folder())
    told += damage_notes([picture.id for picture, _ in there], [check.problem for check in checks])
    whole = [
        (picture, path, check.digest)
        for (picture, path), check in zip(there, checks, strict=True)
        if not check.problem
    ]
    if not whole:
        raise DataError(f"{folder}: all {len(there)} pictures are damaged: get them again")
    pictures = [picture for picture, _, _ in whole]
    parts = tuple(picture.part for picture in pictures)
    return Samples(
        ids=tuple(picture.id for picture in pictures),
        groups=tuple(p.group or f"{p.part}:{digest}" for p, _, digest in whole),
        labels=LabelMatrix.from_tags([picture.labels for picture in pictures], labels),
        read=PictureReader(tuple(path for _, path, _ in whole)),
        content=tuple(digest for _, _, digest in whole),
        protocol=protocol,
        border=border,
        official=parts if len(set(parts)) > 1 else None,
        notes=tuple(told),
    )


def _once(listed: Sequence[ListedPicture], folder: Path, notes: list[str]) -> list[ListedPicture]:
    """Every picture once."""
    first: dict[str, ListedPicture] = {}
    for picture in listed:
        known = first.setdefault(picture.id, picture)
        if set(known.labels) != set(picture.labels):
            raise DataError(
                f"{folder}: {printable(picture.id)} is listed twice with different labels: keep "
                "one of the two rows"
            )
    if len(first) < len(listed):
        counts = Counter(picture.id for picture in listed)
        twice = next(name for name, times in counts.items() if times > 1)
        notes.append(
            f"{len(listed) - len(first)} rows left out: they list a picture again (such as "
            f"{printable(twice)})"
        )
    return list(first.values())


def damage_notes(files: Sequence[str], problems: Sequence[str]) -> list[str]:
    """A line per kind of damage (``problems``: "" for whole files)."""
    notes = []
    for kind, number in Counter(problem for problem in problems if problem).items():
        names = [f for f, problem in zip(files, problems, strict=True) if problem == kind]
        more = ", ..." if number > _SHOWN else ""
        shown = ", ".join(map(printable, names[:_SHOWN]))
        notes.append(f"{number} pictures left out, {kind}: {shown}{more}")
    return notes
