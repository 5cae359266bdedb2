"""Digests of picture files and a quick look whether they are whole; remembered between runs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ltmlbench.data.files import is_about_the_file, refuse_unless_regular
from ltmlbench.errors import DataError
from ltmlbench.store import write_atomic

_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*", b"GIF8")
_WEBP = b"RIFF"
_TAIL = 1024
_BLOCK = 256
"""Most files per task: 200,000 tasks would take 300 MB."""


@dataclass(frozen=True)
class FileCheck:
    """sha256 of a file's bytes ("" if it cannot be opened), and what is wrong with it ("" if it
    looks like a whole picture)."""

    digest: str
    problem: str = ""


def file_checks(paths: Sequence[Path], cache_dir: Path) -> list[FileCheck]:
    """One check per path. A file whose size and time have not changed is not read again.

    Args:
        cache_dir: where the memory is kept (``digests.json``); a damaged memory is started anew.
    """
    memory_file = cache_dir / "digests.json"
    memory = _load(memory_file)
    keys = _keys(paths)
    known = {key: FileCheck(*memory[key]) for key in keys if key in memory}
    unknown = [i for i, key in enumerate(keys) if key not in known]
    size = max(1, min(_BLOCK, len(unknown) // 32))  # of few files every thread has a share
    blocks = [unknown[i : i + size] for i in range(0, len(unknown), size)]
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(lambda block: [check_file(paths[i]) for i in block], blocks)
        fresh = dict(zip(unknown, chain.from_iterable(made), strict=True))
    new = {keys[i]: [c.digest, c.problem] for i, c in fresh.items() if c.digest and keys[i]}
    if new:
        with contextlib.suppress(OSError):  # a cache that cannot be written costs only time
            write_atomic(memory_file, json.dumps({**memory, **new}))
    return [fresh[i] if i in fresh else known[key] for i, key in enumerate(keys)]


def _keys(paths: Sequence[Path]) -> list[str]:
    """What the memory knows each file by; empty if the file cannot be looked at."""
    folders: dict[str, str] = {}  # links in a folder's own path are followed once for all its files
    return [_key(os.fspath(path), folders) for path in paths]


def _key(path: str, folders: dict[str, str]) -> str:
    try:
        state = os.stat(path)
        if os.path.islink(path):
            real = os.path.realpath(path)
        else:
            folder, name = os.path.split(path)
            if folder not in folders:
                folders[folder] = os.path.realpath(folder)
            real = os.path.join(folders[folder], name)
        return f"{real}|{state.st_size}|{state.st_mtime_ns}"
    except OSError:
        return ""


def _load(path: Path) -> dict[str, list[str]]:
    try:
        memory: dict[str, list[str]] = json.loads(path.read_text())
        if all(len(value) == 2 for value in memory.values()):
            return memory
    except (OSError, ValueError, AttributeError, TypeError):
        pass
    return {}


def check_file(path: Path) -> FileCheck:
    """Reads one file: empty, no picture at all, or cut off before its end? A file that may not be
    opened has no digest, so it is not remembered.

    Raises:
        DataError: the system could not read it, for a cause that may pass.
    """
    try:
        refuse_unless_regular(path)
        with open(path, "rb") as file:
            head = file.read(16)
            file.seek(-min(_TAIL, os.fstat(file.fileno()).st_size), os.SEEK_END)
            tail = file.read()
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except DataError as error:
        return FileCheck("", str(error).removeprefix(f"{path}: "))
    except OSError as error:
        if is_about_the_file(error):
            return FileCheck("", f"cannot be opened ({error.strerror})")
        raise DataError(
            f"{path}: cannot be read now ({error.strerror}): run the same command again when it "
            "can be read, or remove it"
        ) from error
    return FileCheck(digest, _problem(head, tail))


def _problem(head: bytes, tail: bytes) -> str:
    if not head:
        return "empty file"
    if not head.startswith(_MAGIC) and head[:4] != _WEBP:
        return "not a picture"
    # padding may follow the end marker, so it is looked for near the end
    if head.startswith(b"\xff\xd8") and b"\xff\xd9" not in tail:
        return "truncated JPEG"
    if head.startswith(b"\x89PNG") and b"IEND" not in tail[-64:]:
        return "truncated PNG"
    return ""
