"""Columns of 0 and 1, cells of tags or an array -> a label matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.errors import DataError
from ltmlbench.labels import LabelMatrix
from ltmlbench.tables.columns import GAP, names_in
from ltmlbench.tables.options import LabelOptions
from ltmlbench.tables.picking import Pick
from ltmlbench.tables.table import Table
from ltmlbench.tables.tags import doubts, tags_of
from ltmlbench.tables.words import listed, number

_MOST_LABELS = 10_000_000
_NAMES = ("labels", "names", "label_names", "class_names", "classes")

Signs = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Taken:
    """Labels on their way.

    Args:
        labels: of the rows that are kept.
        kept: N of the table; rows that are left out are False.
        one: what one label was, in words.
        several: what several were.
    """

    labels: LabelMatrix
    kept: npt.NDArray[np.bool_]
    one: str
    several: str


def matrix_of(table: Table, pick: Pick, options: LabelOptions, notes: list[str]) -> Taken:
    """The labels where ``pick`` says that they are.

    Raises:
        DataError: there are none, or -1 and gaps that nobody spoke of.
    """
    if pick.kind == "columns":
        return _of_columns(pick, options, notes)
    if pick.kind == "tags":
        return _of_tags(table, pick, options, notes)
    return _of_array(table, pick.names[0], options, notes)


def _of_columns(pick: Pick, options: LabelOptions, notes: list[str]) -> Taken:
    columns: list[Any] = [pick.looked[name].values for name in pick.names]
    known, kept = _known(np.column_stack(columns), pick.names, options, notes)
    kinds = sorted({pick.looked[name].why for name in pick.names})
    notes.extend(f"{words.split()[0]} counts as 1" for words in kinds if words != "0 and 1")
    what = f"{' or '.join(kinds)}{f', by {pick.how}' if pick.how else ''}"
    return Taken(LabelMatrix(known, pick.names), kept, f"column of {what}", f"columns of {what}")


def _known(
    signs: Signs, names: Sequence[str], options: LabelOptions, notes: list[str]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """0 and 1 alone, as the options say, and the rows that are kept."""
    kept = np.ones(len(signs), dtype=bool)
    unsaid = []
    for value, said, what, flag in (
        (-1, options.uncertain, "-1", "--uncertain 0, 1 or drop"),
        (GAP, options.gaps, "gaps", "--gaps 0 or drop"),
    ):
        mask = signs == value
        held = [name for name, some in zip(names, mask.any(axis=0), strict=True) if some]
        if held and said is None:
            several = f"columns {listed(held, 20)} hold" if len(held) > 1 else ""
            unsaid.append(
                f"{several or f'column {held[0]!r} holds'} {what} beside 0 and 1 ({flag})"
            )
        elif held and said == "drop":
            rows = mask.any(axis=1)
            kept &= ~rows
            notes.append(f"{number(int(rows.sum()), 'row')} left out that held {what}")
        elif held and said:
            cells = number(int(mask.sum()), "cell")
            signs = np.where(mask, np.int8(said), signs)
            notes.append(f"{what} taken for {said} in {cells} of {listed(held)}")
    if unsaid:
        raise DataError(
            f"{'; '.join(unsaid)}: say what that counts as, or choose other labels with --labels "
            "or --without"
        )
    return signs[kept].astype(np.uint8), kept


def _of_tags(table: Table, pick: Pick, options: LabelOptions, notes: list[str]) -> Taken:
    column = pick.names[0]
    cells: Sequence[Any] = table.frame[column].astype(object).tolist()
    found = tags_of(cells, options.separator, column, notes, pick.field)
    name = ".".join([column, *pick.field])
    classes = table.classes.get(name, ())
    if isinstance(found, np.ndarray):
        return _hot(found, classes, name, options, notes)
    if classes and all(tag.isdigit() and int(tag) < len(classes) for tag in found.names):
        found = found.renamed([classes[int(tag)] for tag in found.names])
        notes.append(f"the file names the classes of {name!r}")
    labels = found.matrix()
    notes.extend(doubts(labels))
    kept = np.ones(len(cells), dtype=bool)
    what = f"of column {name!r}"
    return Taken(_selected(labels, options), kept, f"tag {what}", f"different tags {what}")


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


def _hot(
    values: Any, names: Sequence[str], what: str, options: LabelOptions, notes: list[str]
) -> Taken:
    """N×C of 0 and 1, perhaps -1 and NaN."""
    given = list(names) if names else [str(c) for c in range(values.shape[-1])]
    kept = np.ones(len(values), dtype=bool)
    if values.ndim == 2 and values.dtype.kind in "if" and len(given) == values.shape[1]:
        missing = np.isnan(values)
        if (missing | np.isin(values, (-1, 0, 1))).all():
            signs = np.where(missing, GAP, values).astype(np.int8)
            values, kept = _known(signs, given, options, notes)
    labels = _selected(LabelMatrix(values, given), options)
    return Taken(labels, kept, f"column of {what!r}", f"columns of {what!r}")


def _selected(labels: LabelMatrix, options: LabelOptions) -> LabelMatrix:
    wanted = _wanted(options, labels.names)
    index = {name: c for c, name in enumerate(labels.names)}
    return labels if wanted is None else labels.select([index[name] for name in wanted])


def _of_array(table: Table, name: str, options: LabelOptions, notes: list[str]) -> Taken:
    array = table.arrays[name]
    if array.ndim != 2:
        raise DataError(f"{name!r}: labels have 2 dimensions (samples × labels), not {array.ndim}")
    if array.shape[1] > _MOST_LABELS:
        raise DataError(f"{name!r} has {array.shape[1]} columns: more than labels can be")
    names = _array_names(table, name)
    if hasattr(array, "tocsr"):
        labels = _selected(LabelMatrix(array, names or None), options)
        kept = np.ones(array.shape[0], dtype=bool)
        taken = Taken(labels, kept, f"column of {name!r}", f"columns of {name!r}")
    else:
        taken = _hot(array, names, name, options, notes)
    if taken.labels.n_labels > taken.labels.n_samples > 1:
        notes.append("more columns than rows, though rows are samples: is it the other way round?")
    return taken


def _array_names(table: Table, name: str) -> list[str]:
    for known in _NAMES:
        for other in table.arrays:
            if other.lower() == known and other != name:
                found = table.arrays[other]
                if getattr(found, "ndim", 0) == 1 and found.dtype.kind in "US":
                    return [str(n) for n in found]
    return []
