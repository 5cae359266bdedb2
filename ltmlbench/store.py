"""Artifacts on disk, each under the identity of the stage that made it.

    <root>/artifacts/ab/abcd.../   outputs, artifact.json (pre-image, digests of the files)
    <root>/work/abcd.../           an unfinished stage: its checkpoints survive a stop
    <root>/trash/abcd.../          on its way out: renamed first, so that nobody sees half of it
    <root>/locks/abcd....lock      one builder at a time, across processes

An artifact appears whole (written in ``work``, synced, renamed) or not at all. Whoever holds the
lock alone writes or removes; everybody may read at any time.
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

from ltmlbench.errors import RequestError
from ltmlbench.manifest import MANIFEST, check_manifest, regular_file, seal

SCRATCH = "scratch"
"""A folder of this name inside the work folder (checkpoints) is not part of the artifact."""
SMALL = 256 * 1024
"""Files of at most so many bytes are read whole whenever an artifact is looked at."""


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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place at the end; none is left on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:  # also done with two links to one file, which `replace` leaves as they are
        temporary.unlink(missing_ok=True)


def write_atomic(path: Path, data: bytes | str) -> None:
    """Writes a file whole or not at all (temporary file, fsync, rename)."""
    raw = data.encode() if isinstance(data, str) else data
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def write_json(path: Path, value: Any) -> None:
    write_atomic(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def remove(path: Path) -> None:
    """Removes what is there: a file, a link, a folder with all it holds, or nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


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


@dataclass(frozen=True)
class Damaged:
    """Something lies where an artifact should be. ``error``: the system would not read it, which
    may pass; such a thing is never removed."""

    cause: str
    error: OSError | None = None


