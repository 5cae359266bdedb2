"""A file in memory: named columns, arrays, and how it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_DELIMITERS = {"\t": "tabs", " ": "blanks"}


@dataclass(frozen=True)
class HowRead:
    """What was found out about a file.

    Args:
        format: as people call it ("CSV").
        compression: gzip, bz2, xz, zstd, zip; None if there is none.
        encoding: of text.
        delimiter: between the fields of a line.
        header: whether the first line names the columns; None where the format does it itself.
        notes: what was skipped, mended or guessed, a line each.
    """

    format: str
    compression: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        details = [
            self.compression,
            self.delimiter
            and f"{_DELIMITERS.get(self.delimiter, repr(self.delimiter))} between fields",
            self.encoding,
            {None: None, True: "names in the first line", False: "no line of names"}[self.header],
        ]
        told = ", ".join(detail for detail in details if detail)
        return f"{self.format} ({told})" if told else self.format


@dataclass(frozen=True)
class Hint:
    """What a file itself says about its labels; neither is set where it should have said so, as in
    ARFF, whose features hold 0 and 1 too: then nothing is guessed.

    Args:
        why: where it says so, or what it lacks.
        labels: as `LabelOptions.labels`.
        column: as `LabelOptions.column`.
    """

    why: str
    labels: str | None = None
    column: str | None = None


@dataclass(frozen=True)
class Table:
    """N rows of a file.

    Args:
        path: the file or folder.
        how: how it was read.
        frame: N × columns; names are strings without blanks around them, and never repeat. Fields
            of structs are columns of their own, ``objects.category``.
        arrays: name -> array or SciPy CSR matrix, of .npz, .npy and LibSVM files; they are loaded
            when they are asked for, and not all need to have N rows.
        hint: what the file itself says about its labels.
        classes: column of integer classes -> their names, where the file tells them.
        unread: column -> why it was not read.
    """

    path: Path
    how: HowRead
    frame: pd.DataFrame
    arrays: Mapping[str, Any] = field(default_factory=dict)
    hint: Hint | None = None
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
