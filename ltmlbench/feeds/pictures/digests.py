"""Digests of picture files and a quick look whether they are whole; remembered between runs."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ltmlbench.store import write_atomic

_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*", b"GIF8")
_WEBP = b"RIFF"


@dataclass(frozen=True)
class FileCheck:
    """sha256 of a file's bytes, and what is wrong with it ("" if it looks like a whole picture)."""

    digest: str
    problem: str = ""


def file_checks(paths: Sequence[Path], cache_dir: Path) -> list[FileCheck]:
    """One check per path. A file whose size and time have not changed is not read again.

    Args:
        cache_dir: where the memory is kept (``digests.json``); a damaged memory is started anew.
    """
    memory_file = cache_dir / "digests.json"
    memory = _load(memory_file)
    keys = [_key(path) for path in paths]
    unknown = [i for i, key in enumerate(keys) if key not in memory]
    with ThreadPoolExecutor(8) as pool:
        fresh = pool.map(check_file, [paths[i] for i in unknown])
        for i, check in zip(unknown, fresh, strict=True):
            memory[keys[i]] = [check.digest, check.problem]
    if unknown:
        with contextlib.suppress(OSError):  # a cache that cannot be written costs only time
            write_atomic(memory_file, json.dumps(memory))
    return [FileCheck(*memory[key]) for key in keys]


def _key(path: Path) -> str:
    state = path.stat()
    return f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"


def _load(path: Path) -> dict[str, list[str]]:
    try:
        memory: dict[str, list[str]] = json.loads(path.read_text())
        if all(len(value) == 2 for value in memory.values()):
            return memory
    except (OSError, ValueError, AttributeError, TypeError):
        pass
    return {}


def check_file(path: Path) -> FileCheck:
    """Reads one file: empty, no picture at all, or cut off before its end?"""
    data = path.read_bytes()
    return FileCheck(hashlib.sha256(data).hexdigest(), _problem(data))


def _problem(data: bytes) -> str:
    if not data:
        return "empty file"
    if not data.startswith(_MAGIC) and data[:4] != _WEBP:
        return "not a picture"
    # padding may follow the end marker, so it is looked for near the end
    if data.startswith(b"\xff\xd8") and b"\xff\xd9" not in data[-1024:]:
        return "truncated JPEG"
    if data.startswith(b"\x89PNG") and b"IEND" not in data[-64:]:
        return "truncated PNG"
    return ""
