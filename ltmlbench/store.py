"""Artifacts on disk, each under the identity of the stage that made it.

    <root>/artifacts/ab/abcd.../   outputs, artifact.json (pre-image, digests of the files)
    <root>/work/abcd.../           an unfinished stage: its checkpoints survive a stop
    <root>/locks/abcd....lock      one builder at a time, across processes

An artifact appears whole (written in ``work``, synced, renamed) or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

MANIFEST = "artifact.json"
SCRATCH = "scratch"
"""A folder of this name inside the work folder (checkpoints) is not part of the artifact."""


_caching_in: ContextVar[Path | None] = ContextVar("caching_in", default=None)


@contextmanager
def caching_in(folder: Path) -> Iterator[None]:
    """While it lasts, `cache_folder` is ``folder`` for those who are not told (data sets)."""
    token = _caching_in.set(folder)
    try:
        yield
    finally:
        _caching_in.reset(token)


def cache_folder(chosen: Path | None = None) -> Path:
    """Where artifacts and pictures are kept: ``chosen`` (``--cache-dir``), else
    ``$LTMLBENCH_CACHE``, else the user's cache folder."""
    folder = chosen or _caching_in.get() or os.environ.get("LTMLBENCH_CACHE")
    return Path(folder).expanduser() if folder else user_cache_path("ltmlbench")


def write_atomic(path: Path, data: bytes | str) -> None:
    """Writes a file whole or not at all (temporary file, fsync, rename)."""
    raw = data.encode() if isinstance(data, str) else data
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(temporary, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def write_json(path: Path, value: Any) -> None:
    write_atomic(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def file_digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Artifact:
    """A finished stage: its folder and manifest."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        """How long the stage took; of one that was stopped and went on, the last attempt."""
        return float(self.manifest["seconds"])


class Store:
    """Artifacts under one root folder. Several processes may share it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._checked: set[str] = set()

    def folder(self, identity: str) -> Path:
        return self.root / "artifacts" / identity[:2] / identity

    def work(self, identity: str) -> Path:
        return self.root / "work" / identity

    def has(self, identity: str) -> bool:
        """Whether an artifact is stored; its content is checked when it is read."""
        return (self.folder(identity) / MANIFEST).is_file()

    def started(self, identity: str) -> bool:
        """Whether an unfinished stage left a checkpoint."""
        return any((self.work(identity) / SCRATCH).glob("*"))

    def get(self, identity: str) -> Artifact | None:
        """The artifact, its files checked against their digests; None if absent or damaged.

        A damaged artifact is removed, so that it is made again.
        """
        folder = self.folder(identity)
        try:
            manifest = json.loads((folder / MANIFEST).read_text())
            if identity not in self._checked:
                for name, wanted in manifest["files"].items():
                    if file_digest(folder / name) != wanted:
                        raise ValueError(f"{name} is damaged")
                self._checked.add(identity)
        except FileNotFoundError as error:
            if not folder.exists():
                return None
            self._remove(identity, f"{Path(error.filename).name} is missing")
            return None
        except (ValueError, KeyError) as error:
            self._remove(identity, str(error))
            return None
        return Artifact(folder, manifest)

    def _remove(self, identity: str, cause: str) -> None:
        print(f"ltmlbench: stored {identity[:12]}: {cause}; making it again", file=sys.stderr)
        self.discard(identity)

    def discard(self, identity: str) -> None:
        """Forgets an artifact and what is left of an unfinished one."""
        self._checked.discard(identity)
        shutil.rmtree(self.folder(identity), ignore_errors=True)
        shutil.rmtree(self.work(identity), ignore_errors=True)

    def build(
        self,
        identity: str,
        preimage: Any,
        produce: Callable[[Path], None],
        waiting: Callable[[], None] = lambda: None,
    ) -> tuple[Artifact, bool]:
        """The artifact, made by ``produce(folder)`` unless it is stored; and whether it was made.

        Another process that builds the same artifact is waited for (``waiting`` is called once).
        """
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(locks / f"{identity}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire()
        try:
            if stored := self.get(identity):
                return stored, False
            folder = self.work(identity)
            _keep_only_scratch(folder)
            start = time.monotonic()
            produce(folder)
            self._finish(identity, preimage, time.monotonic() - start)
            artifact = self.get(identity)
            assert artifact is not None, "an artifact that was just written is there"
            return artifact, True
        finally:
            lock.release()

    def _finish(self, identity: str, preimage: Any, seconds: float) -> None:
        folder, target = self.work(identity), self.folder(identity)
        shutil.rmtree(folder / SCRATCH)
        files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
        for path in files:
            with open(path, "rb") as file:
                os.fsync(file.fileno())
        write_json(
            folder / MANIFEST,
            {
                "identity": identity,
                "preimage": preimage,
                "files": {str(p.relative_to(folder)): file_digest(p) for p in files},
                "seconds": round(seconds, 3),
                "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            },
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(folder, target)
        _sync_folder(target.parent)
        self._checked.add(identity)

    def find(self, prefix: str) -> list[str]:
        """Identities of stored artifacts that start with ``prefix``."""
        folders = (self.root / "artifacts").glob(f"{prefix[:2]}*/{prefix}*")
        return sorted(p.name for p in folders if (p / MANIFEST).is_file())


def _keep_only_scratch(folder: Path) -> None:
    """Clears what a stopped attempt left half-written; its checkpoints stay."""
    (folder / SCRATCH).mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and path.name != SCRATCH:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()


def _sync_folder(folder: Path) -> None:
    """Makes a rename in ``folder`` survive a power cut (POSIX)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
