"""Whose code made a stage: distributions, versions, and whether their source has changed since.

No part of an identity: only `Record.version` and `Stage.version` say that results would differ.
But whoever edits a plugin and sees the old numbers is told so.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ltmlbench.contracts import Component
from ltmlbench.manifest import regular_file
from ltmlbench.registry import registry
from ltmlbench.stages import Stage
from ltmlbench.task import Task

OURS = "ltmlbench"


def origin_of(stage: Stage, task: Task) -> list[dict[str, str]]:
    """Per class that the output comes from: ``name``, ``distribution``, ``version``, and for those
    of other distributions ``file`` and ``source``, the digest of the module.

    The classes are those of the stage, of the components among its fields, and of the backbone if
    the stage depends on it; its input stages have an origin of their own.
    """
    parts = [stage, *_components(stage)]
    if "backbone" in stage.depends:
        parts.append(task.backbone)
    said = {f"{type(p).__module__}:{type(p).__qualname__}": _origin(type(p)) for p in parts}
    return [{"name": name, **origin} for name, origin in said.items()]


def changed_files(manifest: Mapping[str, Any]) -> list[str]:
    """The files of other distributions that have changed since an artifact was made."""
    followed = [part for part in manifest.get("origin", ()) if part.get("source")]
    return list(dict.fromkeys(part["file"] for part in followed if _changed(part)))


def _changed(part: Mapping[str, str]) -> bool:
    _, now = _source(sys.modules.get(part["name"].partition(":")[0]))
    return now not in ("", part["source"])


def distribution_of(module: str) -> tuple[str, str]:
    """(name, version) of the plugin that brings a module; empty if none does."""
    package = module.partition(".")[0]
    if package == OURS:
        return OURS, registry_version(OURS)
    for plugin in registry().plugins.values():
        if plugin.module.partition(".")[0] == package:
            return plugin.distribution, plugin.version
    return "", ""


def registry_version(distribution: str) -> str:
    """The version of a distribution that brings plugins; empty if none does."""
    found = [p.version for p in registry().plugins.values() if p.distribution == distribution]
    return found[0] if found else ""


def _components(model: BaseModel) -> Iterator[Component]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, Component):
                yield item
                yield from _components(item)


def _origin(cls: type) -> dict[str, str]:
    distribution, version = distribution_of(cls.__module__)
    origin = {"distribution": distribution, "version": version}
    if distribution == OURS:
        return origin
    file, source = _source(sys.modules.get(cls.__module__))
    return {**origin, "file": file, "source": source}


def _source(module: Any) -> tuple[str, str]:
    """(package/file.py, sha256) of a module; empty if it has no readable source."""
    path = getattr(module, "__file__", None)
    try:
        return _read(path, *regular_file(path)) if path else ("", "")
    except (OSError, ValueError):
        return "", ""


@lru_cache
def _read(path: str, size: int, changed: int) -> tuple[str, str]:
    """Read once as long as size and time of the file stay: every stage of a grid asks."""
    content = Path(path).read_bytes()
    if not content:
        return "", ""
    return "/".join(Path(path).parts[-2:]), hashlib.sha256(content).hexdigest()
