"""What a person may say about a file: how it is written, and where its labels are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ltmlbench.errors import RequestError

FORMATS = (
    "csv",
    "xlsx",
    "json",
    "jsonl",
    "parquet",
    "arrow",
    "arff",
    "npz",
    "npy",
    "svmlight",
    "lists",
)


@dataclass(frozen=True)
class FileOptions:
    """How a file is written; what is None is found out.

    Args:
        format: one of `FORMATS`.
        delimiter: between the fields of a line of text; ``"\\t"`` or the word ``tab`` for tabs.
        encoding: of text, as Python names it.
        header: whether the first line names the columns.
    """

    format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            raise RequestError(f"--format {self.format}: one of {', '.join(FORMATS)} is needed")
        if self.delimiter is not None:
            named = {"tab": "\t", "\\t": "\t", "space": " "}
            object.__setattr__(self, "delimiter", named.get(self.delimiter, self.delimiter))
            if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
                raise RequestError(f"--delimiter {self.delimiter!r}: one character, or tab")
        if self.encoding is not None:
            _check_encoding(self.encoding)


@dataclass(frozen=True)
class LabelOptions:
    """Where the labels of a table are.

    Args:
        column: the column, array or JSON key that holds tags.
        labels: which columns of 0 and 1 are labels: names, a number (the last n columns, the first
            n if negative) or a MULAN .xml file; with ``column``, the tags to keep. None takes every
            column that holds only 0 and 1.
        without: names of columns or tags that are no labels.
        id: the column that names samples; rows of one id are one sample, which holds the labels of
            all of them.
        separator: between the tags of one cell; found out where there is no doubt. ``"none"``:
            every cell is one tag.
        uncertain: what -1 counts as; ``"drop"`` leaves its samples out. None refuses -1.
        gaps: what a gap beside 0 and 1 counts as. None refuses gaps.
    """

    column: str | None = None
    labels: str | None = None
    without: str | None = None
    id: str | None = None
    separator: str | None = None
    uncertain: Literal["0", "1", "drop"] | None = None
    gaps: Literal["0", "drop"] | None = None

    def __post_init__(self) -> None:
        given = (self.column, self.labels, self.without, self.id, self.separator)
        flags = ("--column", "--labels", "--without", "--id", "--separator")
        for flag, value in zip(flags, given, strict=True):
            if value == "" or (value and flag != "--separator" and not value.strip(" ,")):
                raise RequestError(f"{flag} {value!r}: something has to stand here")

    @property
    def texts(self) -> tuple[str, ...]:
        """Columns whose cells have to stay as they are written: 007 and NA are tags."""
        return tuple(name for name in (self.column, self.id) if name is not None)


def _check_encoding(name: str) -> None:
    try:
        "".encode(name)
    except (LookupError, UnicodeError, ValueError):
        raise RequestError(
            f"--encoding {name}: Python knows no text encoding of this name; "
            "utf-8, utf-16, latin-1 and gbk are some"
        ) from None
