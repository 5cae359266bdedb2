"""Reads a label matrix from a file: CSV, parquet, npz, ARFF, JSON lines."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from ltmlbench.errors import DataError
from ltmlbench.labels import LabelMatrix

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = ("|", ";", ",")


@dataclass(frozen=True)
class Reading:
    """How to find the labels in a file.

    Args:
        column: the column (JSON: key) that holds tags.
        separator: between the tags of one cell; found by itself where only one of ``| ; ,`` occurs.
        labels: which 0/1 columns are the labels: names, a number (the last n columns, the first n
            if negative), or a MULAN .xml file; None takes every column that holds only 0 and 1.
    """

    column: str | None = None
    separator: str | None = None
    labels: str | None = None


def read_labels(path: Path, reading: Reading | None = None) -> LabelMatrix:
    """The label matrix of a file, or of all ``.jsonl`` files of a folder.

    Raises:
        DataError: the file is not there, cannot be read, or its labels cannot be told.
    """
    reading = reading or Reading()
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder")
    readers: dict[str, Callable[[Path, Reading], LabelMatrix]] = {
        ".csv": _csv,
        ".tsv": _csv,
        ".parquet": _parquet,
        ".npz": _npz,
        ".arff": _arff,
        ".jsonl": lambda file, how: _json_lines([file], how),
        ".ndjson": lambda file, how: _json_lines([file], how),
    }
    read = _folder if path.is_dir() else readers.get(path.suffix.lower())
    if read is None:
        raise DataError(
            f"{path}: {path.suffix or 'a file without suffix'} is not among {', '.join(readers)}"
        )
    try:
        return read(path, reading)
    except DataError as error:
        raise DataError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(f"{path}: cannot be read: {first}") from None


def _folder(path: Path, reading: Reading) -> LabelMatrix:
    files = sorted([*path.glob("*.jsonl"), *path.glob("*.ndjson")])
    if not files:
        raise DataError(f"{path}: the folder holds no .jsonl file")
    return _json_lines(files, reading)


def _csv(path: Path, reading: Reading) -> LabelMatrix:
    import pandas as pd

    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    as_written: Any = {"dtype": str, "keep_default_na": False}  # 007 and NA are tags
    header = pd.read_csv(path, sep=separator, header=None, nrows=1, **as_written).iloc[0]
    if repeated := header[header.duplicated() & (header != "")].tolist():
        raise DataError(f"column names repeat: {', '.join(repeated[:5])}")
    frame = pd.read_csv(path, sep=separator, **(as_written if reading.column is not None else {}))
    return _from_frame(frame, reading)


def _parquet(path: Path, reading: Reading) -> LabelMatrix:
    import pandas as pd

    return _from_frame(pd.read_parquet(path), reading)


def _from_frame(frame: pd.DataFrame, reading: Reading) -> LabelMatrix:
    frame = frame.rename(columns=str)
    if reading.column is None:
        return _from_columns(frame, reading.labels)
    if reading.column not in frame.columns:
        raise DataError(
            f"there is no column {reading.column!r}; columns: {', '.join(frame.columns[:20])}"
        )
    cells = frame[reading.column]
    if cells.map(lambda cell: isinstance(cell, list | tuple | np.ndarray)).any():
        return LabelMatrix.from_tags(
            [list(cell) if isinstance(cell, list | tuple | np.ndarray) else [] for cell in cells]
        )
    return LabelMatrix.from_tags(_split(cells, reading))


def _split(cells: pd.Series[Any], reading: Reading) -> list[list[str]]:
    """Tags of one string cell per row; an empty cell has none."""
    texts = [
        "" if gap else str(cell).strip() for cell, gap in zip(cells, cells.isna(), strict=True)
    ]
    separator = reading.separator
    if separator is None:
        found = [mark for mark in SEPARATORS if any(mark in text for text in texts)]
        if len(found) > 1:
            raise DataError(
                f"column {reading.column!r} holds {' and '.join(map(repr, found))}: "
                "say which one separates tags with --separator"
            )
        separator = found[0] if found else SEPARATORS[0]
    rows = []
    for i, text in enumerate(texts):
        tags = [tag.strip() for tag in text.split(separator)] if text else []
        if "" in tags:
            raise DataError(f"row {i}: empty tag in {text!r}")
        rows.append(tags)
    return rows


def _from_columns(frame: pd.DataFrame, labels: str | None) -> LabelMatrix:
    """0/1 columns: those asked for, or all that hold nothing but 0 and 1."""
    if labels is not None:
        names = _named(list(frame.columns), labels)
    else:
        if gaps := [name for name in frame.columns if _binary_with_gaps(frame[name])]:
            raise DataError(
                f"column {gaps[0]!r} holds gaps beside 0 and 1: fill them, or say which columns "
                "are labels with --labels"
            )
        names = [name for name in frame.columns if _binary(frame[name])]
        if len(names) < 2:
            raise DataError(
                "fewer than two columns hold only 0 and 1: name the column of tags with --column; "
                f"columns: {', '.join(frame.columns[:20])}"
            )
    return _checked(frame, names)


def _checked(frame: pd.DataFrame, names: list[str]) -> LabelMatrix:
    for name in names:
        if not _binary(frame[name]):
            raise DataError(f"column {name!r} holds values other than 0 and 1, or gaps")
    return LabelMatrix(frame[names].to_numpy(dtype=np.uint8), names)


def _binary(column: pd.Series[Any]) -> bool:
    if column.dtype == object or column.isna().any():  # lists are objects
        return False
    return all(
        isinstance(v, int | float | np.number | np.bool_ | bool) and v in (0, 1)
        for v in column.unique()
    )


def _binary_with_gaps(column: pd.Series[Any]) -> bool:
    held = column.dropna()
    return 0 < len(held) < len(column) and _binary(held.infer_objects())


def _named(columns: Sequence[str], labels: str) -> list[str]:
    if re.fullmatch(r"-?\d+", labels):
        n = int(labels)
        if not 2 <= abs(n) <= len(columns):
            raise DataError(f"--labels {n}: the file has {len(columns)} columns")
        return list(columns[-n:] if n > 0 else columns[:-n])
    if labels.endswith(".xml"):
        names = _mulan(Path(labels))
    else:
        names = [name.strip() for name in labels.split(",")]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"--labels: {twice!r} is named twice")
    missing = [name for name in names if name not in columns]
    if missing:
        raise DataError(f"--labels: there is no column {missing[0]!r} ({len(missing)} missing)")
    return names


def _mulan(path: Path) -> list[str]:
    """Label names of a MULAN .xml file, ``<labels><label name="..."/></labels>``."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise DataError(f"{path}: {error}") from None
    labels = [e for e in root.iter() if e.tag.rpartition("}")[2] == "label"]
    names = [label.attrib["name"] for label in labels if "name" in label.attrib]
    if not names:
        raise DataError(f'{path}: there is no <label name="..."/>')
    return names


