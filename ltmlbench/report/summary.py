"""Results summarised over runs, and what can be said about them in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, get_args

import pandas as pd

from ltmlbench.evaluation.statistics import summarise
from ltmlbench.labels import Shot
from ltmlbench.report.about import About


class Stat(NamedTuple):
    """`ltmlbench.evaluation.statistics.summarise` of one cell."""

    mean: float
    std: float
    n: int
    ci_low: float
    ci_high: float


class Row(NamedTuple):
    """A row of the table and the runs behind it."""

    method: str
    backbone: str
    floor: bool
    runs: int
    folds: int
    seeds: int


class Summary:
    """The results, summarised over runs.

    Args:
        results: tidy, as `ltmlbench.report.table.read_results` gives them; at least one row.

    Attributes:
        rows: of the table, floor rows first, then in the order of the results.
        units: that of the headline first.
        metrics: over all labels, in the order of the results.
        label_metrics: those of them that are also defined per label.
    """

    def __init__(self, results: pd.DataFrame, about: About) -> None:
        self.about = about
        self.rows = sorted(_rows(results), key=lambda row: not row.floor)
        first = about.protocol.headline_unit or about.protocol.unit
        self.units = sorted(dict.fromkeys(results["unit"]), key=lambda unit: unit != first)
        self.label_metrics = list(dict.fromkeys(results.loc[results["label"] != "", "metric"]))
        parts = {f"{m}_{shot}" for m in self.label_metrics for shot in get_args(Shot)}
        self.metrics = [m for m in dict.fromkeys(results["metric"]) if m not in parts]
        keys = ["unit", "method", "backbone", "metric", "label"]
        columns = summarise(results, keys)[[*keys, *Stat._fields]]
        self._stats = {
            tuple(record[: len(keys)]): Stat(*record[len(keys) :])
            for record in columns.itertuples(index=False, name=None)
        }
        self._results = results

    def stat(self, unit: str, row: Row, metric: str, label: str = "") -> Stat | None:
        """One cell; None if no run of the row has that metric at that unit."""
        return self._stats.get((unit, row.method, row.backbone, metric, label))

    @property
    def even(self) -> bool:
        """Whether every row has the same number of runs."""
        return len({row.runs for row in self.rows}) == 1

    @property
    def caption(self) -> str:
        """What the values and ± are, and over what."""
        folds, seeds = max(r.folds for r in self.rows), max(r.seeds for r in self.rows)
        folded = self._results["fold"].str.startswith("fold ").all()
        grid = f"{_plural(folds, 'fold' if folded else 'split')} × {_plural(seeds, 'seed')}"
        runs = self.rows[0].runs
        if not self.even:
            over = f"over the runs of each row, column n (of {grid}; no deviation if n = 1)"
        elif runs == 1:
            return "Single runs (n = 1): no standard deviation can be given."
        else:
            over = f"over n = {runs} runs ({'' if runs == folds * seeds else 'of '}{grid})"
        return f"Mean ± standard deviation (ddof = 1) {over}."

    @property
    def progress(self) -> str:
        """How many runs the numbers stand for."""
        done, failed = self._results["run"].nunique(), len(self.about.failures)
        left = self.about.planned - done - failed
        parts = [f"{done} of {self.about.planned} runs done"]
        parts += [f"{failed} failed"] if failed else []
        parts += [f"{left} not run yet"] if left > 0 else []
        return ", ".join(parts) + "."

    def undefined(self, unit: str, metrics: Sequence[str]) -> Iterator[str]:
        """How many undefined values are left out of the means, and on which folds; one line per
        group of metrics with the same answer."""
        found = self._results
        found = found[(found["unit"] == unit) & (found["label"] == "") & (found["undefined"] > 0)]
        answers: dict[str, list[str]] = {}
        for metric in metrics:
            worst = found[found["metric"] == metric].groupby("fold", sort=False)["undefined"].max()
            if len(worst):
                answer = ", ".join(f"{count} in {fold}" for fold, count in worst.items())
                answers.setdefault(answer, []).append(metric)
        for answer, names in answers.items():
            yield f"{', '.join(names)}: undefined values are left out of the mean: {answer}"


def _rows(results: pd.DataFrame) -> Iterator[Row]:
    for (method, backbone), part in results.groupby(["method", "backbone"], sort=False):
        sizes = part[["run", "fold", "seed"]].nunique()
        yield Row(str(method), str(backbone), bool(part["floor"].iloc[0]), *sizes)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