class Store:
    """Artifacts under one root folder. Several processes may share it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._read_whole: dict[str, tuple[int, int]] = {}
        self._known: dict[str, tuple[tuple[int, int], Artifact]] = {}

    def folder(self, identity: str) -> Path:
        return Path(self._path(identity))

    def _path(self, identity: str) -> str:
        return f"{self.root}/artifacts/{identity[:2]}/{identity}"  # of text: asked for very often

    def work(self, identity: str) -> Path:
        return self.root / "work" / identity

    def has(self, identity: str) -> bool:
        """Whether an artifact is stored and, as far as `get` sees, sound."""
        return self.get(identity) is not None

    def get(self, identity: str, *, whole: bool = False) -> Artifact | None:
        """The artifact; None if it is absent or damaged. Changes nothing. See `look`."""
        found = self.look(identity, whole=whole)
        return found if isinstance(found, Artifact) else None

    def look(self, identity: str, *, whole: bool = False) -> Artifact | Damaged | None:
        """The artifact, what is wrong with it, or None if there is none. Changes nothing.

        Small files are read and compared with their digests. So is a large one whose size or time
        is no longer that of the moment when its digest was taken, and with ``whole`` every one:
        what a stage is about to compute from. A change that keeps size and time (a dying disk) is
        thus found before a number comes of it, and a finished grid is not read whole by every
        command. Each file is read once per process.
        """
        path = self._path(identity)
        while True:
            before = _inode(path)
            if before is None:
                return None
            try:
                return self._read(identity, path, whole)
            except OSError as error:
                missing = isinstance(error, FileNotFoundError | NotADirectoryError)
                name = Path(error.filename or identity).name
                found = Damaged(
                    f"{name} is missing" if missing else f"{name}: {error.strerror}",
                    None if missing else error,
                )
            except ValueError as error:
                found = Damaged(str(error))
            if _inode(path) == before:  # else another process has put it right
                return found

    def _read(self, identity: str, path: str, whole: bool) -> Artifact:
        artifact = self._artifact(identity, path)
        states = artifact.manifest.get("states", {})
        for name, digest in artifact.manifest["files"].items():
            self._check(f"{path}/{name}", name, digest, states.get(name), whole)
        return artifact

    def _artifact(self, identity: str, path: str) -> Artifact:
        file = f"{path}/{MANIFEST}"
        now = regular_file(file)
        known = self._known.get(identity)
        if known and known[0] == now:
            return known[1]
        try:
            manifest = json.loads(Path(file).read_bytes())
        except ValueError as error:
            raise ValueError(f"{MANIFEST} is damaged") from error
        check_manifest(manifest, identity)
        artifact = Artifact(Path(path), manifest)
        self._known[identity] = now, artifact
        return artifact

    def _check(self, path: str, name: str, digest: str, then: Any, whole: bool) -> None:
        now = regular_file(path)
        if self._read_whole.get(path) == now:
            return
        if not whole and now[0] > SMALL and list(now) == then:
            return
        if file_digest(Path(path)) != digest:
            raise ValueError(f"{name} is damaged")
        self._read_whole[path] = now

    def busy(self, identity: str) -> bool:
        """Whether another process is making the artifact just now."""
        try:
            with self._locked(identity, wait=False):
                return False
        except Timeout:
            return True

    def discard(self, identity: str) -> None:
        """Forgets an artifact and what is left of an unfinished one.

        Raises:
            RequestError: another process is making it just now.
        """
        try:
            with self._locked(identity, wait=False):
                self._put_away(identity, self.folder(identity))
                self._put_away(identity, self.work(identity))
        except Timeout:
            raise RequestError(
                f"another process is making {identity[:12]} just now: wait for it, or stop it"
            ) from None

    def build(
        self,
        identity: str,
        preimage: Any,
        produce: Callable[[Path], None],
        *,
        again: bool = False,
        whole: bool = False,
        about: Callable[[], Mapping[str, Any]] = dict,
        waiting: Callable[[], None] = lambda: None,
    ) -> tuple[Artifact, bool]:
        """The artifact, made by ``produce(folder)`` unless it is stored; and whether it was made.

        A damaged one is reported and made again; it lies there until the new one takes its place.

        Args:
            again: make it although it is stored.
            whole: see `look`.
            about: what else the manifest is to say of how it was made; asked once it is made.
            waiting: called once if another process that makes the same artifact is waited for.

        Raises:
            OSError: the store cannot be read or written. What ``produce`` raises is passed on.
        """
        with self._locked(identity, waiting=waiting):
            found = self.look(identity, whole=whole)
            if isinstance(found, Artifact) and not again:
                return found, False
            if isinstance(found, Damaged):
                if found.error:
                    raise found.error
                print(
                    f"ltmlbench: stored {identity[:12]}: {found.cause}; making it again",
                    file=sys.stderr,
                )
            folder = self.work(identity)
            _keep_only_scratch(folder)
            start = time.monotonic()
            produce(folder)
            seconds = round(time.monotonic() - start, 3)
            said = {"identity": identity, "preimage": preimage, **about(), "seconds": seconds}
            return self._finish(identity, said), True

    @contextmanager
    def _locked(
        self, identity: str, *, wait: bool = True, waiting: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        # as open as its folder, so that users who may share a store can share its locks
        lock = FileLock(locks / f"{identity}.lock", mode=_mode_for_files(locks))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                raise
            waiting()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _put_away(self, identity: str, path: Path) -> None:
        """Removes under the lock. Renamed first: a kill in between leaves nothing half there."""
        aside = self.root / "trash" / identity
        remove(aside)
        if not os.path.lexists(path):
            return
        aside.parent.mkdir(parents=True, exist_ok=True)
        os.rename(path, aside)
        remove(aside)

    def _finish(self, identity: str, said: Mapping[str, Any]) -> Artifact:
        folder, target = self.work(identity), self.folder(identity)
        scratch = folder / SCRATCH
        inside = sorted(p for p in folder.rglob("*") if scratch not in (p, *p.parents))
        files = [path for path in inside if path.is_file() and path.name != MANIFEST]
        states = {}
        for path in files:
            path.chmod(_mode_for_files(folder))  # some writers make files for their owner alone
            with open(path, "rb") as file:
                os.fsync(file.fileno())
            states[str(path.relative_to(folder))] = regular_file(path)
        manifest = {
            **said,
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "files": {name: file_digest(folder / name) for name in states},
            "states": {name: list(state) for name, state in states.items()},
        }
        manifest["seal"] = seal(manifest)
        write_json(folder / MANIFEST, manifest)
        remove(scratch)
        self._put_away(identity, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(folder, target)
        _sync_folder(target.parent)
        self._read_whole |= {f"{target}/{name}": state for name, state in states.items()}
        return Artifact(target, manifest)


def _inode(path: str) -> tuple[int, int] | None:
    """Which file or folder lies at ``path``; None if there is none."""
    try:
        state = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return state.st_dev, state.st_ino


def _mode_for_files(folder: Path) -> int:
    """Who may read and write in a folder may do so with its files."""
    return folder.stat().st_mode & 0o666


def _keep_only_scratch(folder: Path) -> None:
    """Clears what a stopped attempt left half-written; its checkpoints stay."""
    if not folder.is_dir():
        remove(folder)
    scratch = folder / SCRATCH
    if not scratch.is_dir():
        remove(scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path != scratch:
            remove(path)


def _sync_folder(folder: Path) -> None:
    """Makes a rename in ``folder`` survive a power cut (POSIX)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
