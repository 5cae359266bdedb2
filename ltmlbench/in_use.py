"""Who uses a store just now, so that nobody removes what a running process needs.

    <root>/users/<pid>-xxxx.lock   held as long as the process lives, however it ends
    <root>/users/<pid>-xxxx.json   what it needs: a list of identities, or null: everything

Whoever removes from a store that others use holds `gate`; whoever begins to use it passes through,
so what was seen as stored is not removed a moment later.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ltmlbench.store import write_json


class Use:
    """What this process needs of a store. Everything, until it says `only`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._held: tuple[FileLock, Path] | None = None
        if (root / "artifacts").is_dir():  # of what is not there nothing can be removed
            self._note(None)

    def only(self, identities: Iterable[str]) -> None:
        """Says what it needs from now on."""
        self._note(sorted(identities))

    def _note(self, identities: list[str] | None) -> None:
        with contextlib.suppress(OSError):  # a store nobody can write, nobody can prune
            if self._held is None:
                with gate(self._root):
                    self._held = _mark(self._root / "users")
            write_json(self._held[1], identities)

    def end(self) -> None:
        if self._held is not None:
            lock, file = self._held
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
                Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()


def _mark(folder: Path) -> tuple[FileLock, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(".lock", f"{os.getpid()}-", folder)
    os.close(handle)
    lock = FileLock(name)
    lock.acquire(timeout=0)
    return lock, Path(name).with_suffix(".json")


@contextmanager
def in_use(root: Path) -> Iterator[Use]:
    """While it lasts, nothing is removed from the store that the process needs."""
    use = Use(root)
    try:
        yield use
    finally:
        use.end()


@contextmanager
def gate(root: Path) -> Iterator[None]:
    """Held while something is removed; nobody begins to use the store meanwhile."""
    (root / "users").mkdir(parents=True, exist_ok=True)
    with FileLock(root / "users" / "gate"):
        yield


@dataclass(frozen=True)
class User:
    """A process that uses a store. ``needs``: identities; None: everything."""

    process: int
    needs: frozenset[str] | None


def users(root: Path) -> list[User]:
    """The processes that use a store. What dead ones left is removed."""
    found = []
    for mark in sorted((root / "users").glob("*.lock")):
        file = mark.with_suffix(".json")
        try:
            with FileLock(mark, timeout=0):
                file.unlink(missing_ok=True)
                mark.unlink(missing_ok=True)
        except Timeout:
            found.append(User(int(mark.name.partition("-")[0]), _needs(file)))
    return found


def _needs(file: Path) -> frozenset[str] | None:
    try:
        said = json.loads(file.read_bytes())
    except (OSError, ValueError):  # it has only just begun
        return None
    return None if said is None else frozenset(said)
