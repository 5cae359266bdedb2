"""Results summarised over runs, and what can be said about them in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, get_args

import pandas as pd

from ltmlbench.evaluation.statistics import summarise
from ltmlbench.labels import Shot
from ltmlbench.report.about import About, titled
from ltmlbench.results.tables import OFFICIAL, mapped, test_set


class Stat(NamedTuple):
    """`ltmlbench.evaluation.statistics.summarise` of one cell."""

    mean: float
    std: float
    n: int
    ci_low: float
    ci_high: float


class RowRuns(NamedTuple):
    """A row of the table and how many runs are behind it; ``reduced``: its method is less than what
    it is named after."""

    method: str
    backbone: str
    floor: bool
    runs: int
    folds: int
    seeds: int
    reduced: bool = False


class Summary:
    """The results on one test set, or on folds of one data set, summarised over runs.

    Args:
        results: tidy, as `ltmlbench.results.tables.read_results` gives them; at least one row.

    Attributes:
        test_set: the official test set that all of them are of; empty for folds.
        rows: of the table, floor rows first, then in the order of the results.
        units: that of the headline first.
        metrics: over all labels, in the order of the results.
        label_metrics: those of them that are also defined per label.
    """

    def __init__(self, results: pd.DataFrame, about: About) -> None:
        self.about = about
        self.test_set = test_set(results["fold"].iloc[0])
        rows = (row._replace(reduced=row.method in about.reduced) for row in _rows(results))
        self.rows = sorted(rows, key=lambda row: not row.floor)
        first = about.protocol.headline_unit or about.protocol.unit
        self.units = sorted(results["unit"].unique(), key=lambda unit: unit != first)
        self.label_metrics = list(results.loc[results["label"] != "", "metric"].unique())
        parts = {f"{m}_{shot}" for m in self.label_metrics for shot in get_args(Shot)}
        self.metrics = [m for m in results["metric"].unique() if m not in parts]
        keys = ["unit", "method", "backbone", "metric", "label"]
        columns = summarise(results, keys)[[*keys, *Stat._fields]]
        self._stats = {
            tuple(record[: len(keys)]): Stat(*record[len(keys) :])
            for record in columns.itertuples(index=False, name=None)
        }
        self._results = results

    def covers(self, folds: pd.Series[str]) -> pd.Series[bool]:
        """Which of some splits are among those summarised here."""
        return folds.isin(self._results["fold"].unique())

    def covers_all(self, folds: Sequence[str]) -> bool:
        """Whether all of some splits are among them."""
        return set(folds) <= set(self._results["fold"].unique())

    def title(self, text: str) -> str:
        """A heading, with the test set where there are several."""
        where = self.test_set.removeprefix(OFFICIAL)
        return titled(f"{text}, official test set {where!r}" if where else text, self.about)

    def stat(self, unit: str, row: RowRuns, metric: str, label: str = "") -> Stat | None:
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
        seeded = _plural(seeds, "seed")
        grid = seeded if self.test_set else f"{_plural(folds, 'fold')} × {seeded}"
        runs = self.rows[0].runs
        if not self.even:
            over = f"over the runs of each row, column n (of {grid}; no deviation if n = 1)"
        elif runs == 1:
            return "Single runs (n = 1): no standard deviation can be given."
        else:
            over = f"over n = {runs} runs ({'' if runs == folds * seeds else 'of '}{grid})"
        return f"Mean ± standard deviation (ddof = 1) {over}."

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


def summaries(results: pd.DataFrame, about: About) -> list[Summary]:
    """One per official test set, which are never averaged; one for all folds together."""
    if results.empty:
        return []
    sets = mapped(results["fold"], test_set)
    return [Summary(results[sets == name], about) for name in sets.unique()]


def progress(results: pd.DataFrame, about: About) -> str:
    """How many runs the numbers stand for."""
    done, failed, damaged = results["run"].nunique(), len(about.failures), len(about.damaged)
    left = about.planned - done - failed - damaged
    parts = [f"{done} of {about.planned} runs done"]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{damaged} cannot be read"] if damaged else []
    parts += [f"{left} not run yet"] if left > 0 else []
    return ", ".join(parts) + "."


def _rows(results: pd.DataFrame) -> Iterator[RowRuns]:
    for (method, backbone), part in results.groupby(["method", "backbone"], sort=False):
        sizes = part[["run", "fold", "seed"]].nunique()
        yield RowRuns(str(method), str(backbone), bool(part["floor"].iloc[0]), *sizes)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
