"""Decides where in a table the labels are: columns of 0 and 1, a column of tags, or an array."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ltmlbench.errors import DataError
from ltmlbench.tables.columns import (
    Column,
    chosen,
    find,
    is_id,
    look,
    names_in,
    sounds_like_labels,
)
from ltmlbench.tables.options import LabelOptions
from ltmlbench.tables.table import Table
from ltmlbench.tables.tags import is_gap
from ltmlbench.tables.texts import looks_tagged
from ltmlbench.tables.words import listed, number, short

_ARRAYS = ("y", "labels", "label", "targets", "target", "multihot")


@dataclass
class Pick:
    """Where the labels are.

    Args:
        kind: what ``names`` are.
        names: the columns or array.
        how: why these, in words.
        looked: what the columns hold.
        passed: column -> why it is no label.
        field: of the structs in the column of tags.
        notes: what looks odd.
    """

    kind: Literal["columns", "tags", "array"]
    names: list[str]
    how: str
    looked: dict[str, Column] = dataclasses.field(default_factory=dict)
    passed: dict[str, str] = dataclasses.field(default_factory=dict)
    field: tuple[str, ...] = ()
    notes: list[str] = dataclasses.field(default_factory=list)


def pick(table: Table, options: LabelOptions) -> Pick:
    """Where the labels are: where somebody says, where the file says, or where there is no doubt.

    Raises:
        DataError: nobody says, and there is doubt.
    """
    columns = [str(name) for name in table.frame.columns]
    if options.column is not None:
        return _asked(table, columns, options.column.strip())
    if options.labels is not None and columns and not (table.hint and table.hint.column):
        return _columns(table, chosen(columns, options.labels), "--labels")
    if table.hint and table.hint.column:
        return Pick("tags", [table.hint.column], table.hint.why)
    if table.hint and table.hint.labels:
        return _columns(table, chosen(columns, table.hint.labels), table.hint.why)
    if table.hint:
        raise DataError(table.hint.why)
    if not columns and not table.arrays:
        held = "; ".join(f"{short(name)} ({why})" for name, why in table.unread.items())
        raise DataError(f"no column that can hold labels: {held or 'there is none'}")
    if not columns:
        return Pick("array", [_array(table)], "")
    return _found(table, columns, options)


def _asked(table: Table, columns: Sequence[str], name: str) -> Pick:
    if table.arrays and name not in columns:
        return Pick("array", [find(list(table.arrays), name, "--column")], "--column")
    inner = [column for column in columns if column.startswith(f"{name}.")]
    if name not in columns and inner:
        raise DataError(
            f"column {name!r} holds structs: name a field of it with --column, or fields of 0 "
            f"and 1 with --labels; fields: {listed(inner)}"
        )
    head, _, path = name.partition(".")
    if name not in columns and path and head in columns:
        return Pick("tags", [head], "--column", field=tuple(path.split(".")))
    return Pick("tags", [find(columns, name, "--column")], "--column")


def _columns(table: Table, names: Sequence[str], how: str) -> Pick:
    looked = {name: look(table.frame[name]) for name in table.frame.columns}
    for name in names:
        if looked[name].values is None:
            raise DataError(
                f"column {name!r}, named by {how}, holds values other than 0 and 1: "
                f"{looked[name].why}"
            )
    passed = {
        name: f"{column.why}, not named by {how}" if column.values is not None else column.why
        for name, column in looked.items()
        if name not in set(names)
    }
    return Pick("columns", list(names), how, looked, passed)


def _array(table: Table) -> str:
    """The only array whose name says that it holds labels, or the only one without a name."""
    names = list(table.arrays)
    for known in _ARRAYS:
        named = [name for name in names if name.lower() == known and _flat(table, name)]
        if len(named) == 1:
            return named[0]
    likely = [name for name in names if "label" in name.lower() and _flat(table, name)]
    if len(likely) > 1:
        raise DataError(
            f"several arrays may hold labels ({listed(likely)}): name one with --column"
        )
    if len(likely) == 1 or names == ["arr_0"]:  # numpy.savez("f.npz", Y)
        return (likely or names)[0]
    raise DataError(
        f"no array 'Y' (N×C of 0 and 1); arrays: {listed(names, 20)}; name one with --column"
    )


def _flat(table: Table, name: str) -> bool:
    """Whether an array is no list of names."""
    array = table.arrays[name]
    return not (getattr(array, "ndim", 2) == 1 and array.dtype.kind in "USO")


def _found(table: Table, columns: Sequence[str], options: LabelOptions) -> Pick:
    looked = {name: look(table.frame[name]) for name in columns}
    without = set(names_in(options.without or "")) | {options.id and options.id.strip()}
    free = [name for name in columns if name not in without]
    binary = [n for n in free if looked[n].kind == "binary" and not is_id(n)]
    words = [n for n in free if looked[n].kind == "words" and not is_id(n)]
    taken = binary if len(binary) > 1 else [n for n in free if n in {*binary, *words}]
    passed = {name: _why(name, looked[name], options) for name in columns if name not in taken}
    tagged = _tagged(table, free, looked, options.separator)
    if len(taken) > 1:
        rivals = [name for name in tagged if sounds_like_labels(name)]
        if rivals and not any(sounds_like_labels(name) for name in taken):
            raise DataError(
                f"{number(len(taken), 'column')} of 0 and 1 ({listed(taken)}) and the tags of "
                f"{listed(rivals)} may be the labels: say --column {short(rivals[0])} or --labels "
                f"{','.join(short(name) for name in taken[:2])}"
            )
        almost = [name for name in passed if looked[name].almost and name in free]
        notes = [
            f"{name!r} holds more than 0 and 1 ({looked[name].why}): not taken" for name in almost
        ]
        return Pick("columns", taken, "", looked, passed, notes=notes)
    if len(tagged) == 1:
        passed.pop(tagged[0], None)
        return Pick("tags", tagged, "the only column that can hold tags", looked, passed)
    if len(tagged) > 1:
        raise DataError(
            f"{len(tagged)} columns hold lists or tags ({listed(tagged)}): name one with --column"
        )
    raise DataError(_helpless(columns, looked, taken, passed))


def _tagged(
    table: Table, free: Sequence[str], looked: dict[str, Column], separator: str | None
) -> list[str]:
    """Columns of lists of texts or whole numbers; else of texts that have the form of tags and a
    name that says so."""
    lists = [n for n in free if looked[n].kind == "lists" and _list_of_tags(table.frame[n])]
    named = [name for name in lists if sounds_like_labels(name)]
    if lists:
        return named if len(named) == 1 else lists
    texts = [n for n in free if looked[n].kind == "text" and sounds_like_labels(n)]
    cells = {
        name: [str(c) for c in table.frame[name].head(1000) if not is_gap(c)] for name in texts
    }
    return [
        name
        for name in texts
        if looks_tagged(cells[name]) or any(separator in c for c in cells[name] if separator)
    ]


def _list_of_tags(cells: Any) -> bool:
    for cell in cells:
        if isinstance(cell, list | tuple | np.ndarray) and len(cell):
            return isinstance(cell[0], str | int | np.integer | dict) or cell[0] in (0, 1, -1)
    return True


def _why(name: str, column: Column, options: LabelOptions) -> str:
    if options.id and name == options.id.strip():
        return "--id"
    if name in names_in(options.without or ""):
        return "--without"
    if column.values is not None and is_id(name):
        return f"{column.why}, but named like an identifier"
    return column.why


def _helpless(
    columns: Sequence[str], looked: dict[str, Column], taken: Sequence[str], passed: dict[str, str]
) -> str:
    likely = [name for name in columns if sounds_like_labels(name) and looked[name].kind != "empty"]
    hint = f", for instance --column {short(likely[0])!r}" if likely else ""
    one = f" (only {listed(taken)})" if taken else ""
    told = ", ".join(f"{short(n)} ({passed.get(n, looked[n].why)})" for n in columns[:20])
    return (
        "fewer than two columns hold only 0 and 1"
        f"{one}: name the column of tags with --column{hint}; columns: {told}"
    )
