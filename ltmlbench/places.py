"""Files and folders that a user names: read as typed, and looked at before any work starts."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from ltmlbench.errors import RequestError


def plain_path(text: str | Path) -> Path:
    """A path as the user means it; ``~`` is the home folder.

    Raises:
        RequestError: no file can have that name, or its name is not UTF-8.
    """
    shown = os.fspath(text)
    if not shown:
        raise RequestError("the name is empty: leave it out, or name a file or folder")
    try:
        shown.encode()
        if "\0" in shown:
            raise ValueError("it holds a NUL")
        path = Path(shown).expanduser()
        os.path.lexists(path)
    except UnicodeEncodeError:
        name = shown.encode(errors="surrogateescape").decode(errors="replace")
        raise RequestError(f"{name}: the name is not UTF-8; rename it") from None
    except (ValueError, RuntimeError) as error:  # RuntimeError: ~somebody has no home
        raise RequestError(f"{shown.replace(chr(0), '?')}: {error}") from None
    return path


def check_folder(path: Path, what: str) -> None:
    """Whether a folder is there or can be made; makes nothing.

    Args:
        what: the option that names it, for the error.

    Raises:
        RequestError: something else is in its place or above it, or it cannot be made there.
    """
    above = path
    while not os.path.lexists(above):
        above = above.parent
    problem = ""
    if not above.is_dir():
        problem = f"{above} is a file" if above.is_file() else f"{above} is no folder"
    elif above != path and not _writable(above):
        problem = f"nothing can be written in {above}"
    elif any(len(os.fsencode(part)) > 255 for part in path.parts):
        problem = "a name in it is too long"
    if problem:
        raise RequestError(f"{what} {path} cannot be used: {problem}")


def _writable(folder: Path) -> bool:
    """Tried by a file that leaves nothing: of /proc, or a disk that is read-only to root as well,
    no permission tells."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def check_places(out: Path, cache: Path) -> None:
    """Whether a benchmark can write its output folder and its cache, and the two do not mix.

    Raises:
        RequestError: see `check_folder`; or ``out`` lies inside of the cache.
    """
    check_folder(out, "the output folder")
    check_folder(cache, "the cache")
    if out.resolve().is_relative_to(cache.resolve()):
        raise RequestError(f"the output folder {out} lies in the cache {cache}: choose another")


def path_argument(text: str) -> Path:
    """The type of arguments that name a file or folder."""
    try:
        return plain_path(text)
    except RequestError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
