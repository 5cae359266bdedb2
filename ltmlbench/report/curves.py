"""Curves for a page, from the stored predictions and histories of the runs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats
from ltmlbench.errors import DataError
from ltmlbench.evaluation.curves import (
    RECALLS,
    THRESHOLDS,
    calibration_error,
    precision_at_recall,
    reliability,
    threshold_curve,
)
from ltmlbench.report.divided import together
from ltmlbench.results.folder import OutFolder, Predictions
from ltmlbench.results.records import RunRecord

EPOCHS = 60
"""Points of a learning curve at most."""


def prediction_curves(
    folder: OutFolder, runs: Sequence[RunRecord], rows: Mapping[str, int], labels: Sequence[str]
) -> dict[str, Any]:
    """Reliability, thresholds and precision at recall of every row, from the test rows of its first
    seed, all folds (or the first official test set) together; and how often labels occur together
    among those rows.

    Args:
        rows: number of the row of each run.
    """
    parts: dict[int, list[Predictions]] = defaultdict(list)
    for run in _first_seeds(runs):
        try:
            parts[rows[run.id]].append(folder.predictions(run.id, labels, "test"))
        except DataError:  # named elsewhere already
            continue
    found, pairs = [], None
    for row, predictions in sorted(parts.items()):
        truth = np.concatenate([part.labels.dense for part in predictions])
        scores = np.concatenate([part.scores for part in predictions])
        pairs = pairs or together(truth)
        found.append({"row": row, **_curves(truth, scores)})
    return {
        "thresholds": THRESHOLDS.tolist(),
        "recalls": RECALLS.tolist(),
        "rows": found,
        "together": pairs or [],
    }


def _first_seeds(runs: Sequence[RunRecord]) -> Iterable[RunRecord]:
    """Of each row: the runs of its first seed, on folds, or else on its first split alone."""
    first: dict[tuple[str, str], RunRecord] = {}
    for run in runs:
        if run.done:
            start = first.setdefault((run.method, run.backbone), run)
            same = run.fold == start.fold
            folds = run.fold.startswith("fold ") and start.fold.startswith("fold ")
            if run.seed == start.seed and (same or folds):
                yield run


def _curves(truth: npt.NDArray[np.uint8], scores: Floats) -> dict[str, Any]:
    bins = reliability(truth, scores)
    precision, recall, f1 = threshold_curve(truth, scores)
    return {
        "bins": bins,
        "error": calibration_error(bins),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "labels": [precision_at_recall(truth[:, c], scores[:, c]) for c in range(truth.shape[1])],
    }


def learning_curves(
    history: Sequence[Mapping[str, Any]], rows: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Per run: the number of its row, and points (epoch, value) of ``train_loss`` and ``val_map``;
    values that are not finite have none.

    Args:
        history: one mapping per run and epoch, with ``run`` and ``epoch``.
        rows: number of the row of each run; other runs are left out.
    """
    curves: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for entry in history:
        if entry["run"] not in rows:
            continue
        curve = curves.setdefault(entry["run"], {"train_loss": [], "val_map": []})
        for key, points in curve.items():
            raw = entry.get(key)
            value = math.nan if raw in (None, "") else float(raw)
            if math.isfinite(value):
                points.append((float(entry["epoch"]), value))
    return [
        {"row": rows[run], **{key: _thinned(points) for key, points in curve.items()}}
        for run, curve in curves.items()
    ]


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(points) <= EPOCHS:
        return points
    return [points[i] for i in np.linspace(0, len(points) - 1, EPOCHS).round().astype(int)]
