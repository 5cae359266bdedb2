"""How the text of a cell becomes tags: lists as Python, JSON or NumPy write them, ``<a><b>``, or
tags with a separator between."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ltmlbench.errors import DataError
from ltmlbench.tables.words import listed, number, short

Tags = list[list[str]]

SEPARATORS = ("|", ";", ",", "\t", "\n", "，", "；", "、")
_BRACKETS = {"[": "]", "(": ")", "{": "}"}
_ANGLED = re.compile(r"(<[^<>]+>\s*)+")
_BARE = re.compile(r"\[[^\[\]{}()]*\]")


class Parsed(list[Any]):
    """Cells that were written as lists or dicts."""


def is_list(cell: Any) -> bool:
    return isinstance(cell, list | tuple | set | frozenset | np.ndarray)


def tags_of_texts(
    texts: Sequence[str], separator: str | None, name: str, notes: list[str]
) -> Tags | Parsed:
    """Tags per text, or what the texts mean as Python or JSON; an empty text has none.

    Args:
        separator: between tags; None finds it, ``"none"`` splits nothing.

    Raises:
        DataError: an empty tag, or nobody can tell how to split a text.
    """
    held = [text for text in texts if text]
    form = "" if separator == "none" else _form(texts, separator is None)
    if form == "brackets":
        try:
            parsed = Parsed(_literal(text, i) if text else [] for i, text in enumerate(texts))
        except DataError:
            if separator is None:  # else these may be brackets around tags
                raise
        else:
            notes.append(f"the cells of {name!r} are read as Python or JSON: {short(held[0])}")
            return parsed
    if form == "angles":
        notes.append(f"the cells of {name!r} are read as <tag><tag>")
        return [re.findall(r"<([^<>]+)>", text) for text in texts]
    if separator is None:
        separator = _separator(held, name, notes)
    if separator == "none":
        return [[text] if text else [] for text in texts]
    return _split(texts, separator, name, notes)


def _form(texts: Sequence[str], strict: bool) -> str:
    """The form that all texts have: in brackets, in angles, or none.

    Raises:
        DataError: most have one and some do not; ``strict`` only.
    """
    forms = {
        i: "brackets"
        if _BRACKETS.get(text[0]) == text[-1]
        else "angles"
        if _ANGLED.fullmatch(text)
        else ""
        for i, text in enumerate(texts)
        if text
    }
    form, times = Counter(forms.values()).most_common(1)[0] if forms else ("", 0)
    if times == len(forms) or not form:
        return form
    if strict and 2 * times > len(forms):
        row = next(i for i, other in forms.items() if other != form)
        raise DataError(
            f"row {row}: {short(texts[row])} stands in no {form}, as most cells do: mend it, or "
            "say --separator"
        )
    return ""


def _separator(held: Sequence[str], name: str, notes: list[str]) -> str:
    outside = [re.sub(r'"[^"]*"', "", text) for text in held]
    found = [mark for mark in SEPARATORS if any(mark in text for text in outside)]
    if len(found) > 1:
        raise DataError(
            f"column {name!r} holds {' and '.join(map(repr, found))}: "
            "say which one separates tags with --separator"
        )
    if found:
        notes.append(f"{found[0]!r} separates the tags of {name!r} (--separator says otherwise)")
        return found[0]
    return _blank(outside, name, notes)


def _blank(held: Sequence[str], name: str, notes: list[str]) -> str:
    """Whether blanks separate: numbers and hash tags, yes; words that meet anew, who knows."""
    several = {text for text in held if " " in text}
    words = [word for text in several for word in text.split()]
    if words and all(word.isdigit() or word[0] == "#" for word in words):
        notes.append(f"blanks separate the tags of {name!r} (--separator none: they do not)")
        return " "
    if len(set(words)) < len(several):
        raise DataError(
            f"column {name!r} holds words with blanks ({listed(sorted(several), 2)}): --separator "
            "' ' if a blank separates tags, --separator none if not"
        )
    notes.append(f"every cell of {name!r} is one tag: no separator found (--separator names one)")
    return "none"


def _split(texts: Sequence[str], separator: str, name: str, notes: list[str]) -> Tags:
    rows: Tags = []
    ended = 0
    quoted = any("'" in text or '"' in text for text in texts)
    for i, text in enumerate(texts):
        if not text:
            rows.append([])
            continue
        if quoted or separator == " ":
            parts = _parts(text, separator)
        else:
            parts = [part.strip() for part in text.split(separator)]
        if len(parts) > 1 and any(parts) and (parts[0] == "" or parts[-1] == ""):
            ended += 1  # |a|b| and a;b; are ways to write a and b
            parts = parts[parts[0] == "" : len(parts) - (parts[-1] == "")]
        if "" in parts:
            raise DataError(f"row {i}: empty tag in {text!r}")
        rows.append(parts)
    if ended:
        notes.append(f"{number(ended, 'cell')} of {name!r} begin or end with {separator!r}")
    return rows


def _parts(text: str, separator: str) -> list[str]:
    """Tags in quotes may hold the separator."""
    if separator == " ":
        return text.split()
    if '"' in text and len(separator) == 1 and separator != "\n":
        given = next(csv.reader([text], delimiter=separator, skipinitialspace=True), [])
    else:
        given = text.split(separator)
    parts = [part.strip() for part in given]
    if all(len(part) > 2 and part[0] == part[-1] == "'" for part in parts):
        parts = [part[1:-1] for part in parts]
    return parts


def _literal(text: str, row: int) -> Any:
    """A Python or JSON list, set or dict; also as NumPy prints arrays, and without quotes."""
    parsers: tuple[Callable[[str], Any], ...] = (json.loads, ast.literal_eval)
    outside = re.sub(r"'[^']*'|\"[^\"]*\"", "", text)
    if "..." in outside:
        raise DataError(f"row {row}: the list {short(text)} is cut, as NumPy prints long ones")
    if re.search(r"""['"]\s+['"]""", text) and "," not in outside:
        return [a or b for a, b in re.findall(r"'([^']*)'|\"([^\"]*)\"", text)]  # ['a' 'b']
    for parse in parsers:
        try:
            found = parse(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if is_list(found) or isinstance(found, dict):
            return found
        return [found]  # ('a')
    if _BARE.fullmatch(text) and not re.search(r"['\"]", text):
        inner = text[1:-1].strip()
        words = (
            inner.split(",")
            if "," in inner or not re.fullmatch(r"[\d.\s]+", inner)
            else inner.split()
        )
        stripped = [word.strip() for word in words]
        return (
            [float(w) if re.fullmatch(r"\d+(\.\d*)?", w) else w for w in stripped] if inner else []
        )
    raise DataError(f"row {row}: {short(text)} is no list, though the cells look like lists")


def looks_tagged(texts: Iterable[str]) -> bool:
    """Whether texts have the form of tags: lists, ``<a><b>``, or a bar, semicolon or comma in some
    of them and short parts between."""
    held = [text.strip() for text in texts if text.strip()]
    if not held:
        return False
    if all(_BRACKETS.get(text[0]) == text[-1] for text in held) or all(
        map(_ANGLED.fullmatch, held)
    ):
        return True
    marks = [mark for mark in "|;," if any(mark in text for text in held)]
    parts = [part for text in held for part in re.split(r"[|;,]", text)]
    return bool(marks) and max(map(len, parts)) <= 60 and len(set(parts)) < len(parts)
