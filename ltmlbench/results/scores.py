"""The numbers of a run, computed from its stored predictions."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ltmlbench.contracts import Metric
from ltmlbench.errors import DataError, LtmlbenchError, RequestError
from ltmlbench.evaluation.evaluate import evaluate
from ltmlbench.registry import load
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import BenchmarkRecord, RunRecord

GENERAL_METRICS = ("map", "macro_auc", "micro_f1", "macro_f1")
"""What every data set is evaluated with, besides its own headline."""


def default_metrics(headline: Iterable[str]) -> tuple[str, ...]:
    """The columns of a table whose user named none."""
    return tuple(dict.fromkeys([*headline, *GENERAL_METRICS]))


@dataclass
class Metrics:
    """Metrics by the names the table gives them. One that fails is reported once on stderr, and
    undefined from then on.

    Args:
        broken: why a metric failed, by its name.
    """

    loaded: Mapping[str, Metric]
    broken: dict[str, str] = field(default_factory=dict)
    _known: dict[object, list[dict[str, Any]]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, names: Iterable[str]) -> Metrics:
        """Finds the metrics.

        Raises:
            RequestError: one is not registered, or cannot be made (one line that names it).
        """
        return cls({name: _metric(name) for name in names})

    def scores(
        self, run: RunRecord, folder: OutFolder, benchmark: BenchmarkRecord
    ) -> list[dict[str, Any]]:
        """Tidy rows ``unit, metric, label, value, undefined`` of a run that is done; computed once
        for the run's record and the table.

        Raises:
            DataError: its predictions cannot be read, or are no scores.
        """
        key = (run.id, benchmark.labels, benchmark.shots, folder.state(run.id))
        if key not in self._known:
            self._known[key] = self._computed(run, folder, benchmark)
        return self._known[key]

    def _computed(
        self, run: RunRecord, folder: OutFolder, benchmark: BenchmarkRecord
    ) -> list[dict[str, Any]]:
        parts = folder.all_predictions(run.id, benchmark.labels)
        test, validation = parts["test"], parts["val"]
        if len(test) == 0:
            raise DataError("predictions.parquet holds no test rows")
        return evaluate(
            test.labels,
            test.scores,
            test.groups,
            benchmark.protocol,
            self.loaded,
            benchmark.shots,
            validation=(validation.labels, validation.scores, validation.groups),
            failed=self._failed,
        )

    def _failed(self, name: str, error: BaseException) -> None:
        if name not in self.broken:
            text = " ".join(str(error).split())
            self.broken[name] = f"{type(error).__name__}: {text}" if text else type(error).__name__
            print(
                f"ltmlbench: metric {name!r} failed and is undefined: {self.broken[name]}",
                file=sys.stderr,
            )


def overall(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Unit -> metric -> value over all labels; None where it is undefined."""
    found: dict[str, dict[str, float | None]] = {}
    for row in rows:
        if row["label"] == "":
            value = float(row["value"]) if math.isfinite(row["value"]) else None
            found.setdefault(row["unit"], {})[row["metric"]] = value
    return found


def _metric(name: str) -> Metric:
    try:
        return load("metric", name)
    except LtmlbenchError:
        raise
    except Exception as error:  # a plugin may raise anything
        raise RequestError(
            f"metric {name!r} cannot be made: {type(error).__name__}: {error}"
        ) from error
