"""How a cell becomes tags."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ltmlbench.errors import DataError
from ltmlbench.tables.words import listed, number, short

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = ("|", ";", ",", "\t", "\n")
_BRACKETS = {"[": "]", "(": ")", "{": "}"}
_ANGLED = re.compile(r"(<[^<>]+>\s*)+")
_BARE = re.compile(r"\[[^\[\]{}()]*\]")
_NO_TAG = ("nan", "none", "null", "na", "n/a", "[]", "")

Tags = list[list[str]]


def is_list(cell: Any) -> bool:
    return isinstance(cell, list | tuple | set | frozenset | np.ndarray)


def is_gap(cell: Any) -> bool:
    """None, NaN, NaT, pandas' NA."""
    if cell is None or is_list(cell) or isinstance(cell, Mapping):
        return cell is None
    try:
        return bool(cell != cell)
    except TypeError:  # pandas' NA has no truth
        return True


def tags_of(
    cells: Sequence[Any], separator: str | None, name: str, notes: list[str]
) -> Tags | tuple[Any, list[str]]:
    """Tags per row; an empty cell has none.

    Args:
        separator: between the tags of a text; None finds it, ``"none"`` splits nothing.
        name: of the column, for errors.
        notes: gets a line for everything that was guessed or left out.

    Returns:
        Lists of tags; or, where every cell is a list of 0 and 1 of the same length, N×C floats
        and no names.

    Raises:
        DataError: a cell holds no tags, or nobody can tell how to split it.
    """
    given = [None if is_gap(cell) else cell for cell in cells]
    if all(cell is None or isinstance(cell, str | bytes) for cell in given):
        texts = ["" if cell is None else _decoded(cell).strip() for cell in given]
        lists = _lists_of_texts(texts, separator, name, notes)
        if not isinstance(lists, _Parsed):
            return lists
        given = list(lists)
    if any(is_list(cell) for cell in given):
        return _of_lists(given, name, notes)
    if any(isinstance(cell, Mapping) for cell in given):
        return _of_maps(given, name)
    return [[] if cell is None else [_tag(cell, i)] for i, cell in enumerate(given)]


class _Parsed(list[Any]):
    """Cells that were Python or JSON literals."""


def _decoded(cell: str | bytes) -> str:
    return cell if isinstance(cell, str) else cell.decode("utf-8")


# --- texts


def _lists_of_texts(
    texts: list[str], separator: str | None, name: str, notes: list[str]
) -> Tags | _Parsed:
    held = [text for text in texts if text]
    if held and all(_BRACKETS.get(text[0]) == text[-1] for text in held) and separator is None:
        notes.append(f"the cells of {name!r} are read as lists, such as {short(held[0])}")
        return _Parsed(_literal(text, i) if text else [] for i, text in enumerate(texts))
    if held and separator is None and all(map(_ANGLED.fullmatch, held)):
        notes.append(f"the cells of {name!r} are read as <tag><tag>")
        return [re.findall(r"<([^<>]+)>", text) for text in texts]
    if separator is None:
        separator = _separator(held, name, notes)
    if separator == "none":
        return [[text] if text else [] for text in texts]
    return _split(texts, separator, name, notes)


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
    if not several:
        return "none"
    words = [word for text in held for word in text.split()]
    if all(word.isdigit() or word[0] == "#" for word in words):
        notes.append(f"blanks separate the tags of {name!r} (--separator none: they do not)")
        return " "
    if len({word for text in several for word in text.split()}) < len(several):
        raise DataError(
            f"column {name!r} holds words with blanks ({listed(sorted(several), 2)}): --separator "
            "' ' if a blank separates tags, --separator none if not"
        )
    notes.append(f"every cell of {name!r} is one tag; blanks separate nothing (--separator ' ')")
    return "none"


def _split(texts: Sequence[str], separator: str, name: str, notes: list[str]) -> Tags:
    rows: Tags = []
    ended = 0
    for i, text in enumerate(texts):
        if not text:
            rows.append([])
            continue
        parts = _parts(text, separator)
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
    if re.search(r"""(['"])\s+\1""", text) and "," not in re.sub(r"'[^']*'|\"[^\"]*\"", "", text):
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


# --- lists and structs


