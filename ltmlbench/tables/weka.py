"""ARFF, as Weka, MOA, MEKA and MULAN write it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from ltmlbench.errors import DataError
from ltmlbench.tables.options import FileOptions
from ltmlbench.tables.packed import Packed, spoken, text_of
from ltmlbench.tables.table import Hint, HowRead, Table

if TYPE_CHECKING:
    import pandas as pd

_DATE = re.compile(r"(?i)^(\s*@attribute\s+(?:'(?:\\.|[^'])*'|\"(?:\\.|[^\"])*\"|\S+)\s+)date\b.*$")
_TOKEN = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|[^\s,'\"]+")


def read_arff(packed: Packed, options: FileOptions, texts: Collection[str]) -> Table:
    """Dense or sparse ARFF. MEKA's ``-C n`` in the relation's name, or a MULAN .xml beside the
    file, says which attributes are labels."""
    import arff

    text, encoding, guessed = text_of(packed, options.encoding)
    notes = [f"the encoding {encoding} is a guess; --encoding says otherwise"] if guessed else []
    sparse = re.search(r"(?im)^\s*@data\s*(%.*\s*)*\{", text) is not None
    try:
        given = arff.loads(
            _as_liac(text, sparse, notes), return_type=arff.LOD if sparse else arff.DENSE
        )
    except arff.ArffException as error:
        raise DataError(str(error).splitlines()[0]) from None
    names = [re.sub(r"\\(.)", r"\1", name) for name, _ in given["attributes"]]  # it\'s
    if not given["data"]:
        raise DataError("there is no row of data")
    kinds = [kind for _, kind in given["attributes"]]
    frame = _sparse(given["data"], names, kinds) if sparse else _dense(given["data"], names)
    form = "sparse ARFF" if sparse else "ARFF"
    how = HowRead(form, encoding=spoken(encoding), notes=tuple(notes))
    return Table(packed.path, how, frame, hint=_hint(given["relation"], packed.path))


def _hint(relation: str, path: Path) -> Hint:
    if meka := re.search(r"-C\s+(-?\d+)", relation):
        # MEKA counts the first n as labels, the last n if negative
        return Hint(f"{meka[0]!r} in the relation's name", str(-int(meka[1])))
    beside = path.with_suffix(".xml")
    if beside.exists():
        return Hint(f"{beside.name} beside the file", str(beside))
    return Hint("nothing says which attributes are labels: give --labels N, names, or an .xml")


def _as_liac(text: str, sparse: bool, notes: list[str]) -> str:
    """What Weka reads and liac-arff does not: dates, tabs or blanks between values, commas at the
    end of lines."""
    lines = iter(text.splitlines())
    n = 0
    mended: dict[str, None] = {}
    out: list[str] = []
    for line in lines:
        if re.match(r"(?i)\s*@attribute\b", line):
            n += 1
            if re.match(_DATE, line):
                line = re.sub(_DATE, r"\1string", line)
        out.append(line)
        if re.match(r"(?i)\s*@data\b", line):
            break
    for line in lines:
        body = line.strip()
        if body and body[0] != "%":
            line = _mended(body, n, sparse, mended)
        out.append(line)
    notes.extend(mended)
    return "\n".join(out)


def _mended(line: str, n: int, sparse: bool, mended: dict[str, None]) -> str:
    if sparse:
        return re.sub(r",\s*\}$", "}", line)
    if line.endswith(","):
        mended["lines end with a comma, which is no value"] = None
        line = line.rstrip(", \t") if line.count(",") >= n else line
    tokens = _TOKEN.findall(line)
    if n > 1 and len(tokens) == n and "," not in re.sub(_TOKEN, "", line):
        mended["blanks or tabs stand between values"] = None
        return ",".join(tokens)
    return line


def _dense(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    columns = dict(enumerate(zip(*rows, strict=True)))
    frame = pd.DataFrame(
        {c: pd.Series(v, dtype=object).infer_objects() for c, v in columns.items()}
    )
    frame.columns = pd.Index(names)
    return frame


def _sparse(
    rows: Sequence[dict[int, Any]], names: Sequence[str], kinds: Sequence[Any]
) -> pd.DataFrame:
    """What a row does not name is 0, or the first value of a nominal attribute (as in Weka)."""
    import numpy as np
    import pandas as pd

    held: list[list[tuple[int, Any]]] = [[] for _ in names]
    for i, row in enumerate(rows):
        for c, value in row.items():
            held[c].append((i, value))
    columns: dict[int, Any] = {}
    for c, (cells, kind) in enumerate(zip(held, kinds, strict=True)):
        first = kind[0] if isinstance(kind, list) and kind else 0.0
        values = [value for _, value in cells]
        at = [i for i, _ in cells]
        if first in (0.0, "0") and all(_number(value) for value in values):
            numbers = np.array([np.nan if v is None else float(v) for v in values])
            whole: Any = np.zeros(len(rows))
            whole[at] = numbers
            columns[c] = pd.arrays.SparseArray(whole, fill_value=0.0)
        else:
            whole = np.full(len(rows), first, dtype=object)
            whole[at] = values
            columns[c] = pd.Series(whole)
    frame = pd.DataFrame(columns)
    frame.columns = pd.Index(names)
    return frame


def _number(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    return value is None or isinstance(value, int | float)


def mulan_names(path: Path) -> list[str]:
    """Label names of a MULAN .xml file, ``<labels><label name="..."/></labels>``.

    Raises:
        DataError: the file cannot be read or names no label.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError, ValueError, LookupError) as error:
        raise DataError(f"{path}: {error}") from None
    labels = [e for e in root.iter() if e.tag.rpartition("}")[2] == "label"]
    names = [label.attrib["name"] for label in labels if "name" in label.attrib]
    if not names:
        raise DataError(f'{path}: there is no <label name="..."/>')
    return names
