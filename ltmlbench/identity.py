"""What a result is of: canonical JSON, its sha256, and the readable difference between two.

An identity holds everything that changes the numbers (options with their defaults written out,
component versions, fingerprints of data and splits, schedule, seed) and nothing that does not
(paths, times, source text).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from ltmlbench.contracts import Component
from ltmlbench.registry import registry


def canonical(value: Any) -> Any:
    """The JSON form of a value.

    Raises:
        NoIdentity: the value has no canonical form; the message names the fields that lead to it.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise NoIdentity(f"{value} cannot be part of an identity")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Component):
        return _component(value)
    if isinstance(value, BaseModel):
        cls = type(value)
        return {n: field_form(cls, n, getattr(value, n), canonical) for n in cls.model_fields}
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [canonical(item) for item in value]
    raise NoIdentity(f"{type(value).__name__} has no canonical form for an identity")


class NoIdentity(TypeError):
    """A value that no identity can be made from: a tensor, a set, NaN."""


def field_form(owner: type, name: str, value: Any, form: Callable[[Any], Any]) -> Any:
    """``form(value)`` of a field; an error names the class and the field.

    Raises:
        NoIdentity: see `canonical`.
    """
    try:
        return form(value)
    except NoIdentity as error:
        raise NoIdentity(f"{owner.__name__}.{name}: {error}") from None


def _component(component: Component) -> dict[str, Any]:
    entry = registry().entry_of(component)
    cls = type(component)
    return {
        "component": entry.qualified if entry else f"{cls.__module__}:{cls.__qualname__}",
        "version": entry.record.version if entry else 0,
        "options": {
            name: field_form(cls, name, getattr(component, name), canonical)
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
