"""How a cell becomes tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ltmlbench.errors import DataError
from ltmlbench.tables.texts import Parsed, Tags, is_list, tags_of_texts
from ltmlbench.tables.words import listed, number, short

if TYPE_CHECKING:
    from ltmlbench.labels import LabelMatrix

_NO_TAG = ("nan", "none", "null", "na", "n/a", "[]", "")


@dataclass(frozen=True)
class Tagged:
    """Tags per row.

    Args:
        names: the different tags, in the order in which they first occur.
        codes: which one each tag of each row is, row after row; a row may repeat one.
        pointers: N + 1, where the tags of each row begin in ``codes``.
    """

    names: tuple[str, ...]
    codes: npt.NDArray[np.int64]
    pointers: npt.NDArray[np.int64]

    def renamed(self, names: Sequence[str]) -> Tagged:
        """The same rows; tag i is called ``names[i]``."""
        return Tagged(tuple(names), self.codes, self.pointers)

    def matrix(self) -> LabelMatrix:
        """Its labels: by name, numbers by size."""
        from scipy.sparse import csr_array

        from ltmlbench.labels import LabelMatrix

        whole = all(name.isascii() and name.isdigit() for name in self.names)
        order = sorted(
            range(len(self.names)),
            key=lambda c: (int(self.names[c]) if whole else 0, self.names[c]),
        )
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        shape = (len(self.pointers) - 1, len(order))
        ones = np.ones(len(self.codes), dtype=np.int32)
        held: Any = csr_array((ones, rank[self.codes], self.pointers), shape=shape)
        held.sum_duplicates()
        held.data[:] = 1
        return LabelMatrix(held, [self.names[c] for c in order])


def is_gap(cell: Any) -> bool:
    """None, NaN, NaT, pandas' NA."""
    if cell is None or is_list(cell) or isinstance(cell, Mapping):
        return cell is None
    try:
        return bool(cell != cell)
    except TypeError:  # pandas' NA has no truth
        return True


def tags_of(
    cells: Sequence[Any],
    separator: str | None,
    name: str,
    notes: list[str],
    path: Sequence[str] = (),
) -> Tagged | npt.NDArray[np.float64]:
    """Tags per row; an empty cell has none.

    Args:
        separator: between the tags of a text; None finds it, ``"none"`` splits nothing.
        name: of the column, for errors.
        notes: gets a line for everything that was guessed or left out.
        path: to a field of the structs in the cells.

    Returns:
        Tags per row; or, where every cell is a list of 0 and 1 of the same length, N×C.

    Raises:
        DataError: a cell holds no tags, or nobody can tell how to split it.
    """
    given = [None if is_gap(cell) else cell for cell in cells]
    if all(cell is None or isinstance(cell, str | bytes) for cell in given):
        texts = ["" if cell is None else _decoded(cell).strip() for cell in given]
        lists = tags_of_texts(texts, None if path else separator, name, notes)
        if not isinstance(lists, Parsed):
            return _counted(lists, name)
        given = list(lists)
    elif separator is not None:
        notes.append(f"--separator is not used: the cells of {name!r} are no texts")
    if path:
        given = [_at(cell, path, name) for cell in given]
        name = ".".join([name, *path])
    if any(is_list(cell) for cell in given):
        return _of_lists(given, name, notes)
    if any(isinstance(cell, Mapping) for cell in given):
        return _counted(_of_maps(given, name), name)
    notes.append(f"every cell of {name!r} is one tag")
    return _counted([[] if cell is None else [cell] for cell in given], name)


def _decoded(cell: str | bytes) -> str:
    return cell if isinstance(cell, str) else cell.decode("utf-8")


def _of_lists(
    given: Sequence[Any], name: str, notes: list[str]
) -> Tagged | npt.NDArray[np.float64]:
    for i, cell in enumerate(given):
        if cell is not None and not is_list(cell):
            raise DataError(
                f"row {i}: {short(cell)} is no list of tags, as other rows hold in {name!r}"
            )
    gaps = sum(cell is None for cell in given)
    rows = [[] if cell is None else _listed(cell) for cell in given]
    if gaps:
        notes.append(f"{number(gaps, 'row')} without a value in {name!r}: no tags")
    hot: npt.NDArray[np.float64] | None = _multi_hot(rows, name)
    if hot is not None:
        notes.append(f"the lists of {name!r} are 0 and 1 for each of {hot.shape[1]} labels")
        return hot
    return _counted(rows, name)


def _listed(cell: Any) -> list[Any]:
    items: list[Any] = cell.tolist() if isinstance(cell, np.ndarray) else list(cell)
    return items


def _counted(rows: Sequence[Sequence[Any]], name: str) -> Tagged:
    """Numbers the different tags; each is looked at once, however often it occurs."""
    import pandas as pd

    pointers = np.append(0, np.cumsum([len(row) for row in rows], dtype=np.int64))
    items = [item for row in rows for item in row]
    if set(map(type, items)) & {dict, list, tuple, set, bool, np.ndarray}:
        for row, held in enumerate(rows):
            for item in held:
                _item(item, row, name)
    flat = np.empty(len(items), dtype=object)
    flat[:] = items
    codes, different = pd.factorize(flat)
    at = np.full(len(different) + 1, len(items))
    np.minimum.at(at, codes, np.arange(len(items)))  # -1, a gap, is the last
    first = np.searchsorted(pointers, at, side="right") - 1
    if at[-1] < len(items):
        _item(None, int(first[-1]), name)
    texts = [_item(item, int(row), name) for item, row in zip(different, first[:-1], strict=True)]
    renamed, names = pd.factorize(np.array(texts, dtype=object))  # 3 and "3" are one tag
    return Tagged(tuple(map(str, names)), renamed[codes], pointers)


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
    if not isinstance(cell, Mapping) or not cell:
        return "write tags as text"
    return f"name a field of it with --column: {listed([f'{name}.{key}' for key in cell], 5)}"


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


def doubts(labels: LabelMatrix) -> list[str]:
    """Lines about tags that may be none."""
    notes = [
        f"{tag!r} is taken for a tag ({number(int(n), 'row')}); --without {tag} leaves it out"
        for tag, n in zip(labels.names, labels.counts, strict=True)
        if tag.strip().lower() in _NO_TAG
    ]
    if labels.n_labels > 1 and labels.counts.max() == 1:
        notes.append("no tag occurs twice: does this column hold tags?")
    return notes


def _at(cell: Any, path: Sequence[str], name: str) -> Any:
    """A field of a struct, or of each struct of a list."""
    for step in path:
        if is_list(cell):
            cell = [_field(item, step, name) for item in cell]
        elif cell is not None:
            cell = _field(cell, step, name)
    return cell


def _field(item: Any, step: str, name: str) -> Any:
    if not isinstance(item, Mapping):
        raise DataError(f"column {name!r} holds {short(item)}, which has no field {step!r}")
    if step not in item:
        raise DataError(
            f"column {name!r}: there is no field {step!r}; fields: {listed(list(item))}"
        )
    return item[step]
