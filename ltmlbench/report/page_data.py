"""Everything report.html draws, computed here, as one JSON value: the page does no statistics."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from ltmlbench.labels import Shot
from ltmlbench.report.about import About
from ltmlbench.report.blocks import lower_is_better, row_names
from ltmlbench.report.cost import MEASURES, row_costs
from ltmlbench.report.curves import learning_curves, prediction_curves
from ltmlbench.report.differences import ROPE, choose
from ltmlbench.report.divided import divisions, taught
from ltmlbench.report.evidence import Evidence
from ltmlbench.report.summary import RowRuns, Stat, Summary
from ltmlbench.report.tested import decided_parts, pair_tests
from ltmlbench.results.records import RunRecord
from ltmlbench.results.tables import OFFICIAL

DIGITS = 4

Json = dict[str, Any]


def page_data(
    summaries: Sequence[Summary],
    about: About,
    runs: Sequence[RunRecord],
    history: Sequence[Mapping[str, Any]],
    evidence: Evidence | None,
) -> Json:
    """What the page draws. Rows, metrics and labels are numbered in the order given here."""
    first = summaries[0]
    rows = list({(row.method, row.backbone): row for s in summaries for row in s.rows}.values())
    names = row_names(rows)
    number = {(row.method, row.backbone): place for place, row in enumerate(rows)}
    of_run = {run.id: number[run.method, run.backbone] for run in runs
              if (run.method, run.backbone) in number}  # fmt: skip
    costs = row_costs(runs)
    metrics = sorted(first.metrics, key=lambda name: name not in about.protocol.headline)
    tested = evidence if evidence and len(evidence.rows) > 1 else None
    baseline = choose(None, tested.rows, "row", first="ib") if tested else ""
    numbers = {name: place for place, name in enumerate(names)}
    return {
        "rope": ROPE,
        "baseline": numbers.get(baseline, -1),
        "units": first.units,
        "unit": about.protocol.unit,
        "rows": [
            {
                "name": name,
                "method": row.method,
                "backbone": "" if row.floor else row.backbone,
                "floor": row.floor,
                "cost": costs.get((row.method, row.backbone), {}),
            }
            for name, row in zip(names, rows, strict=True)
        ],
        "measures": [m for m in MEASURES if any(m in found for found in costs.values())],
        "metrics": [
            {
                "name": name,
                "about": about.metrics.get(name, ""),
                "higher": not lower_is_better(name, about.lower_is_better),
                "labels": name in first.label_metrics,
                "headline": name in about.protocol.headline,
            }
            for name in metrics
        ],
        "labels": [
            {"name": name, "count": count, "shot": shot}
            for name, count, shot in zip(about.labels, about.counts, about.shots, strict=True)
        ],
        "sets": [_set(summary, rows, metrics, tested, numbers, baseline) for summary in summaries],
        "published": list(_published(about, [row.method for row in rows])),
        "curves": prediction_curves(evidence.folder, runs, of_run, about.labels)
        if evidence
        else {"rows": [], "together": []},
        "learning": learning_curves(history, of_run),
        "divisions": divisions(evidence.folder, about.made, len(about.labels)) if evidence else [],
        "taught": taught(evidence.folder, about.made, about.labels) if evidence else [],
    }


def script_json(value: Any) -> str:
    """JSON that may stand in a script element: no ``<``, and NaN as null; floats are rounded."""
    text = json.dumps(_plain(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return round(float(value), DIGITS) + 0.0 if math.isfinite(value) else None
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _set(
    summary: Summary,
    rows: Sequence[RowRuns],
    metrics: Sequence[str],
    evidence: Evidence | None,
    numbers: Mapping[str, int],
    baseline: str,
) -> Json:
    """One official test set, or all folds: numbers of every unit, metric and row."""
    own = {(row.method, row.backbone): row for row in summary.rows}
    runs = [own.get((row.method, row.backbone)) for row in rows]
    splits = evidence.splits if evidence else {}
    folds = next((f for f in splits.values() if summary.covers_all(f)), [])
    cells: dict[str, dict[str, Json]] = {}
    for unit in summary.units:
        for metric in metrics:
            cell = cells.setdefault(unit, {})[metric] = _cell(summary, unit, metric, runs)
            if evidence and folds:
                higher = not lower_is_better(metric, summary.about.lower_is_better)
                cell["tests"] = pair_tests(evidence, unit, metric, folds, numbers, higher=higher)
            if evidence and folds and unit == summary.units[0] and cell["labels"]:
                cell["decided"] = decided_parts(evidence, unit, metric, folds, baseline, numbers)
    return {
        "name": summary.test_set.removeprefix(OFFICIAL),
        "caption": summary.caption,
        "runs": [row.runs if row else 0 for row in runs],
        "cells": cells,
    }


def _cell(summary: Summary, unit: str, metric: str, rows: Sequence[RowRuns | None]) -> Json:
    about = summary.about
    per_label = metric in summary.label_metrics
    shots = [shot for shot in get_args(Shot) if shot in about.shots] if per_label else []
    labels = about.labels if per_label else ()

    def stats(name: str, label: str = "") -> Iterator[Stat | None]:
        return (summary.stat(unit, row, name, label) if row else None for row in rows)

    return {
        "all": [stat and list(stat) for stat in stats(metric)],
        "shots": {shot: [s and s.mean for s in stats(f"{metric}_{shot}")] for shot in shots},
        "labels": [[stat and stat.mean for stat in stats(metric, label)] for label in labels],
    }


def _published(about: About, methods: Sequence[str]) -> Iterator[Json]:
    """Rows of others, beside methods that ran here, as they were printed."""
    ran = {method.partition("[")[0].rpartition(":")[2] for method in methods}
    for row in about.published:
        if row.method in ran:
            yield {
                "method": row.method,
                "backbone": row.backbone,
                "set": row.test_set,
                "values": {name: list(value) for name, value in row.values.items()},
                "note": f"as printed; source: {row.source}{f'; {row.note}' if row.note else ''}",
            }
