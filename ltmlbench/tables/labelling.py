"""A table and what is said about it -> labels, and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ltmlbench.errors import DataError, did_you_mean
from ltmlbench.tables.account import Account
from ltmlbench.tables.columns import find, is_id, look, names_in
from ltmlbench.tables.options import FileOptions, LabelOptions
from ltmlbench.tables.reading import one_line, read_table
from ltmlbench.tables.table import Table
from ltmlbench.tables.tags import is_gap
from ltmlbench.tables.words import listed, number, short

if TYPE_CHECKING:
    import pandas as pd

    from ltmlbench.labels import LabelMatrix
    from ltmlbench.tables.picking import Pick

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """The labels of a table, and what else it holds.

    Args:
        labels: N samples × C labels.
        table: what they were taken from.
        rows: N, the table's row of each sample; its first, where several rows are one sample.
        ids: N values of the id column; None where none was named.
        columns: of the table, that became labels; or the array that did.
        n_rows: of the table, before rows were left out or joined.
        account: what was taken, what was passed over and why.
    """

    labels: LabelMatrix
    table: Table
    rows: Rows
    ids: tuple[str, ...] | None
    columns: tuple[str, ...]
    n_rows: int
    account: Account

    @property
    def rest(self) -> pd.DataFrame:
        """N × the columns that are no labels."""
        others = [name for name in self.table.frame.columns if name not in set(self.columns)]
        if not others:  # arrays alone: the frame has no rows to choose from
            return self.table.frame[others].iloc[:0].reindex(range(len(self.rows)))
        return self.table.frame[others].iloc[self.rows].reset_index(drop=True)

    def array(self, name: str) -> Any:
        """The rows of an array of the table, one per sample.

        Raises:
            DataError: there is none of this name, or it has another number of rows.
        """
        if name not in self.table.arrays:
            names = listed(list(self.table.arrays))
            raise DataError(f"{self.table.path}: there is no array {name!r}; arrays: {names}")
        array = self.table.arrays[name]
        if array.shape[:1] != (self.n_rows,):
            size = " × ".join(map(str, array.shape))
            raise DataError(f"{self.table.path}: {name!r} is {size}, the labels {self.n_rows} rows")
        return array[self.rows]


def read_labels(
    path: Path, labels: LabelOptions | None = None, file: FileOptions | None = None
) -> Labelled:
    """The labels of a file.

    Raises:
        DataError: the file is not there or cannot be read, or its labels cannot be told: one line.
    """
    labels = labels or LabelOptions()
    return take_labels(read_table(path, file, texts=labels.texts), labels)


def take_labels(table: Table, options: LabelOptions | None = None) -> Labelled:
    """The labels of a table.

    Raises:
        DataError: they cannot be told: one line, which names the file and the flag that helps.
    """
    with one_line(table.path):
        return _taken(table, options or LabelOptions())


def _taken(table: Table, options: LabelOptions) -> Labelled:
    from ltmlbench.tables.matrix import matrix_of
    from ltmlbench.tables.odd import odd_labels
    from ltmlbench.tables.picking import pick

    notes = list(table.how.notes)
    picked = pick(table, options)
    notes.extend(picked.notes)
    taken = matrix_of(table, picked, options, notes)
    rows = np.flatnonzero(taken.kept).astype(np.int64)
    columns = [str(name) for name in table.frame.columns]
    labels = _without(taken.labels, columns, options, notes)
    ids = None
    if options.id is not None:
        name = find(columns, options.id, "--id")
        labels, rows, ids = _grouped(labels, rows, table.frame[name], name, notes)
    pairs = picked.kind == "tags" and (taken.labels.per_sample <= 1).all()
    notes.extend(_repeated(table, picked, ids is not None, bool(pairs)))
    notes.extend(odd_labels(labels))
    if labels.n_samples == 0:
        raise DataError("no row is left")
    account = Account(
        how=table.how,
        size=_size(table, labels),
        taken=number(labels.n_labels, taken.one, taken.several),
        names=labels.names,
        passed=_passed(table, picked),
        notes=notes,
        otherwise=_otherwise(table, picked),
    )
    return Labelled(labels, table, rows, ids, tuple(picked.names), len(taken.kept), account)


def _without(
    labels: LabelMatrix, columns: Sequence[str], options: LabelOptions, notes: list[str]
) -> LabelMatrix:
    names = set(names_in(options.without or ""))
    if unknown := sorted(names - set(labels.names) - set(columns)):
        hint = did_you_mean(unknown[0], labels.names)
        raise DataError(f"--without: there is no label or column {unknown[0]!r}{hint}")
    if out := [name for name in labels.names if name in names]:
        notes.append(f"left out of the labels (--without): {listed(out)}")
    return labels.select([c for c, name in enumerate(labels.names) if name not in names])


def _grouped(
    labels: LabelMatrix, rows: Rows, cells: pd.Series[Any], name: str, notes: list[str]
) -> tuple[LabelMatrix, Rows, tuple[str, ...]]:
    """One sample per id, in the order in which they first appear."""
    import pandas as pd
    from scipy.sparse import csr_array

    from ltmlbench.labels import LabelMatrix

    held = cells.iloc[rows]
    gaps = [row for row, cell in zip(rows, held, strict=True) if is_gap(cell) or str(cell) == ""]
    if gaps:
        raise DataError(f"--id {name}: row {gaps[0]} has no id ({len(gaps)} such rows)")
    codes, different = pd.factorize(held.astype(str))
    first = np.full(len(different), len(rows))
    np.minimum.at(first, codes, np.arange(len(rows)))
    join = csr_array(
        (np.ones(len(codes), dtype=np.int32), (codes, np.arange(len(codes)))),
        shape=(len(different), len(codes)),
    )
    summed: Any = join @ labels.sparse
    summed.data = np.minimum(summed.data, 1)
    notes.append(f"{len(rows)} rows are {len(different)} samples, one per {name!r}")
    return LabelMatrix(summed, labels.names), rows[first], tuple(map(str, different))


def _repeated(table: Table, picked: Pick, grouped: bool, pairs: bool) -> list[str]:
    """That an id repeats, so that a sample may have several rows; and that rows may say no.

    Args:
        grouped: whether the rows of one id are one sample.
        pairs: whether every row holds one tag.
    """
    others = [str(n) for n in table.frame.columns if n not in picked.names]
    named = [n for n in others if is_id(n) and not n.startswith("Unnamed: ")]
    if not named and pairs and len(others) == 1:
        named = others
    looked = {name: look(table.frame[name]).kind for name in named[:1]}
    ids = [name for name, kind in looked.items() if kind not in ("lists", "structs", "empty")]
    different = table.frame[ids[0]].nunique(dropna=True) if ids else 0
    n = len(table.frame)
    if not ids or different == n:
        return []
    notes = []
    if not grouped:
        notes.append(
            f"{ids[0]!r} repeats ({different} different in {n} rows) and every row counts as a "
            f'sample; --id "{short(ids[0])}" makes the rows of one id one sample'
        )
    binary = [name for name in others if pairs and look(table.frame[name]).kind == "binary"]
    if binary:
        notes.append(f"rows where {binary[0]!r} is 0 count like those where it is 1")
    return notes


def _passed(table: Table, picked: Pick) -> dict[str, str]:
    passed = dict(table.unread)
    if picked.kind == "array":
        return passed | {n: "array" for n in table.arrays if n not in picked.names}
    passed |= dict.fromkeys(table.arrays, "array")
    others = [str(name) for name in table.frame.columns if name not in picked.names]
    return passed | {n: picked.passed.get(n) or look(table.frame[n]).why for n in others}


def _size(table: Table, labels: LabelMatrix) -> str:
    if not len(table.frame.columns):
        return number(labels.n_samples, "row")
    columns = number(len(table.frame.columns), "column")
    return f"{number(len(table.frame), 'row')} × {columns}"


def _otherwise(table: Table, picked: Pick) -> str:
    flags = ["--labels", "--without", "--column", "--id"]
    if picked.kind == "tags":
        flags.insert(3, "--separator")
    if table.how.delimiter:
        flags += ["--delimiter", "--no-header" if table.how.header else "--header"]
    if table.how.encoding:
        flags.append("--encoding")
    return ", ".join([*flags, "--format"])
