"""What a result is of: canonical JSON, its sha256, and the readable difference between two.

An identity holds everything that changes the numbers (options with their defaults written out,
component versions, fingerprints of data and splits, schedule, seed) and nothing that does not
(paths, times, source text).
"""

from __future__ import annotations

import hashlib
import inspect
import json
import math
from collections.abc import Mapping, Sequence, Set
from functools import cache
from pathlib import PurePath
from typing import Any

import numpy as np
from pydantic import BaseModel

from ltmlbench.contracts import Component
from ltmlbench.errors import RequestError
from ltmlbench.registry import registry


class NotCanonical(RequestError, TypeError):
    """A value cannot be part of an identity; the text says whose value of which field it is."""


def canonical(value: Any, owner: BaseModel | None = None, field: str = "") -> Any:
    """The JSON form of a value. Sets are sorted; numbers of NumPy become those of Python.

    Args:
        owner, field: whose value it is, for the error.

    Raises:
        NotCanonical: the value has no canonical form (one line).
    """
    if isinstance(value, np.bool_ | np.integer | np.floating):
        value = value.item()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _refused(f"{value}", "use a finite number", owner, field)
        return value
    if isinstance(value, Component):
        return _component(value)
    if isinstance(value, BaseModel):
        return {n: canonical(getattr(value, n), value, n) for n in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): canonical(item, owner, field) for key, item in value.items()}
    if isinstance(value, Set):
        forms = [canonical(item, owner, field) for item in value]
        return sorted(forms, key=lambda form: json.dumps(form, sort_keys=True))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [canonical(item, owner, field) for item in value]
    raise _refused(type(value).__name__, _instead(value), owner, field)


def edition(component: Component) -> str:
    """Who reads data, and in which version, beside a digest of what is read; empty for the bench's
    own data sets and feeds in version 1."""
    entry = registry().entry_of(component)
    if entry and entry.own and entry.record.version == 1:
        return ""
    form = _component(component)
    return f"{form['component']} v{form['version']}{form.get('source', '')}"


def _refused(what: str, instead: str, owner: BaseModel | None, field: str) -> NotCanonical:
    cls = type(owner)
    who = f"{cls.__module__}:{cls.__qualname__}, field {field}: " if owner else ""
    if isinstance(owner, Component) and (entry := registry().entry_of(owner)):
        who = f"{entry.kind} {entry.record.name!r} of {entry.distribution!r}, field {field}: "
    return NotCanonical(f"{who}{what} cannot be part of an identity: {instead}")


def _instead(value: Any) -> str:
    if isinstance(value, PurePath):
        return (
            "read the file when the option is checked, or exclude the field (Field(exclude=True))"
        )
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return "use a tuple of numbers"
    return "use numbers, texts, tuples, or a component"


def _component(component: Component) -> dict[str, Any]:
    entry = registry().entry_of(component)
    cls = type(component)
    form = {
        "component": entry.qualified if entry else f"{cls.__module__}:{cls.__qualname__}",
        "version": entry.record.version if entry else 0,
        "options": {
            name: canonical(getattr(component, name), component, name)
            for name, field in cls.model_fields.items()
            if not field.exclude  # what changes no number, such as a path
        },
    }
    return form if entry else form | {"source": _source_digest(cls)}


@cache
def _source_digest(cls: type) -> str:
    """Stands for a version where nobody can raise one: in a class that no plugin registered.

    Of two classes behind one name (two scripts, one edited module) only the text tells which it
    is. A class made inside a function may depend on more than its text, so it is refused.
    """
    name = f"{cls.__module__}:{cls.__qualname__}"
    hint = "register it in a plugin, or define it at the top level of a module"
    if "<locals>" in cls.__qualname__:
        raise NotCanonical(f"{name} is made inside a function, its name does not say what: {hint}")
    known = {"builtins", "abc", "typing", "pydantic", "ltmlbench"}
    strangers = [c for c in cls.__mro__ if c.__module__.partition(".")[0] not in known]
    try:
        texts = [inspect.getsource(part) for part in strangers]
    except (OSError, TypeError):
        raise NotCanonical(f"{name} has no source to tell it by: {hint}") from None
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


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
