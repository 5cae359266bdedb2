"""An output folder's report, from what its runs left: every number anew from the predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ltmlbench.contracts import Metric, PublishedRow
from ltmlbench.data.samples import Protocol
from ltmlbench.errors import DataError
from ltmlbench.evaluation.evaluate import evaluate
from ltmlbench.evaluation.statistics import summarise
from ltmlbench.labels import LabelMatrix
from ltmlbench.registry import load, registry
from ltmlbench.report.about import About
from ltmlbench.report.differences import difference_blocks
from ltmlbench.report.looking import read_pointing
from ltmlbench.report.page import render_page
from ltmlbench.report.table import render_table, write_results
from ltmlbench.store import write_atomic

SUMMARY_KEYS = ("unit", "method", "backbone", "metric", "label")


@dataclass(frozen=True)
class Report:
    """Tidy results of the runs in a folder, and what the report says besides."""

    results: pd.DataFrame
    about: About


def write_report(out: Path) -> Report:
    """Writes results.csv, summary.csv, table.md and report.html of an output folder.

    Raises:
        DataError: the folder holds no benchmark.
    """
    try:
        benchmark = json.loads((out / "benchmark.json").read_text())
    except (OSError, ValueError) as error:
        raise DataError(f"{out} holds no benchmark ({error}): give the --out of a run") from error
    runs = _runs(out, benchmark["runs"])
    about = _about(benchmark, runs, out)
    metrics = {name: load("metric", name) for name in benchmark["metrics"]}
    rows = [
        {key: run[key] for key in ("method", "backbone", "fold", "seed", "floor")}
        | {"run": run["id"], "simulated": about.protocol.simulated, **row}
        for run in runs
        if run["status"] == "done"
        for row in _evaluated(out / "runs" / run["id"], about, metrics)
    ]
    results = write_results(rows, out / "results.csv")
    summary = summarise(results, SUMMARY_KEYS).assign(simulated=about.protocol.simulated)
    write_atomic(out / "summary.csv", summary.to_csv(index=False))
    pointing = read_pointing(out, runs)
    differences = difference_blocks(out) if not results["floor"].all() else []
    write_atomic(out / "table.md", render_table(results, about, pointing, differences))
    page = render_page(
        results,
        about,
        runs=runs,
        history=_history(out, runs),
        config=(out / "config.yaml").read_text(),
        pointing=pointing,
        galleries=_galleries(out, runs),
        differences=differences,
    )
    write_atomic(out / "report.html", page)
    return Report(results, about)


def _runs(out: Path, names: list[str]) -> list[dict[str, Any]]:
    paths = [out / "runs" / name / "run.json" for name in names]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def _evaluated(folder: Path, about: About, metrics: dict[str, Metric]) -> list[dict[str, Any]]:
    table = pd.read_parquet(folder / "predictions.parquet")
    test = table[table["part"] == "test"]
    labels = LabelMatrix(test[[f"y:{name}" for name in about.labels]].to_numpy(), about.labels)
    scores = test[[f"p:{name}" for name in about.labels]].to_numpy()
    return evaluate(labels, scores, list(test["group"]), about.protocol, metrics, about.shots)


def _history(out: Path, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for run in runs:
        path = out / "runs" / run["id"] / "history.csv"
        if run["status"] == "done" and path.exists():
            records = pd.read_csv(path).to_dict("records")
            rows += [{"run": run["id"], **{str(k): v for k, v in r.items()}} for r in records]
    return rows


def _galleries(out: Path, runs: list[dict[str, Any]]) -> dict[str, bytes]:
    """The gallery of the first run of each row of the table, by the run's id."""
    found: dict[tuple[str, str], tuple[str, Path]] = {}
    for run in runs:
        if "gallery.png" in run.get("explanation", {}).get("files", ()):
            path = out / "runs" / run["id"] / "gallery.png"
            found.setdefault((run["method"], run["backbone"]), (run["id"], path))
    return {name: path.read_bytes() for name, path in found.values()}


def _made(out: Path, names: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in names:
        path = out / "stages" / name / "stage.json"
        if path.exists():
            stage = json.loads(path.read_text())
            found[name] = f"{stage['title']}: {stage['summary']}"
    return found


def _about(benchmark: dict[str, Any], runs: list[dict[str, Any]], out: Path) -> About:
    summaries = {entry.record.name: entry.record.summary for entry in registry().entries("metric")}
    return About(
        title=benchmark["title"],
        dataset=benchmark["dataset"],
        samples=benchmark["samples"],
        groups=benchmark["groups"],
        protocol=Protocol(**benchmark["protocol"]),
        labels=tuple(benchmark["labels"]),
        counts=tuple(benchmark["counts"]),
        shots=tuple(benchmark["shots"]),
        planned=len(benchmark["runs"]),
        metrics={name: summaries.get(name, "") for name in benchmark["metrics"]},
        published=[PublishedRow(**row) for row in benchmark["published"]],
        remarks=benchmark["remarks"],
        notes=benchmark["notes"],
        failures={run["id"]: run["failure"]["cause"] for run in runs if run["status"] == "failed"},
        made=_made(out, benchmark.get("stages", ())),
        unexplained={
            run["id"]: run["explanation"]["failure"]["cause"]
            for run in runs
            if "failure" in run.get("explanation", {})
        },
    )
