"""``artifact.json``: what lies in an artifact, and how to tell that it still does."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MANIFEST = "artifact.json"


def check_manifest(manifest: Any, identity: str) -> None:
    """Raises ValueError unless it is what a store wrote (an older one has no seal)."""
    sound = (
        isinstance(manifest, dict)
        and manifest.get("identity") == identity
        and "preimage" in manifest
        and isinstance(manifest.get("seconds"), int | float)
        and isinstance(manifest.get("files"), dict)
        and all(isinstance(digest, str) for digest in manifest["files"].values())
        and not any(Path(n).is_absolute() or ".." in Path(n).parts for n in manifest["files"])
        and isinstance(manifest.get("states", {}), dict)
        and manifest.get("seal") in (None, seal(manifest))
    )
    if not sound:
        raise ValueError(f"{MANIFEST} is damaged")


def seal(manifest: Mapping[str, Any]) -> str:
    """A digest of the manifest itself: times and versions are read from it and shown."""
    content = {key: value for key, value in manifest.items() if key != "seal"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def regular_file(path: str | Path) -> tuple[int, int]:
    """(size, time of the last change in ns) of a regular file; opening a pipe would wait for ever.

    Raises:
        ValueError: it is something else. OSError: it is not there.
    """
    state = os.stat(path)
    if not stat.S_ISREG(state.st_mode):
        raise ValueError(f"{Path(path).name} is no file")
    return state.st_size, state.st_mtime_ns
