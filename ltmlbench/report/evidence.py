"""What a comparison needs of an output folder: results, sizes of splits, stored predictions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import yaml

from ltmlbench.arrays import Floats
from ltmlbench.contracts import LabelMetric, Metric
from ltmlbench.contracts.metric import mean_of_defined
from ltmlbench.data.groups import to_groups
from ltmlbench.data.samples import Protocol
from ltmlbench.errors import DataError
from ltmlbench.evaluation.resampling import Resamples, draw_groups
from ltmlbench.labels import LabelMatrix, Shot
from ltmlbench.registry import load
from ltmlbench.results.collect import Collected, collect
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.tables import read_results


@dataclass(frozen=True)
class Evidence:
    """What the runs of an output folder say; floor rows left out, unless one is asked for.

    Attributes:
        results: as `read_results` gives them, with a column ``row``: what the table calls the row.
        protocol, labels, shots: of the data set; defaults and empty where only results are left.
        test_share: test rows per training row, the mean over the splits.
        folder: where the predictions are.
        stored: the runs that have predictions.
    """

    results: pd.DataFrame
    protocol: Protocol
    labels: tuple[str, ...]
    shots: tuple[Shot, ...]
    test_share: float
    folder: OutFolder
    stored: Collection[str]
    _valued: dict[Any, dict[str, pd.DataFrame]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _drawn: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def group(self) -> str:
        """What is resampled: what never straddles a split."""
        return self.protocol.group_unit or self.protocol.unit

    @property
    def rows(self) -> list[str]:
        return list(self.results["row"].unique())

    @property
    def units(self) -> list[str]:
        """That of the headline first."""
        first = self.protocol.headline_unit or self.protocol.unit
        return sorted(self.results["unit"].unique(), key=lambda unit: unit != first)

    @property
    def metrics(self) -> list[str]:
        """Over all labels, the headline's first."""
        parts = tuple(f"_{shot}" for shot in get_args(Shot))
        names = list(self.results["metric"].unique())
        whole = [n for n in names if not (n.endswith(parts) and n.rpartition("_")[0] in names)]
        return sorted(whole, key=lambda name: name not in self.protocol.headline)

    @property
    def splits(self) -> dict[str, list[str]]:
        """Splits to be taken together: all folds, but each official test set by itself."""
        names = list(self.results["fold"].unique())
        folds = [name for name in names if name.startswith("fold ")]
        together = {f"{len(folds)} folds" if len(folds) > 1 else folds[0]: folds} if folds else {}
        return together | {name: [name] for name in names if name not in folds}

    def values(self, unit: str, metric: str, folds: Sequence[str]) -> dict[str, pd.DataFrame]:
        """Per part ("" for all labels, "head labels" and so on, each label): index (fold, seed),
        one column per row of the table. Asked again, it answers what it found."""
        asked = (unit, metric, tuple(folds))
        if asked not in self._valued:
            self._valued[asked] = self._values(*asked)
        return self._valued[asked]

    def _values(self, unit: str, metric: str, folds: Sequence[str]) -> dict[str, pd.DataFrame]:
        shots = {f"{metric}_{shot}": f"{shot} labels" for shot in get_args(Shot)}
        found = self.results[
            (self.results["unit"] == unit)
            & self.results["fold"].isin(folds)
            & self.results["metric"].isin([metric, *shots])
        ]
        parts = found["metric"].map(shots).fillna(found["label"])
        return {
            str(part): frame.groupby(["fold", "seed", "row"])["value"].mean().unstack("row")
            for part, frame in found.groupby(parts, sort=False)
        }

    def draws(
        self, unit: str, metric: str, folds: Sequence[str], count: int
    ) -> dict[str, dict[str, Floats]]:
        """Per part and row: ``count`` means over folds and seeds, from resamples of the groups.

        The resamples of a fold are the same for all rows. Rows that lack a fold are left out; so
        is everything if a run has no predictions. Asked again, it answers what it found.
        """
        asked = (unit, metric, tuple(folds), count)
        if asked not in self._drawn:
            self._drawn[asked] = self._draw(*asked)
        found: dict[str, dict[str, Floats]] = self._drawn[asked]
        return found

    def _draw(
        self, unit: str, metric: str, folds: Sequence[str], count: int
    ) -> dict[str, dict[str, Floats]]:
        runs = self.results[self.results["fold"].isin(folds)]
        runs = runs.drop_duplicates("run")[["run", "row", "fold"]]
        if not set(runs["run"]) <= set(self.stored):
            return {}
        seen: dict[tuple[str, str], list[Floats]] = {}
        for place, fold in enumerate(folds):
            weights = None
            for row, part in runs[runs["fold"] == fold].groupby("row", sort=False):
                seeds: list[dict[str, Floats]] = []
                for run in part["run"]:
                    truth, scores, groups = self._rows(run, unit, "test")
                    if weights is None:
                        weights = draw_groups(len(set(groups)), count, seed=place)
                    resamples = Resamples(truth.dense, scores, groups, weights)
                    seeds.append(self._parts(self._metric(metric, run, unit), resamples))
                for name in seeds[0]:
                    mean = np.mean([values[name] for values in seeds], axis=0)
                    seen.setdefault((name, str(row)), []).append(mean)
        draws: dict[str, dict[str, Floats]] = {}
        for (name, row), per_fold in seen.items():
            if len(per_fold) == len(folds):
                draws.setdefault(name, {})[row] = np.mean(per_fold, axis=0)
        return draws

    def _metric(self, name: str, run: str, unit: str) -> Metric:
        """The metric with what it takes from the validation rows of the run."""
        truth, scores, _ = self._rows(run, unit, "val")
        metric: Metric = load("metric", name)
        return metric.tuned(truth.dense, scores) if len(truth) else metric

    def _parts(self, metric: Metric, resamples: Resamples) -> dict[str, Floats]:
        if not isinstance(metric, LabelMetric):
            return {"": metric.resampled(resamples)}
        values = metric.labels_resampled(resamples)
        shots = np.array(self.shots)
        parts = {"": mean_of_defined(values)}
        for shot in dict.fromkeys(self.shots):
            parts[f"{shot} labels"] = mean_of_defined(values[:, shots == shot])
        return parts | dict(zip(self.labels, values.T, strict=True))

    def _rows(self, run: str, unit: str, part: str) -> tuple[LabelMatrix, Floats, Sequence[str]]:
        found = self.folder.predictions(run, self.labels, part)
        if unit == self.protocol.unit or not len(found):
            return found.labels, found.scores, found.groups
        truth, scores = to_groups(found.labels, found.scores, found.groups, self.protocol)
        return truth, scores, sorted(set(found.groups))


