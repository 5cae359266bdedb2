"""Folders, and the pictures in them, however a copy of a data set spells their names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PureWindowsPath

from ltmlbench.data.files import walk
from ltmlbench.errors import DataError, RequestError

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"})


def squeezed(name: str) -> str:
    """A name without what differs between copies: case, blanks, punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def given_folder(folder: Path | None, dataset: str, holds: str) -> Path:
    """The folder of a data set, absolute.

    Args:
        dataset: what users call it.
        holds: what the folder has to hold, for whoever gave another one.

    Raises:
        RequestError: none was given.
        DataError: it is no folder.
    """
    if folder is None:
        raise RequestError(f"{dataset} needs its folder, with {holds}: --data-dir /path/to/folder")
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder: give the one that holds {holds}")
    return folder.absolute()  # "." has no name to compare


def subfolders(folder: Path, depth: int = 3) -> Iterator[Path]:
    """The folder and what is below it, nearest first."""
    level = [folder]
    for _ in range(depth + 1):
        yield from level
        level = [sub for parent in level for sub in _entries(parent, folders=True)]


def _entries(folder: Path, *, folders: bool) -> list[Path]:
    """Its folders or its files, sorted, without hidden ones."""
    try:
        names = [name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    # False for a link that loops; what is neither is refused when it is read
    return [path for name in sorted(names) if (path := folder / name).is_dir() == folders]


def folder_below(folder: Path, *names: str, depth: int = 3) -> Path | None:
    """The nearest folder with one of the (squeezed) names: the folder itself or one below it."""
    return next((sub for sub in subfolders(folder, depth) if squeezed(sub.name) in names), None)


def file_below(folder: Path, name: str, depth: int = 3) -> Path | None:
    """The nearest file of that (squeezed) name."""
    for sub in subfolders(folder, depth):
        for path in _entries(sub, folders=False):
            if squeezed(path.name) == name:
                return path
    return None


def pictures_in(folder: Path) -> dict[str, Path]:
    """Name without extension -> path of the pictures that lie directly in a folder, sorted."""
    paths = _entries(folder, folders=False)
    return {path.stem: path for path in paths if path.suffix.lower() in PICTURES}


class PictureFiles:
    """The pictures among some files, found by the names that lists give them.

    Lists write another folder than the copy at hand, or leave the suffix out; what counts is the
    name of the file. Of several with one name, the one is taken whose folders agree best with the
    list, then the one that lies highest.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._by_stem: dict[str, list[Path]] = {}
        for path in files:
            if path.suffix.lower() in PICTURES and not path.name.startswith("."):
                self._by_stem.setdefault(path.stem, []).append(path)
        self.repeated: set[str] = set()
        """Names that were asked for and that several files fit alike."""

    @classmethod
    def below(cls, folder: Path) -> PictureFiles:
        return cls(walk(folder))

    def find(self, listed: str) -> Path | None:
        """The file a list means; None if there is none of that name."""
        parts = PureWindowsPath(listed.strip()).parts  # either slash
        if not parts:
            return None
        name = PureWindowsPath(parts[-1])
        stem = name.stem if name.suffix.lower() in PICTURES else name.name
        ranked = sorted((*_distance(path, parts), path) for path in self._by_stem.get(stem, ()))
        if len(ranked) > 1 and ranked[0][:2] == ranked[1][:2]:
            self.repeated.add(stem)
        return ranked[0][-1] if ranked else None

    def repeats(self) -> list[str]:
        """A note if names that were asked for fit several files alike."""
        if not self.repeated:
            return []
        return [
            f"{len(self.repeated)} pictures are there more than once (such as "
            f"{min(self.repeated)}): the one that lies highest is used; "
            "move away what should not be used"
        ]


def _distance(path: Path, listed: Sequence[str]) -> tuple[bool, int, int]:
    same = 0
    for ours, theirs in zip(reversed(path.parts[:-1]), reversed(listed[:-1]), strict=False):
        if ours != theirs:
            break
        same += 1
    return path.name != listed[-1], -same, len(path.parts)
