"""The report on an output folder: every number anew from the predictions of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ltmlbench.errors import DataError
from ltmlbench.registry import registry
from ltmlbench.report.about import About
from ltmlbench.report.blocks import Block
from ltmlbench.report.differences import difference_blocks
from ltmlbench.report.evidence import Evidence, evidence_of
from ltmlbench.report.page import render_page
from ltmlbench.report.paper import paper_block
from ltmlbench.report.spread import spread_block
from ltmlbench.report.summary import summaries
from ltmlbench.report.table import render_table
from ltmlbench.results.collect import Collected, collect
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import RunRecord
from ltmlbench.results.scores import Metrics
from ltmlbench.results.tables import results_frame, results_text, summary_text
from ltmlbench.spec import parse_spec

NAMED = 5
"""Methods that a title names."""
RUN_KEYS = ("method", "backbone", "fold", "seed", "floor", "trials")
"""What results.csv repeats of a run."""


@dataclass(frozen=True)
class Report:
    """Tidy results of the runs in a folder, what the report says besides, and what is tested."""

    results: pd.DataFrame
    about: About
    evidence: Evidence

    def paper(self) -> list[Block]:
        """The headline tables as a paper prints them, per test set and unit."""
        return [
            paper_block(summary, self.evidence, unit)
            for summary in summaries(self.results, self.about)
            for unit in summary.units
        ]


def write_report(out: Path, metrics: Sequence[str] = ()) -> Report:
    """Writes results.csv, summary.csv, table.md and report.html of an output folder.

    Args:
        metrics: the columns of the table; none: those it was made with.

    Raises:
        DataError: the folder holds no benchmark, or no run that can be read (then nothing is
            replaced).
        RequestError: an unknown metric.
    """
    folder = OutFolder(out.expanduser())
    benchmark = folder.benchmark()
    if metrics:
        chosen = {"metrics": tuple(dict.fromkeys(metrics)), "chosen": True}
        benchmark = benchmark.model_copy(update=chosen)
    return report_on(collect(folder, benchmark), Metrics.load(benchmark.metrics))


def report_on(found: Collected, metrics: Metrics) -> Report:
    """Writes the report on the runs of one table.

    Raises:
        DataError: none of them can be read though there were results, or there is no room.
    """
    folder, damaged = found.folder, dict(found.damaged)
    rows = []
    readable: list[RunRecord] = []
    for run in found.runs:
        try:
            scores = metrics.scores(run, folder, found.benchmark) if run.done else []
        except DataError as error:
            damaged[run.id] = str(error)
            continue
        readable.append(run)
        keys = {key: getattr(run, key) for key in RUN_KEYS}
        simulated = found.benchmark.protocol.simulated
        rows += [{**keys, "run": run.id, "simulated": simulated, **row} for row in scores]
    if not readable and (damaged or folder.lost_runs()):
        first = "; ".join(f"{name}: {cause}" for name, cause in list(damaged.items())[:1])
        raise DataError(
            f"no run in {folder.runs_folder} can be read{f' ({first})' if first else ''}: "
            "results.csv, table.md and report.html are left as they are"
        )
    results = results_frame(rows)
    about = _about(found, readable, damaged, metrics)
    pointing = folder.pointing(readable)
    evidence = evidence_of(results, found)
    differences = difference_blocks(evidence)
    headline = [name for name in found.benchmark.metrics if name in about.protocol.headline]
    spread = spread_block(evidence, headline)
    page = render_page(
        results,
        about,
        runs=readable,
        history=[entry for run in readable for entry in folder.history(run)],
        config=folder.config(),
        pointing=pointing,
        galleries=folder.galleries(readable),
        evidence=evidence,
        spread=spread,
    )
    folder.write_together(
        {
            "results.csv": results_text(results),
            "summary.csv": summary_text(results),
            "table.md": render_table(results, about, pointing, differences, readable, spread),
            "report.html": page,
        }
    )
    return Report(results, about, evidence)


def _about(
    found: Collected, runs: Sequence[RunRecord], damaged: dict[str, str], metrics: Metrics
) -> About:
    benchmark = found.benchmark
    protocol = benchmark.protocol
    if benchmark.chosen:
        protocol = protocol.model_copy(update={"headline": benchmark.metrics})
    summaries = {entry.record.name: entry.record.summary for entry in registry().entries("metric")}
    return About(
        title=_title(benchmark.dataset, runs) or benchmark.title,
        dataset=benchmark.dataset,
        samples=benchmark.samples,
        groups=benchmark.groups,
        protocol=protocol,
        labels=benchmark.labels,
        counts=benchmark.counts,
        shots=benchmark.shots,
        planned=len(benchmark.runs),
        metrics={name: summaries.get(parse_spec(name).name, "") for name in benchmark.metrics},
        lower_is_better=frozenset(n for n, m in metrics.loaded.items() if not m.higher_is_better),
        published=benchmark.published,
        remarks=benchmark.remarks,
        notes=[*benchmark.notes, *([found.others_line] if found.others else [])],
        failures={run.id: run.failure.cause for run in runs if run.failure},
        damaged=damaged,
        made=found.folder.made(benchmark.stages),
        unexplained={
            run.id: run.explanation.failure.cause
            for run in runs
            if run.explanation and run.explanation.failure
        },
        seen=_seen(runs),
        reduced={run.method: run.reduced for run in runs if run.reduced},
        trials={run.method: run.trials for run in runs if run.trials},
    )


def _seen(runs: Sequence[RunRecord]) -> dict[str, float]:
    """Samples shown in training per run, in the mean, by row; floors see none."""
    several = len({run.backbone for run in runs if not run.floor}) > 1
    counts: dict[str, list[int]] = {}
    for run in runs:
        if run.done and not run.floor and run.cost is not None:
            name = f"{run.method}, {run.backbone}" if several else run.method
            counts.setdefault(name, []).append(run.cost.trained)
    return {name: sum(found) / len(found) for name, found in counts.items()}


def _title(dataset: str, runs: Sequence[RunRecord]) -> str:
    """The data set and the methods that are in the table, floors aside."""
    methods = dict.fromkeys(run.method for run in runs if not run.floor)
    more = f" and {len(methods) - NAMED} more methods" if len(methods) > NAMED else ""
    return f"{dataset}: {', '.join(list(methods)[:NAMED])}{more}" if methods else ""
