"""Reads ``name[option=value,...]``, the way components are named everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ltmlbench.errors import RequestError

_NAME = re.compile(r"[A-Za-z0-9][\w.+\-]*(:[A-Za-z0-9][\w.+\-]*)?\Z")


@dataclass(frozen=True, slots=True)
class Spec:
    """A component as the user typed it: ``distribution:name[option=value,...]``."""

    name: str
    options: tuple[tuple[str, str], ...] = ()
    distribution: str = ""

    def __str__(self) -> str:
        name = f"{self.distribution}:{self.name}" if self.distribution else self.name
        inner = ",".join(f"{key}={value}" for key, value in self.options)
        return f"{name}[{inner}]" if inner else name


def split_outside_brackets(text: str, separator: str = ",") -> list[str]:
    """Splits at separators that stand in no brackets: ``a[x=1,y=2],b`` -> ``a[x=1,y=2]``, ``b``.

    Raises:
        RequestError: the brackets do not match, or a part of several is empty.
    """
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if depth < 0:
            break
        if character == separator and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    if depth != 0:
        raise RequestError(f"brackets do not match in {text!r}: write name[option=value,...]")
    found = [part.strip() for part in [*parts, text[start:]]]
    if text.strip() and "" in found:
        raise RequestError(f"a name is missing beside a {separator!r} in {text!r}")
    return [part for part in found if part]


def parse_spec(text: str) -> Spec:
    """Reads one specification.

    Raises:
        RequestError: the text is not of the form ``name[option=value,...]``.
    """
    text = text.strip()
    name, bracket, rest = text.partition("[")
    if not _NAME.match(name) or (bracket and not rest.endswith("]")):
        raise RequestError(f"cannot read {text!r}: write name or name[option=value,...]")
    options: dict[str, str] = {}
    for part in split_outside_brackets(rest[:-1]) if bracket else []:
        key, equals, value = part.partition("=")
        key = key.strip()
        if not equals or not key.isidentifier():
            raise RequestError(f"cannot read {part!r} in {text!r}: write option=value")
        if not value.strip():
            raise RequestError(f"option {key!r} has no value in {text!r}: leave it out or give one")
        if key in options:
            raise RequestError(f"option {key!r} stands twice in {text!r}: give it once")
        options[key] = value.strip()
    distribution, colon, bare = name.partition(":")
    if not colon:
        distribution, bare = "", name
    return Spec(bare, tuple(options.items()), distribution)
