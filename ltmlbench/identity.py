"""What a result is of: canonical JSON, its sha256, and the readable difference between two.

An identity holds everything that changes the numbers (options with their defaults written out,
component versions, fingerprints of data and splits, schedule, seed) and nothing that does not
(paths, times, source text).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from ltmlbench.contracts import Component
from ltmlbench.registry import registry


def canonical(value: Any) -> Any:
    """The JSON form of a value.

    Raises:
        TypeError: the value has no canonical form.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Component):
        return _component(value)
    if isinstance(value, BaseModel):
        return {name: canonical(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [canonical(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form for an identity")


def _component(component: Component) -> dict[str, Any]:
    entry = registry().entry_of(component)
    cls = type(component)
    return {
        "component": entry.qualified if entry else f"{cls.__module__}:{cls.__qualname__}",
        "version": entry.record.version if entry else 0,
        "options": {
            name: canonical(getattr(component, name))
            for name, field in cls.model_fields.items()
            if not field.exclude  # what changes no number, such as a path
        },
    }


def digest(preimage: Any) -> str:
    """sha256 (hex) of the canonical JSON of ``preimage``.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    text = json.dumps(
        preimage, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def difference(a: Any, b: Any, path: str = "") -> list[str]:
    """Lines ``where: value in a -> value in b``, empty if the two are equal."""
    if isinstance(a, dict) and isinstance(b, dict):
        lines = []
        for key in sorted({*a, *b}):
            here = f"{path}.{key}" if path else key
            if key not in a:
                lines.append(f"{here}: (absent) -> {_short(b[key])}")
            elif key not in b:
                lines.append(f"{here}: {_short(a[key])} -> (absent)")
            else:
                lines += difference(a[key], b[key], here)
        return lines
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [
            line
            for i, (x, y) in enumerate(zip(a, b, strict=True))
            for line in difference(x, y, f"{path}[{i}]")
        ]
    return [] if a == b and type(a) is type(b) else [f"{path}: {_short(a)} -> {_short(b)}"]


def _short(value: Any, limit: int = 80) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= limit else text[: limit - 1] + "…"
