"""A table somebody published, as printed: CSV or YAML."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ltmlbench.errors import DataError
from ltmlbench.evaluation.audit import Interval

VALUES = ("kappa", "accuracy", "f1", "auc")
_NAMES = ("method", "block", "n", *VALUES)
_NUMBER = re.compile(r"^\s*([+-]?\d*\.?\d+)\s*(?:(?:±|\+-|\+/-)\s*(\d*\.?\d+))?\s*$")


@dataclass(frozen=True)
class Printed:
    """A number as printed, ``shown`` with its ±; ``spread`` stands behind ±, NaN without one."""

    text: str
    interval: Interval
    shown: str
    spread: float = math.nan

    @property
    def widened(self) -> Interval:
        """Moved by its ± either way."""
        return self.interval if math.isnan(self.spread) else self.interval.moved(self.spread)


@dataclass(frozen=True)
class PublishedLine:
    """A row; ``block`` is what is supposed to share data and labels, such as a backbone."""

    method: str
    block: str
    values: Mapping[str, Printed]
    n: str


@dataclass(frozen=True)
class PublishedTable:
    rows: tuple[PublishedLine, ...]
    densities: Mapping[str, Printed]
    ignored: tuple[str, ...]


def printed(text: str, where: str) -> Printed:
    """``"0.635"`` or ``"0.635 ± 0.009"``: the interval is half a unit of the last digit wide on
    either side.

    Raises:
        DataError: it is no such number, or not between −1 and 1.
    """
    found = _NUMBER.match(text)
    if not found:
        raise DataError(f"{where}: {text!r} is no number such as 0.635 or 0.635 ± 0.009")
    value, digits = float(found[1]), len(found[1].partition(".")[2])
    if abs(value) > 1:
        raise DataError(f"{where}: {text!r} is not between -1 and 1: write per cents as shares")
    half = 0.5 * 10**-digits
    spread = float(found[2]) if found[2] else math.nan
    return Printed(found[1], Interval(value - half, value + half), text.strip(), spread)


def read_published(path: Path, densities: Iterable[str] = ()) -> PublishedTable:
    """Reads a table.

    CSV: columns ``method``, one or more of ``kappa``, ``accuracy``, ``f1``, ``auc``, and where
    known ``block`` and ``n``. YAML: the same as a list under ``rows``, and ``density``, a mapping
    of names to values.

    Args:
        densities: further ones, ``"0.134"`` or ``"picture=0.134"``.

    Raises:
        DataError: the file cannot be read, or is not of that form.
    """
    records, given = _records(path)
    known = {name: printed(text, f"{path}, density {name}") for name, text in given.items()}
    for item in densities:
        name, _, text = item.rpartition("=")
        known[name or "density"] = printed(text, f"density {item!r}")
    for name, value in known.items():
        if not 0 < value.interval.low <= value.interval.high < 0.5:
            raise DataError(f"density {name} = {value.text}: it lies between 0 and 0.5")
    rows = [_line(record, f"{path}, row {place}") for place, record in enumerate(records, 1)]
    if not rows:
        raise DataError(f"{path} holds no row")
    names = [(row.block, row.method) for row in rows]
    for place, pair in enumerate(names):
        if pair in names[:place]:
            raise DataError(f"{path}, row {place + 1}: {pair[1]!r} is there twice; name them apart")
    columns = dict.fromkeys(name for record in records for name in record)
    return PublishedTable(tuple(rows), known, tuple(c for c in columns if c not in _NAMES))


def _records(path: Path) -> tuple[list[dict[str, str]], dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() in (".yaml", ".yml"):
            # BaseLoader keeps what is written: 0.960 has three digits
            content: Any = yaml.load(text, yaml.BaseLoader)
            rows, known = content["rows"], content.get("density", {})
            known = known if isinstance(known, dict) else {"density": known}
        else:
            rows, known = list(csv.DictReader(text.splitlines())), {}
        return [{str(k).strip().lower(): str(v or "") for k, v in row.items()} for row in rows], {
            str(name): str(value) for name, value in known.items()
        }
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as e:
        cause = " ".join(str(e).split()) or type(e).__name__
        raise DataError(
            f"cannot read the table {path} ({cause}): a CSV with a column 'method', or YAML with "
            "a list 'rows'"
        ) from e


def _line(record: Mapping[str, str], where: str) -> PublishedLine:
    if not record.get("method", "").strip():
        raise DataError(f"{where}: no method; the columns are {', '.join(record)}")
    values = {
        name: printed(record[name], f"{where}, {name}")
        for name in VALUES
        if record.get(name, "").strip()
    }
    block = record.get("block", "").strip()
    return PublishedLine(record["method"].strip(), block, values, record.get("n", "").strip())
