"""results.csv and summary.csv: the numbers of a table, for spreadsheets and for other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ltmlbench.cells import as_cell, from_cell
from ltmlbench.errors import DataError
from ltmlbench.evaluation.statistics import summarise
from ltmlbench.store import write_atomic

TYPES: Mapping[str, str] = {
    "run": "str",
    "method": "str",
    "backbone": "str",
    "fold": "str",
    "seed": "int64",
    "unit": "str",
    "metric": "str",
    "label": "str",
    "value": "float64",
    "undefined": "int64",
    "floor": "bool",
    "simulated": "bool",
    "trials": "int64",
}
"""Columns of results.csv. ``label`` is empty for a metric over all labels; ``value`` is empty
where it is undefined; ``undefined`` counts what a mean leaves out; ``trials``: settings of the row
that were tried before this one was chosen, as far as it was told (`BenchmarkConfig.trials`)."""

ADDED = {"trials": "0"}
"""Columns that a file of an earlier version lacks, and what they hold there."""

SUMMARY_KEYS = ("test_set", "unit", "method", "backbone", "metric", "label")
"""What a mean of summary.csv is of. ``test_set`` is empty for folds, over which the mean is taken;
an official test set has means of its own."""

OFFICIAL = "official "


def test_set(fold: str) -> str:
    """The block of the table that a split belongs to: an official test set is one of its own, and
    all folds together are one (empty)."""
    return fold if fold.startswith(OFFICIAL) else ""


def results_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per run, unit, metric and label."""
    return pd.DataFrame(list(rows), columns=list(TYPES)).astype(dict(TYPES))


def results_text(results: pd.DataFrame) -> str:
    """The content of results.csv."""
    return _neutral(results).to_csv(index=False)


def summary_text(results: pd.DataFrame) -> str:
    """The content of summary.csv: mean, std, n and interval over the runs of each row."""
    keyed = results.assign(test_set=mapped(results["fold"], test_set))
    simulated = bool(results["simulated"].any())
    return _neutral(summarise(keyed, SUMMARY_KEYS).assign(simulated=simulated)).to_csv(index=False)


def write_results(rows: Iterable[Mapping[str, Any]], path: Path) -> pd.DataFrame:
    """Writes results.csv, one row per run, unit, metric and label, and returns it as a frame."""
    results = results_frame(rows)
    write_atomic(path, results_text(results))
    return results


def read_results(path: Path) -> pd.DataFrame:
    """What `write_results` wrote, to the last digit.

    Raises:
        DataError: there is no such file, or it is not of that form.
    """
    try:
        text = pd.read_csv(path, dtype="str", na_filter=False)
        text = text.assign(**{k: v for k, v in ADDED.items() if k not in text})[list(TYPES)]
        value = text["value"].replace("", "nan")
        named = {
            name: mapped(text[name], from_cell) for name, kind in TYPES.items() if kind == "str"
        }
        flags = {name: text[name] == "True" for name, kind in TYPES.items() if kind == "bool"}
        return text.assign(value=value, **named, **flags)[list(TYPES)].astype(dict(TYPES))
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"cannot read results {path}: {' '.join(str(error).split())}") from error


def _neutral(frame: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would take for a formula begins with an apostrophe."""
    texts = [name for name in frame.columns if TYPES.get(str(name), "str") == "str"]
    texts = [name for name in texts if not pd.api.types.is_numeric_dtype(frame[name])]
    return frame.assign(**{str(name): mapped(frame[name], as_cell) for name in texts})


def mapped(column: pd.Series[Any], change: Callable[[Any], Any]) -> pd.Series[Any]:
    """The changed values of a column; each of those that repeat is changed once."""
    return column.map({value: change(value) for value in column.unique()})
