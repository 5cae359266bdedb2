"""Picture files below a folder, and opening them without surprises."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ltmlbench.errors import DataError

_STAYS = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP})
"""Failures that say something of the file, not of the moment."""


def refuse_unless_regular(path: Path) -> None:
    """Refuses what must not be opened: opening a pipe waits for ever, and a device may act on it.

    Raises:
        DataError: a folder, pipe, socket or device.
        OSError: the path cannot be looked at.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        kinds = {
            stat.S_IFDIR: "a folder",
            stat.S_IFIFO: "a named pipe",
            stat.S_IFSOCK: "a socket",
            stat.S_IFCHR: "a device",
            stat.S_IFBLK: "a device",
        }
        raise DataError(f"{path}: {kinds.get(stat.S_IFMT(mode), 'something')}, not a file")


def may_pass(error: BaseException) -> bool:
    """Whether a failure may be gone on the next try: the system could not read or had no memory.

    A damaged file fails the same way every time; a network folder, a disk or a permission may be
    mended. The cause of a `DataError` counts, because readers wrap what they caught.
    """
    for one in (error, error.__cause__):
        if isinstance(one, MemoryError) or (isinstance(one, OSError) and one.errno is not None):
            return True
    return False


def is_about_the_file(error: OSError) -> bool:
    """Whether the system's answer describes the file (no permission, a dead or looping link)
    rather than a moment's trouble (an input/output error, a stale network handle)."""
    return error.errno in _STAYS


def walk(folder: Path) -> Iterator[Path]:
    """Everything below a folder that is no folder, in a fixed order, parents first.

    Links to folders are followed, because data on clusters is mostly linked; every folder is
    entered once, so loops end. Hidden folders and those that may not be read are passed over.
    """
    seen = set()
    for root, names, files in os.walk(folder, followlinks=True):
        state = os.stat(root)
        if (state.st_dev, state.st_ino) in seen:
            names.clear()
            continue
        seen.add((state.st_dev, state.st_ino))
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            yield Path(root, name)
