"""LibSVM text (labels before features; the extreme-classification repository puts a line of three
numbers above it), and lists of label numbers, with or without a path before them."""

from __future__ import annotations

import io
import re
from collections.abc import Collection

import numpy as np

from ltmlbench.errors import DataError
from ltmlbench.tables.options import FileOptions
from ltmlbench.tables.packed import Packed, spoken, text_of
from ltmlbench.tables.table import Hint, HowRead, Table
from ltmlbench.tables.words import number, short

TAGS = "labels"
_HINT = Hint("the format", column=TAGS)


def read_svmlight(packed: Packed, options: FileOptions, texts: Collection[str]) -> Table:
    """Labels as the column ``labels`` (lists of numbers), features as the sparse array ``X``."""
    import pandas as pd
    from sklearn.datasets import load_svmlight_file

    content = packed.content()
    first, _, rest = content.partition(b"\n")
    sizes = re.fullmatch(rb"\s*(\d+)\s+(\d+)\s+(\d+)\s*", first)
    body = rest if sizes else content
    width = {"n_features": int(sizes[2]), "zero_based": True} if sizes else {"zero_based": "auto"}
    X, rows = load_svmlight_file(io.BytesIO(body), multilabel=True, **width)
    labels = [[_class(label) for label in row] for row in rows]
    notes = []
    blank = sum(1 for line in body.splitlines() if not line.strip())
    if sizes:
        n, _, c = (int(size) for size in sizes.groups())
        highest = max((label for row in labels for label in row), default=-1)
        if len(labels) != n:
            raise DataError(f"the first line says {n} rows, there are {len(labels)}")
        if highest >= c:
            raise DataError(f"the first line says {c} labels, counted from 0; there is {highest}")
        notes.append(f"the first line says {n} rows, {sizes[2].decode()} features, {c} labels")
    elif blank:
        notes.append(f"{number(blank, 'blank line')} skipped")
    how = HowRead("LibSVM text", notes=tuple(notes))
    frame = pd.DataFrame({TAGS: pd.Series(labels, dtype=object)})
    return Table(packed.path, how, frame, arrays={"X": X}, hint=_HINT)


def _class(label: float) -> int:
    if not np.isfinite(label) or label != int(label):
        raise DataError(f"the label {label:g} is no whole number: is this regression?")
    return int(label)


def read_lists(packed: Packed, options: FileOptions, texts: Collection[str]) -> Table:
    """Lines of label numbers with blanks between; a first word that is no number names the row."""
    import pandas as pd

    text, encoding, _ = text_of(packed, options.encoding)
    lines = [line.split() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    named = all(words and not words[0].isdigit() for words in lines)
    labels: list[list[int]] = []
    for i, words in enumerate(lines):
        held = words[1:] if named else words
        if odd := next((word for word in held if not word.isdigit()), None):
            raise DataError(f"line {i + 1}: {short(odd)} is no label number")
        labels.append([int(word) for word in held])
    columns = {"path": pd.Series([words[0] for words in lines])} if named else {}
    frame = pd.DataFrame({**columns, TAGS: pd.Series(labels, dtype=object)})
    what = "lines of a name and label numbers" if named else "lines of label numbers"
    return Table(packed.path, HowRead(what, encoding=spoken(encoding)), frame, hint=_HINT)
