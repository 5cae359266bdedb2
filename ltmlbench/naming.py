"""What rows of a table are called where their short names coincide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ltmlbench.identity import digest

_DIGEST = re.compile(r"[0-9a-f]{16,}\Z")


def distinct(names: Sequence[str], options: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names, with what differs behind those that are given to different things.

    Things of the same options are the same thing and share a name. One differing option is shown
    if it tells all apart (``net[weights=w1.pth]``), else all of them, else a short digest.

    Args:
        names: one per thing.
        options: one per thing: JSON, the options in the order in which they matter.
    """
    made = list(names)
    for name in dict.fromkeys(names):
        same = [i for i, other in enumerate(names) if other == name]
        for i, mark in zip(same, _marks([options[i] for i in same]), strict=True):
            made[i] = name + mark
    forms = [digest(form) for form in options]
    owners: dict[str, set[str]] = {}
    for name, form in zip(made, forms, strict=True):
        owners.setdefault(name, set()).add(form)
    return [
        f"{name}#{form[:6]}" if len(owners[name]) > 1 else name
        for name, form in zip(made, forms, strict=True)
    ]


def _marks(options: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is written behind a name that several things share; nothing if they are the same."""
    wanted = len({digest(form) for form in options})
    if wanted == 1:
        return [""] * len(options)
    keys = dict.fromkeys(key for form in options for key in form)
    differing = [k for k in keys if len({digest(form.get(k)) for form in options}) > 1]
    for chosen in [*([key] for key in differing), differing]:
        shown = [_mark(form, chosen) for form in options]
        if len(set(shown)) == wanted:
            return shown
    return [""] * len(options)  # the digest tells them apart


def _mark(form: Mapping[str, Any], keys: Sequence[str]) -> str:
    inner = ",".join(f"{key}={_short(form[key])}" for key in keys if key in form)
    return f"[{inner}]" if inner else ""


def _short(value: Any) -> str:
    """A path without its folders, a digest without its tail."""
    text = str(value)
    if _DIGEST.match(text):
        return text[:8]
    return text.rpartition("/")[2] or text