def _of_lists(given: Sequence[Any], name: str, notes: list[str]) -> Tags | tuple[Any, list[str]]:
    for i, cell in enumerate(given):
        if cell is not None and not is_list(cell):
            raise DataError(
                f"row {i}: {short(cell)} is no list of tags, as other rows hold in {name!r}"
            )
    gaps = sum(cell is None for cell in given)
    rows = [[] if cell is None else list(cell) for cell in given]
    if gaps:
        notes.append(f"{number(gaps, 'row')} without a value in {name!r}: no tags")
    if (hot := _multi_hot(rows, name)) is not None:
        notes.append(f"the lists of {name!r} are 0 and 1 for each of {hot.shape[1]} labels")
        return hot, []
    return [[_item(item, i, name) for item in row] for i, row in enumerate(rows)]


def _multi_hot(rows: Sequence[Sequence[Any]], name: str) -> Any:
    """N×C, if all lists are equally long and hold 0 and 1; -1 stays."""
    lengths = {len(row) for row in rows}
    if len(lengths) != 1 or lengths <= {0, 1}:
        return None
    if not all(isinstance(v, int | float | np.number | np.bool_) for row in rows for v in row):
        return None
    matrix = np.array(rows, dtype=np.float64)
    if not np.isin(matrix, (-1, 0, 1)).all():
        return None
    if matrix.shape[1] == 2 and all(set(row) == {0, 1} for row in matrix.tolist()):
        raise DataError(
            f"column {name!r} holds lists of one 0 and one 1: the numbers of two labels, or 0 and "
            "1 for each of them? Write tags as text"
        )
    return matrix


def _of_maps(given: Sequence[Any], name: str) -> Tags:
    """``{'cat': 1, 'dog': 0}``: the keys with a 1."""
    rows = []
    for i, cell in enumerate(given):
        held = {} if cell is None else cell
        if not isinstance(held, Mapping) or not all(v in (0, 1) for v in held.values()):
            raise DataError(
                f"row {i} of {name!r} holds {short(cell)}: no tags; {_fields(cell, name)}"
            )
        rows.append([_tag(key, i) for key, value in held.items() if value])
    return rows


def _item(item: Any, row: int, name: str) -> str:
    if isinstance(item, Mapping):
        raise DataError(f"column {name!r} holds structs: {_fields(item, name)}")
    return _tag(item, row)


def _fields(cell: Any, name: str) -> str:
    keys = list(cell) if isinstance(cell, Mapping) else []
    return (
        f"name a field of it: --column {listed([f'{name}.{key}' for key in keys], 5)}"
        if keys
        else ("write tags as text")
    )


def _tag(value: Any, row: int) -> str:
    """A text, or a whole number, as Hugging Face's classes are."""
    if isinstance(value, bytes):
        value = value.decode("utf-8")
    if isinstance(value, str):
        if not value:
            raise DataError(f"row {row}: {value!r} is no tag: tags are texts, not empty")
        return value
    if isinstance(value, bool | np.bool_) or is_gap(value) or is_list(value):
        raise DataError(f"row {row}: {short(value)} is no tag: tags are texts or whole numbers")
    if isinstance(value, int | float | np.number):
        whole = np.isfinite(value) and value == int(value)
        if not whole or value < 0:
            raise DataError(f"row {row}: {value} is no tag: tags are texts or whole numbers from 0")
        return str(int(value))
    return str(value)


def doubts(rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines about tags that may be none."""
    counts = Counter(tag for row in rows for tag in set(row))
    notes = [
        f"{tag!r} is taken for a tag ({number(n, 'row')}); --without {tag} leaves it out"
        for tag, n in counts.items()
        if tag.strip().lower() in _NO_TAG
    ]
    if len(counts) > 1 and max(counts.values()) == 1:
        notes.append("no tag occurs twice: does this column hold tags?")
    return notes


def looks_tagged(cells: pd.Series[Any]) -> bool:
    """Whether texts have the form of tags: lists, ``<a><b>``, or a bar, semicolon or comma in some
    of them and short parts between."""
    held = [
        str(cell).strip() for cell in cells.head(1000) if not is_gap(cell) and str(cell).strip()
    ]
    if not held:
        return False
    if all(_BRACKETS.get(text[0]) == text[-1] for text in held) or all(
        map(_ANGLED.fullmatch, held)
    ):
        return True
    marks = [mark for mark in "|;," if any(mark in text for text in held)]
    parts = [part for text in held for part in re.split(r"[|;,]", text)]
    return bool(marks) and max(map(len, parts)) <= 60 and len(set(parts)) < len(parts)