def read_evidence(out: Path, floor: str | None = None) -> Evidence:
    """What the runs in a folder say: of a whole output folder, or of one that kept results.csv and
    config.yaml alone.

    Args:
        floor: a floor row that is kept, to be compared with.

    Raises:
        DataError: there is no results.csv, or no row but floors.
    """
    folder = OutFolder(out.expanduser())
    results = read_results(folder.root / "results.csv")
    if results["floor"].all():
        raise DataError(f"{out / 'results.csv'} holds no run of a method: nothing to compare")
    if (folder.root / "benchmark.json").exists():
        return evidence_of(results, collect(folder, folder.benchmark()), floor)
    protocol = Protocol(unit=results["unit"].iloc[0])
    share = _share_by_names(folder.root, results)
    return Evidence(_named(results, floor), protocol, (), (), share, folder, ())


def evidence_of(results: pd.DataFrame, found: Collected, floor: str | None = None) -> Evidence:
    """The same from what was collected for a report.

    Args:
        floor: a floor row that is kept, to be compared with.
    """
    benchmark = found.benchmark
    sizes = [run.split for run in found.runs if run.split and run.split.train]
    shares = [size.test / size.train for size in sizes]
    share = float(np.mean(shares)) if shares else _share_by_names(found.folder.root, results)
    stored = [run.id for run in found.runs if run.done]
    return Evidence(
        _named(results, floor),
        benchmark.protocol,
        benchmark.labels,
        benchmark.shots,
        share,
        found.folder,
        stored,
    )


def _named(results: pd.DataFrame, floor: str | None) -> pd.DataFrame:
    """The rows to compare, with what the table calls them; the backbone only if there are
    several."""
    results = results[~results["floor"] | (results["method"] == floor)]
    several = results.loc[~results["floor"], "backbone"].nunique() > 1
    backbone = (", " + results["backbone"]).where(~results["floor"] & several, "")
    return results.assign(row=results["method"] + backbone)


def _share_by_names(out: Path, results: pd.DataFrame) -> float:
    """Test rows per training row, from the number of folds and the share of validation rows."""
    try:
        validation = float(yaml.safe_load((out / "config.yaml").read_text())["validation"])
    except (OSError, KeyError, TypeError):
        validation = 0.0
    of = results["fold"].str.extract(r"^fold \d+ of (\d+)$")[0].dropna()
    folds = int(of.iloc[0]) if len(of) else 2
    return 1 / ((folds - 1) * (1 - validation))
