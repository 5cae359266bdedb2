"""Any file -> a table, with an account of how it was read."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from ltmlbench.errors import DataError, LtmlbenchError
from ltmlbench.tables.header import check_unique
from ltmlbench.tables.options import FileOptions
from ltmlbench.tables.packed import Packed, format_of, packed_file
from ltmlbench.tables.table import HowRead, Table
from ltmlbench.tables.words import listed, number, printable, short

# the last: names of columns, in lower case, whose cells have to stay as they are written
Reader = Callable[[Packed, FileOptions, Collection[str]], Table]

_READERS = {
    "csv": "delimited:read_delimited",
    "xlsx": "sheets:read_sheet",
    "json": "records:read_json",
    "jsonl": "records:read_json_lines",
    "parquet": "columnar:read_parquet",
    "arrow": "columnar:read_arrow",
    "arff": "weka:read_arff",
    "npz": "arrays:read_npz",
    "npy": "arrays:read_npy",
    "svmlight": "svmlight:read_svmlight",
    "lists": "svmlight:read_lists",
}
_PARTS = (".jsonl", ".ndjson", ".parquet", ".csv", ".tsv", ".arff")
_MOST = 600


def read_table(
    path: Path, options: FileOptions | None = None, *, texts: Collection[str] = ()
) -> Table:
    """The table of a file, or of the parts in a folder.

    Args:
        options: how the file is written; what is not said is found out.
        texts: columns whose cells have to stay as they are written; case does not matter.

    Raises:
        DataError: the file is not there or cannot be read: one line, which names the file.
    """
    texts = {name.strip().lower() for name in texts}
    with one_line(path):
        if not path.exists():
            raise DataError("there is no such file or folder")
        if path.is_dir():
            return _read_folder(path, options or FileOptions(), texts)
        return _read_file(path, options or FileOptions(), texts)


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Makes every failure one line that names the file.

    The parsers behind this meet bytes that nobody foresaw and raise whatever they like; warnings
    of theirs say nothing that our own account does not.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except LtmlbenchError as error:
        told = printable(error)
        told = told if printable(path) in told else f"{printable(path)}: {told}"
        raise type(error)(short(told, _MOST)) from None
    except MemoryError:
        raise DataError(f"{printable(path)}: needs more memory than there is") from None
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        other = "; --encoding names another encoding" if isinstance(error, UnicodeError) else ""
        told = f"{printable(path)}: cannot be read: {printable(lines[0])}{other}"
        raise DataError(short(told, _MOST)) from None


def _read_file(path: Path, options: FileOptions, texts: Collection[str]) -> Table:
    packed = packed_file(path)
    form = options.format or format_of(packed)
    module, _, function = _READERS[form].partition(":")
    read: Reader = getattr(import_module(f"ltmlbench.tables.{module}"), function)
    table = read(packed, options, texts)
    check_unique([str(name) for name in table.frame.columns])
    how = table.how
    unused = [
        f"{flag} has no effect: {how.format} says it itself"
        for flag, told, used in (
            ("--delimiter", options.delimiter, how.delimiter),
            ("--encoding", options.encoding, how.encoding),
            ("--header", options.header, how.header),
        )
        if told is not None and used is None
    ]
    notes = (*how.notes, *unused)
    return replace(table, how=replace(how, compression=packed.compression, notes=notes))


def _read_folder(path: Path, options: FileOptions, texts: Collection[str]) -> Table:
    """The files of a folder as one table; they have to be of one kind."""
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in _PARTS)
    kinds = sorted({file.suffix.lower() for file in found})
    if len(kinds) != 1:
        held = f"files of several kinds ({listed(kinds)})" if kinds else "no file of labels"
        raise DataError(
            f"the folder holds {held}: name one file, or a folder of {', '.join(_PARTS)}"
        )
    parts = [_read_part(file, options, texts) for file in found]
    return _joined(path, [part for part in parts if part is not None])


def _read_part(file: Path, options: FileOptions, texts: Collection[str]) -> Table | None:
    if file.is_file() and file.stat().st_size == 0:
        return None
    with one_line(file):
        table = _read_file(file, options, texts)
    return table if len(table.frame.columns) else None


def _joined(path: Path, parts: Sequence[Table]) -> Table:
    import pandas as pd

    if not parts:
        raise DataError("the files of the folder are empty")
    first = parts[0]
    json = first.how.format.startswith("JSON")  # a record need not name every key
    for part in parts[1:]:
        if not json and set(part.frame.columns) != set(first.frame.columns):
            differ = sorted(set(part.frame.columns) ^ set(first.frame.columns))
            raise DataError(
                f"{part.path.name} and {first.path.name} have other columns: {listed(differ)}"
            )
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    notes = [note for part in parts for note in part.how.notes]
    how = HowRead(
        f"{number(len(parts), 'file')} of {first.how.format}",
        first.how.compression,
        first.how.encoding,
        first.how.delimiter,
        first.how.header,
        tuple(dict.fromkeys(notes)),
    )
    return replace(first, path=path, how=how, frame=frame)
