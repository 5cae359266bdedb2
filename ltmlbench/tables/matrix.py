"""Columns of 0 and 1, cells of tags or an array -> a label matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.errors import DataError
from ltmlbench.labels import LabelMatrix
from ltmlbench.tables.columns import GAP, names_in
from ltmlbench.tables.options import LabelOptions
from ltmlbench.tables.picking import Pick
from ltmlbench.tables.table import Table
from ltmlbench.tables.tags import doubts, is_list, tags_of
from ltmlbench.tables.words import listed, number, short

Kept = npt.NDArray[np.bool_]
_MOST_LABELS = 10_000_000
_NAMES = ("labels", "names", "label_names", "class_names", "classes")


def matrix_of(
    table: Table, pick: Pick, options: LabelOptions, notes: list[str]
) -> tuple[LabelMatrix, Kept, str]:
    """Labels of the rows that are kept, which rows those are, and what was taken, in words.

    Raises:
        DataError: the cells hold no labels.
    """
    if pick.kind == "columns":
        return _of_columns(pick, options, notes)
    if pick.kind == "tags":
        return _of_tags(table, pick, options, notes)
    return _of_array(table, pick.names[0], options, notes)


def _of_columns(
    pick: Pick, options: LabelOptions, notes: list[str]
) -> tuple[LabelMatrix, Kept, str]:
    columns: list[Any] = [pick.looked[name].values for name in pick.names]
    signs = np.column_stack(columns)
    known, kept = _known(signs, pick.names, options, notes)
    kinds = {pick.looked[name].kind for name in pick.names}
    what = "0 and 1" if kinds == {"binary"} else "yes and no, or 0 and 1"
    told = f"{number(len(pick.names), 'column')} of {what}"
    return LabelMatrix(known, pick.names), kept, f"{told} (by {pick.how})" if pick.how else told


def _known(
    signs: npt.NDArray[np.int8], names: Sequence[str], options: LabelOptions, notes: list[str]
) -> tuple[npt.NDArray[np.uint8], Kept]:
    """0 and 1 alone, as the options say, and the rows that are kept."""
    kept = np.ones(len(signs), dtype=bool)
    uncertain, gaps = signs == -1, signs == GAP
    for mask, said, what, flag, choices in (
        (uncertain, options.uncertain, "-1", "--uncertain", "0, 1 or drop"),
        (gaps, options.gaps, "gaps", "--gaps", "0 or drop"),
    ):
        held = [name for name, any_ in zip(names, mask.any(axis=0), strict=True) if any_]
        if not held:
            continue
        if said is None:
            told = (
                f"columns {listed(held, 20)} hold" if len(held) > 1 else f"column {held[0]!r} holds"
            )
            raise DataError(
                f"{told} {what} beside 0 and 1: say what that counts "
                f"as, {flag} {choices}, or choose the labels with --labels or --without"
            )
        cells = number(int(mask.sum()), "cell")
        if said == "drop":
            rows = mask.any(axis=1)
            kept &= ~rows
            notes.append(f"{number(int(rows.sum()), 'row')} with {what} left out ({flag} drop)")
        else:
            signs = np.where(mask, np.int8(said), signs)
            notes.append(f"{what} counts as {said} in {cells} ({flag} {said})")
    return signs[kept].astype(np.uint8), kept


def _of_tags(
    table: Table, pick: Pick, options: LabelOptions, notes: list[str]
) -> tuple[LabelMatrix, Kept, str]:
    name = pick.names[0]
    cells: Sequence[Any] = table.frame[name].astype(object).tolist()
    if pick.field:
        cells = [_at(cell, pick.field, name) for cell in cells]
        name = ".".join([name, *pick.field])
    found = tags_of(cells, options.separator, name, notes)
    if isinstance(found, tuple):
        return _hot(found[0], table.classes.get(name, ()), name, options, notes)
    classes = table.classes.get(name)
    if classes and all(tag.isdigit() and int(tag) < len(classes) for row in found for tag in row):
        found = [[classes[int(tag)] for tag in row] for row in found]
        notes.append(f"the file names the classes of {name!r}")
    wanted = _wanted(options, sorted({tag for row in found for tag in row}))
    notes.extend(doubts(found))
    kept = np.ones(len(cells), dtype=bool)
    labels = LabelMatrix.from_tags(found, wanted if wanted is not None else _order(found))
    return labels, kept, f"{number(labels.n_labels, 'different tag')} of column {name!r}"


def _order(rows: Sequence[Sequence[str]]) -> list[str]:
    """By name; numbers by size."""
    tags = {tag for row in rows for tag in row}
    if all(tag.isdecimal() for tag in tags):
        return sorted(tags, key=lambda tag: (int(tag), tag))
    return sorted(tags)


def _wanted(options: LabelOptions, known: Sequence[str]) -> list[str] | None:
    """The tags that ``--labels`` names."""
    if options.labels is None:
        return None
    names = names_in(options.labels)
    if missing := [name for name in names if name not in set(known)]:
        raise DataError(
            f"--labels: no row holds the tag {missing[0]!r} ({len(missing)} missing); tags: "
            f"{listed(known, 20)}"
        )
    return names


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


def _hot(
    values: Any, names: Sequence[str], what: str, options: LabelOptions, notes: list[str]
) -> tuple[LabelMatrix, Kept, str]:
    """N×C of 0 and 1, perhaps -1 and NaN."""
    given = list(names) if names else [str(c) for c in range(values.shape[-1])]
    kept = np.ones(len(values), dtype=bool)
    if values.ndim == 2 and values.dtype.kind in "if" and len(given) == values.shape[1]:
        missing = np.isnan(values)
        if (missing | np.isin(values, (-1, 0, 1))).all():
            signs = np.where(missing, GAP, values).astype(np.int8)
            values, kept = _known(signs, given, options, notes)
    return _selected(LabelMatrix(values, given), options), kept, f"the columns of {what!r}"


def _selected(labels: LabelMatrix, options: LabelOptions) -> LabelMatrix:
    wanted = _wanted(options, labels.names)
    index = {name: c for c, name in enumerate(labels.names)}
    return labels if wanted is None else labels.select([index[name] for name in wanted])


def _of_array(
    table: Table, name: str, options: LabelOptions, notes: list[str]
) -> tuple[LabelMatrix, Kept, str]:
    array = table.arrays[name]
    if getattr(array, "ndim", 2) == 2 and array.shape[1] > _MOST_LABELS:
        raise DataError(f"{name!r} has {array.shape[1]} columns: more than labels can be")
    names = _array_names(table, name, array.shape[-1] if array.ndim == 2 else 0)
    if hasattr(array, "tocsr"):
        labels = _selected(LabelMatrix(array, names), options)
        kept = np.ones(array.shape[0], dtype=bool)
        what = f"the columns of the sparse matrix {name!r}"
    else:
        labels, kept, _ = _hot(array, names or (), name, options, notes)
        what = f"the columns of the array {name!r}"
    if labels.n_labels > labels.n_samples > 1:
        notes.append(
            "there are more columns than rows, though rows are samples: is it the other way round?"
        )
    return labels, kept, f"{number(labels.n_labels, 'label')}, {what}"


def _array_names(table: Table, name: str, width: int) -> list[str] | None:
    for known in _NAMES:
        for other in table.arrays:
            if other.lower() == known and other != name:
                found = table.arrays[other]
                if getattr(found, "ndim", 0) == 1 and found.dtype.kind in "US":
                    return [str(n) for n in found]
    return None
