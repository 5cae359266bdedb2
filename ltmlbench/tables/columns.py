"""What the columns of a table hold, and which of them can be labels."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from ltmlbench.errors import DataError, did_you_mean
from ltmlbench.tables.header import GAPS
from ltmlbench.tables.tags import is_gap
from ltmlbench.tables.texts import is_list
from ltmlbench.tables.words import listed, number, short

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["binary", "words", "numbers", "text", "lists", "structs", "empty"]
Floats = npt.NDArray[np.float64]
Signs = npt.NDArray[np.int8]
GAP = -128

_WORDS = {"yes": 1, "no": 0, "y": 1, "n": 0, "t": 1, "f": 0, "positive": 1, "negative": 0}
_WORDS |= {"present": 1, "absent": 0}
_PAIRS = (("yes", "no"), ("y", "n"), ("t", "f"), ("positive", "negative"), ("present", "absent"))
_TRUTH = {"true": 1.0, "false": 0.0}
_UNKNOWN = (9, 88, 99, 999)  # what questionnaires write for "unknown"
_LOOKED = 10_000  # numbers of which the different ones are told
_MOST = 12  # different values that are looked at
_ID = re.compile(
    r"(?i:unnamed: \d+|index|idx|ids?|key|row|nr|no|number|image|file|filename|path|name)"
    r"|.*(?i:[_ .-]ids?|[_ ]index|filename)|.*[a-z]I[dD]s?"
)
_TAGGED = re.compile(
    r"(?i).*(?<![a-z])(multi_?)?(labels?|labelname|tags?|class(es)?|categor(y|ies)|genres?|topics?|"
    r"findings?|targets?|keywords?|annotations?|diagnos[ei]s)(?![a-z]).*"
)


@dataclass(frozen=True)
class Column:
    """What one column holds.

    Args:
        kind: ``binary``: 0, 1, -1 and gaps alone; ``words``: yes and no and their kin.
        why: in words, why it is no label.
        values: of ``binary`` and ``words``: N of 0, 1, -1 and `GAP`.
        almost: that it holds 0 and 1 and few other values, which may mean "unknown".
    """

    kind: Kind
    why: str
    values: Signs | None = None
    almost: bool = False


def look(cells: pd.Series[Any]) -> Column:
    """What a column holds."""
    import pandas as pd

    if isinstance(cells.dtype, pd.SparseDtype):
        cells = pd.Series(cells.to_numpy())
    kind = cells.dtype.kind if isinstance(cells.dtype, np.dtype) else "O"
    if kind in "biuf":
        return _numbers(cells.to_numpy(dtype=np.float64))
    if kind in "mM" or isinstance(cells.dtype, pd.DatetimeTZDtype):
        return Column("text", "dates")
    return _objects(cells)


def _numbers(values: Floats) -> Column:
    missing = np.isnan(values)
    if missing.all():
        return Column("empty", "empty")
    minus = values == -1
    known = (values == 0) | (values == 1)
    if not (missing | minus | known).all():
        others = set(np.unique(values[~(missing | known)][:_LOOKED]).tolist())
        few = others | {value for value in (0.0, 1.0) if (values == value).any()}
        almost = {0, 1} <= few and all(value < 0 or value in _UNKNOWN for value in others)
        return Column("numbers", _numbers_told(few, values[~missing]), almost=almost)
    if not known.any():
        return Column("numbers", "only -1")
    return _signs("binary", "0 and 1", values)


def _signs(kind: Kind, why: str, values: Floats) -> Column:
    missing = np.isnan(values)
    signs = np.where(missing, GAP, values).astype(np.int8)
    return Column(kind, why, signs)


def _numbers_told(few: set[float], held: Floats) -> str:
    if len(few) <= 4 and len(held) <= _LOOKED:
        return "numbers " + listed([f"{value:g}" for value in sorted(few)])
    return f"numbers from {held.min():g} to {held.max():g}"


def _objects(cells: pd.Series[Any]) -> Column:
    held = cells[[not is_gap(cell) for cell in cells]] if cells.dtype == object else cells.dropna()
    if held.empty:
        return Column("empty", "empty")
    first = held.iloc[0]
    if is_list(first):
        return Column("lists", "lists")
    if isinstance(first, dict):
        return Column("structs", "structs")
    try:
        distinct = held.unique()
    except TypeError:  # lists further down
        return Column("lists", "lists beside other values")
    meaning = {value: _number(value) for value in list(distinct)[: _MOST + 1]}
    if len(distinct) <= _MOST:
        numbers = {v: n for v, n in meaning.items() if n is not None}
        if len(numbers) == len(meaning):
            return _numbers(cells.map(numbers).to_numpy(dtype=np.float64))
        if {0, 1} <= set(numbers.values()) and len(distinct) <= 4:
            return Column("text", f"{listed(list(distinct))}", almost=True)
        if words := _yes_or_no(meaning):
            values = cells.map(words).to_numpy(dtype=np.float64)
            return _signs("words", " and ".join(_pair(words)), values)
    if all(n is not None for n in meaning.values()):
        return Column("numbers", "numbers")
    different = "the same text" if len(distinct) == 1 else f"{len(distinct)} different texts"
    return Column("text", different)


def _number(value: Any) -> float | None:
    """0, 1, true and false are numbers, also as text; a gap is NaN."""
    if isinstance(value, str):
        text = value.strip()
        if text in GAPS:
            return float("nan")
        if text.lower() in _TRUTH:
            return _TRUTH[text.lower()]
        value = text
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _yes_or_no(meaning: dict[Any, float | None]) -> dict[Any, float] | None:
    spoken = {value: str(value).strip().lower() for value in meaning}
    held = {text for value, text in spoken.items() if not _is_nan(meaning[value])}
    pair = next((pair for pair in _PAIRS if held <= set(pair)), None)
    if pair is None or (len(pair[0]) == 1 and len(held) < 2):
        return None
    return {v: float("nan") if _is_nan(meaning[v]) else float(_WORDS[t]) for v, t in spoken.items()}


def _pair(words: dict[Any, float]) -> tuple[str, str]:
    """The word that counts as 1, and the other."""
    held = {str(word).strip().lower() for word, value in words.items() if not _is_nan(value)}
    return next(pair for pair in _PAIRS if held <= set(pair))


def _is_nan(value: float | None) -> bool:
    return value is not None and value != value


def is_id(name: str) -> bool:
    """Whether a name sounds like that of an identifier; "covid" does not."""
    return _ID.fullmatch(name) is not None


def sounds_like_labels(name: str) -> bool:
    return _TAGGED.fullmatch(name) is not None


def find(columns: Sequence[str], name: str, flag: str) -> str:
    """The column of this name; blanks around it do not matter, nor its case if that is enough.

    Raises:
        DataError: there is none, or several differ in case alone.
    """
    if name in columns:
        return name
    wanted = name.strip()
    for same in (str, str.lower):
        found = [c for c in columns if same(c.strip()) == same(wanted)]
        if len(found) == 1:
            return found[0]
    hint = did_you_mean(wanted, columns)
    raise DataError(f"{flag}: there is no column {wanted!r}{hint}; columns: {listed(columns, 20)}")


def names_in(text: str) -> list[str]:
    """Names with commas between; one that holds a comma stands in double quotes."""
    rows = list(csv.reader([text], skipinitialspace=True))
    return [name.strip() for name in (rows[0] if rows else []) if name.strip()]


def chosen(columns: Sequence[str], labels: str) -> list[str]:
    """The columns that ``--labels`` means.

    Raises:
        DataError: one is not there, or named twice.
    """
    if re.fullmatch(r"-?\d+", labels) and labels not in columns:
        n = int(labels)
        if not 2 <= abs(n) <= len(columns):
            raise DataError(f"--labels {n}: the file has {number(len(columns), 'column')}")
        return list(columns[-n:] if n > 0 else columns[:-n])
    if labels.endswith(".xml"):
        from ltmlbench.tables.weka import mulan_names

        names = mulan_names(Path(labels))
    else:
        names = names_in(labels)
    known = set(columns)
    missing = [name for name in names if name not in known and name.strip() not in known]
    if missing:
        hint = did_you_mean(missing[0], columns)
        raise DataError(
            f"--labels: there is no column {short(missing[0])!r}{hint} ({len(missing)} missing); "
            f"columns: {listed(columns, 20)}"
        )
    names = [name if name in known else name.strip() for name in names]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"--labels: {twice!r} is named twice")
    if not names:
        raise DataError("--labels: no name is given")
    return names
