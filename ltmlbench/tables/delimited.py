"""CSV and its kin: the delimiter, comment lines and line of names are found out, then pandas reads.

Every line is counted before pandas sees it: a line with a field too many or too few would shift
columns or make gaps.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ltmlbench.errors import DataError
from ltmlbench.tables.header import GAPS, NUMBER, check_unique, cleaned, names_columns, numbered
from ltmlbench.tables.options import FileOptions
from ltmlbench.tables.packed import Packed, encoding_of, open_text, spoken
from ltmlbench.tables.table import HowRead, Table
from ltmlbench.tables.words import number, short

if TYPE_CHECKING:
    import pandas as pd

_SAMPLE = 1 << 20
_ROWS = 1000
_ENOUGH = 0.8  # of the lines
_CANONICAL = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?([eE][-+]?\d{1,2})?")  # 007 is no number
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")

Row = list[str]


@dataclass
class Layout:
    """How the lines of a file are to be taken."""

    delimiter: str
    names: Row
    skip: set[int]  # numbers of rows that hold no data, as csv counts them
    header: bool
    sample: list[Row]
    stated: int = 0  # columns that the file says there are
    surplus: int = 0  # empty fields at the end of lines
    notes: list[str] = field(default_factory=list)


def read_delimited(packed: Packed, options: FileOptions, texts: Collection[str]) -> Table:
    """Delimited text. A header may stand in a comment; fields that are empty in every line and
    have no name are no column."""
    encoding, guessed = (options.encoding, False) if options.encoding else encoding_of(packed)
    with open_text(packed, encoding) as stream:
        sample = stream.read(_SAMPLE)
        whole = not stream.read(1)
    layout = _layout(sample, whole, packed.suffix, options)
    with open_text(packed, encoding) as stream:
        n_rows = _count(stream, layout)
    if n_rows == 0:
        raise DataError("there is no row of data" + (" below the names" if layout.header else ""))
    with open_text(packed, encoding) as stream:
        frame = _parse(stream, layout, texts)
    if len(frame) != n_rows:
        raise DataError(f"{n_rows} rows by one count, {len(frame)} by another: are quotes closed?")
    if guessed:
        layout.notes.append(f"the encoding {encoding} is a guess; --encoding says otherwise")
    kept = layout.names[: len(layout.names) - layout.surplus]
    how = HowRead(
        "TSV" if layout.delimiter == "\t" else "CSV",
        encoding=spoken(encoding),
        delimiter=layout.delimiter,
        header=layout.header,
        notes=tuple(layout.notes),
    )
    return Table(packed.path, how, frame[kept])


def _layout(sample: str, whole: bool, suffix: str, options: FileOptions) -> Layout:
    delimiter = options.delimiter
    skip: set[int] = set()
    if match := re.match(r"(?i)sep=(.)\r?\n", sample):  # Excel's own line
        delimiter = delimiter or match[1]
        skip.add(0)
    delimiter = delimiter or _delimiter(sample, whole, suffix)
    rows = _rows(sample, delimiter, whole)[: _ROWS + 100]
    first, comments = _first(rows, skip)
    data = [row for row in rows[first:] if row]
    if not data:
        raise DataError("the file holds no line of data")
    notes = [f"{number(len(comments), 'comment line')} skipped"] if comments else []
    width = max(Counter(map(len, data[1:] or data)).items(), key=lambda item: item[1])[0]
    if len(data) > 2 and len(data[0]) == 1 < width - 1:
        notes.append(f"the line above the names is skipped: {short(data[0][0])}")
        skip.add(next(i for i in range(first, len(rows)) if rows[i]))
        data = data[1:]
    commented = _commented(rows, comments, delimiter, len(data[0]))
    header = options.header
    if header is None:
        header = names_columns(data[0], data[1:201])
        if header is None or (header is False and commented):
            header = commented is None
    skip.update(comments)
    if header:
        skip.add(next(i for i, row in enumerate(rows) if i not in skip and row))
        names, data = data[0], data[1:]
    elif commented:
        names = commented
        notes.append("the names of the columns are taken from the last comment line")
    else:
        names = []
    layout = Layout(delimiter, [], skip, header or commented is not None, data[:_ROWS], notes=notes)
    layout.names = _named(names, data, layout)
    check_unique(layout.names)
    return layout


def _named(names: Row, data: Sequence[Row], layout: Layout) -> Row:
    """Names for all fields of a line."""
    width = max(map(len, data), default=len(names))
    if not names:
        held = max((c + 1 for row in data for c in range(len(row)) if row[c].strip()), default=0)
        layout.stated = held
        return [*numbered(held), *cleaned([""] * width)[held:]]
    if _row_names(names, data, layout.delimiter):
        layout.notes.append("the first field of a line is the name of the row, as R writes it")
        names = ["", *names]
    layout.stated = len(names)
    return cleaned([*names, *[""] * (width - len(names))])


def _row_names(names: Row, data: Sequence[Row], delimiter: str) -> bool:
    """Whether lines begin with a name that the line of names lacks, as R's ``write.table`` leaves
    it: each once, and numbers behind it. In other files a tag too many looks the same."""
    firsts = [row[0] for row in data]
    return (
        delimiter in " \t"
        and len(set(firsts)) == len(firsts) > 0
        and not set(firsts) <= {"0", "1"}
        and all(len(row) == len(names) + 1 for row in data)
        and all(NUMBER.fullmatch(cell) or cell in GAPS for row in data for cell in row[1:])
        and any(row[-1] for row in data)
    )


def _first(rows: Sequence[Row], skip: set[int]) -> tuple[int, list[int]]:
    """Where the data begins, and which rows before it are comments."""
    comments: list[int] = []
    for i, row in enumerate(rows):
        if i in skip or not row:
            continue
        if not row[0].startswith("#"):
            return i, comments
        comments.append(i)
    return (0, [])  # every line begins so: these are hash tags


def _commented(
    rows: Sequence[Row], comments: Sequence[int], delimiter: str, width: int
) -> Row | None:
    """Names in the last comment, if they are as many as the fields below."""
    if not comments:
        return None
    line = delimiter.join(rows[comments[-1]]).lstrip("#").strip()
    names = next(iter(csv.reader([line], delimiter=delimiter, skipinitialspace=True)), [])
    return names if len(names) == width else None


def _rows(text: str, delimiter: str, whole: bool) -> list[Row]:
    rows = [row for _, row in _csv(io.StringIO(text, newline=""), delimiter)]
    return rows if whole or len(rows) < 2 else rows[:-1]  # the last is cut


@contextmanager
def _long_fields() -> Iterator[None]:
    """csv refuses texts of more than 128 KB otherwise."""
    before = csv.field_size_limit(1 << 30)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _csv(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, Row]]:
    """The rows of a text and the lines they end in; lines of blanks are empty rows."""
    if delimiter == " ":
        lines = (line.strip(" \r\n") + "\n" for line in lines)
    with _long_fields():
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        for row in reader:
            held = len(row) > 1 or any(cell.strip() for cell in row)
            yield reader.line_num, row if held else []


def _delimiter(sample: str, whole: bool, suffix: str) -> str:
    """The mark that parts most lines into equally many fields, and into most; a comma if none does.

    Blanks come last, and commas that all stand between digits after semicolons: they are decimal.
    """
    usual = "\t" if suffix == ".tsv" else ","
    parted = {mark: _parted(sample, mark, whole) for mark in "\t,;|"}
    if parted[";"][0] == 1 and len(re.findall(r"\d,\d", sample)) == sample.count(","):
        return ";"
    best = max(parted, key=lambda mark: (*parted[mark], mark == usual))
    if parted[best][0] == 0 and _parted(sample, " ", whole)[0] >= _ENOUGH:
        return " "
    return best if parted[best][0] >= _ENOUGH else usual


def _parted(sample: str, mark: str, whole: bool) -> tuple[float, int]:
    """Which share of the lines has the same number of fields, and that number; 0 if it is one."""
    rows = [row for row in _rows(sample, mark, whole)[:_ROWS] if row and row[0][:1] != "#"]
    if not rows:
        return 0.0, 0
    width, times = Counter(map(len, rows)).most_common(1)[0]
    n = len(rows)
    if len(rows[0]) == 1 < width - 1:
        rows = rows[1:]  # a title, which speaks a little against the mark
    if width == 1 or len(rows[0]) == 1 or len(rows[0]) not in (width, width - 1):
        return 0.0, 0
    times += len(rows[0]) == width - 1  # the line of names may lack that of the rows' names
    return times / n, width


def _count(stream: Iterable[str], layout: Layout) -> int:
    """Rows of data, after a look at every line.

    Raises:
        DataError: a line has fewer fields than there are names, or more that are not empty.
    """
    names = layout.names
    named = 1 + max((c for c, name in enumerate(names) if not _nameless(name)), default=-1)
    used, narrowest, n_rows, odd, empty = named, (len(names), 0), 0, 0, 0
    for i, (line, row) in enumerate(_csv(stream, layout.delimiter)):
        if i in layout.skip or not row:
            continue
        width = len(row)
        if row[0].startswith("#") and width < named:
            layout.skip.add(i)
            odd += 1
            continue
        if width > 1 and not any(cell.strip() for cell in row):
            layout.skip.add(i)
            empty += 1
            continue
        n_rows += 1
        if width < named:
            raise DataError(_misfit(line, row, named, layout))
        if width > used:
            held = max((c + 1 for c in range(used, width) if row[c].strip()), default=used)
            if held > layout.stated:
                raise DataError(_misfit(line, row, layout.stated, layout))
            used = held
            names.extend(cleaned([""] * width)[len(names) :])
        narrowest = min(narrowest, (width, line))
    if narrowest[0] < used:
        raise DataError(f"line {narrowest[1]} has {narrowest[0]} fields, others have {used}")
    if odd:
        layout.notes.append(f"{number(odd, 'line')} among the data that begin with # skipped")
    if empty:
        layout.notes.append(f"{number(empty, 'line')} of delimiters alone skipped")
    layout.surplus = len(names) - used
    if layout.surplus:
        layout.notes.append("lines end with a delimiter; the empty fields behind it are no column")
    return n_rows


def _nameless(name: str) -> bool:
    return name.startswith("Unnamed: ")


def _misfit(line: int, row: Row, needed: int, layout: Layout) -> str:
    shown = short(layout.delimiter.join(row))
    if len(row) < needed:
        return f"line {line} has {number(len(row), 'field')}, not {needed}: {shown}"
    return (
        f"line {line} has {number(len(row), 'field')}, not {needed} ({shown}): quote cells that "
        f"hold {layout.delimiter!r}, or say --delimiter"
    )


def _parse(stream: io.TextIOWrapper, layout: Layout, texts: Collection[str]) -> pd.DataFrame:
    import pandas as pd

    comma = layout.delimiter == ";" and any(
        _DECIMAL_COMMA.fullmatch(cell.strip()) for row in layout.sample for cell in row
    )
    numeric = [
        name
        for c, name in enumerate(layout.names)
        if name.lower() not in texts
        and _numeric([row[c] for row in layout.sample if c < len(row)], comma)
    ]
    as_text = {name: str for name in layout.names if name not in numeric}
    return pd.read_csv(
        stream,
        sep=r"\s+" if layout.delimiter == " " else layout.delimiter,
        header=None,
        names=layout.names,
        skiprows=sorted(layout.skip),
        index_col=False,
        dtype=as_text,
        na_values={name: list(GAPS) for name in numeric},
        keep_default_na=False,
        skipinitialspace=True,
        decimal="," if comma else ".",
        low_memory=False,
    )


def _numeric(cells: Sequence[str], comma: bool) -> bool:
    held = [cell.strip() for cell in cells]
    held = [cell.replace(",", ".") if comma else cell for cell in held if cell not in GAPS]
    return bool(held) and all(map(_CANONICAL.fullmatch, held))