def _npz(path: Path, reading: Reading) -> LabelMatrix:
    """SciPy's sparse .npz, or arrays ``Y`` and, for the names, ``labels`` (or ``names``)."""
    from scipy import sparse

    if not zipfile.is_zipfile(path):
        raise DataError("cannot be read: no zip archive of arrays, as numpy.savez writes it")
    with np.load(path, allow_pickle=False) as arrays:
        if "format" in arrays and "shape" in arrays:
            return LabelMatrix(sparse.load_npz(path))
        held = {name.lower(): name for name in arrays.files}
        if "y" not in held:
            raise DataError(f"no array 'Y' (N×C of 0 and 1); arrays: {', '.join(arrays.files)}")
        names = next(
            (arrays[held[n]] for n in ("labels", "names", "label_names") if n in held), None
        )
        return LabelMatrix(arrays[held["y"]], None if names is None else [str(n) for n in names])


def _arff(path: Path, reading: Reading) -> LabelMatrix:
    """Dense or sparse ARFF. The labels: ``labels``, or MEKA's ``-C n`` in the relation's name, or
    a MULAN .xml beside the file."""
    import arff
    import pandas as pd

    text = path.read_text(encoding="utf-8", errors="replace")
    sparse_rows = re.search(r"(?im)^@data\s*\{", text) is not None
    try:
        given = arff.loads(text, return_type=arff.LOD if sparse_rows else arff.DENSE)
    except arff.ArffException as error:
        raise DataError(f"{path}: {str(error).splitlines()[0]}") from None
    columns = [re.sub(r"\\(.)", r"\1", name) for name, _ in given["attributes"]]  # it\'s
    meka = re.search(r"-C\s+(-?\d+)", given["relation"])
    beside = path.with_suffix(".xml")
    labels = reading.labels
    if labels is None and meka:  # MEKA counts the first n as labels, the last n if negative
        labels = str(-int(meka[1]))
    elif labels is None and beside.exists():
        labels = str(beside)
    if labels is None:
        raise DataError(
            f"{path}: nothing says which attributes are labels: give --labels N, names, or an .xml"
        )
    chosen = _named(columns, labels)
    if sparse_rows:
        index = [columns.index(name) for name in chosen]
        rows = [[row.get(c, 0) for c in index] for row in given["data"]]
        frame = pd.DataFrame(rows, columns=chosen)
    else:
        frame = pd.DataFrame(given["data"], columns=columns)[chosen]
    return _checked(frame.apply(pd.to_numeric, errors="coerce"), chosen)


def _json_lines(files: Sequence[Path], reading: Reading) -> LabelMatrix:
    """One JSON object per line; the tags are the list at key ``column``, or at the only key that
    holds a list of strings."""
    rows = []
    key = reading.column
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1):
            if not line.strip():
                continue
            where = f"{file}, line {number}"
            try:
                value = json.loads(line)
            except ValueError as error:
                raise DataError(f"{where}: {error}") from None
            if not isinstance(value, dict):
                raise DataError(f"{where}: a JSON object is needed, not {type(value).__name__}")
            if key is None:
                lists = [k for k, v in value.items() if isinstance(v, list)]
                if len(lists) != 1:
                    raise DataError(
                        f"{where}: {len(lists)} keys hold lists; name the tags' key with --column"
                    )
                key = lists[0]
            if not isinstance(value.get(key), list):
                raise DataError(f"{where}: no list of tags at key {key!r}")
            if bad := [tag for tag in value[key] if not isinstance(tag, str) or not tag]:
                raise DataError(f"{where}: {bad[0]!r} is no tag: tags are strings, not empty")
            rows.append(value[key])
    return LabelMatrix.from_tags(rows)
