"""Rows of several output folders in one metric, with cost, versions and machines."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ltmlbench.evaluation.statistics import summarise
from ltmlbench.registry import load
from ltmlbench.report.blocks import Block, Cell, Line, stat_cell
from ltmlbench.report.cost import MEASURES, row_costs
from ltmlbench.report.differences import choose
from ltmlbench.report.evidence import read_evidence
from ltmlbench.report.summary import Stat
from ltmlbench.results.collect import collect
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import RunRecord
from ltmlbench.results.tables import test_set

COSTS = ("minutes", "peak memory, GiB", "peak GPU memory, GiB", "parameters, million")
VERSIONS = ("ltmlbench", "torch", "timm", "numpy", "python")


@dataclass(frozen=True)
class _Row:
    names: tuple[str, str]
    folder: Path
    stat: Stat
    runs: int
    costs: Mapping[str, float] = field(default_factory=dict)
    versions: str = "–"
    machine: str = "–"


def leaderboard_blocks(outs: Sequence[Path], metric: str | None, unit: str | None) -> list[Block]:
    """A table per setting and test set: rows of folders whose data, splits, protocol and schedule
    are the same stand in one, all others apart. Nothing is tested between folders.

    Args:
        outs: output folders, or ones that kept results.csv alone.
        metric: None: the first of the headline of each folder.
        unit: what is counted; None: that of the headline.

    Raises:
        DataError: a folder holds no results, or none of a method.
        RequestError: a folder has no such metric or unit.
    """
    blocks: dict[tuple[str, ...], list[_Row]] = {}
    shown = list(dict.fromkeys(out.expanduser().resolve() for out in outs))
    for out in shown:
        evidence = read_evidence(out)
        unit_here = choose(unit, evidence.units, "unit")
        metric_here = choose(metric, evidence.metrics, "metric")
        data, setting, runs = _known(out)
        found = evidence.results
        found = found[(found["unit"] == unit_here) & (found["metric"] == metric_here)]
        found = found[found["label"] == ""].assign(test_set=found["fold"].map(test_set))
        columns = ["test_set", "method", "backbone"]
        for record in summarise(found, columns)[[*columns, *Stat._fields]].itertuples(
            index=False, name=None
        ):
            where, names, stat = record[0], (record[1], record[2]), Stat(*record[3:])
            same = (found["method"] == names[0]) & (found["backbone"] == names[1])
            number = int((same & (found["test_set"] == where)).sum())
            mine = [run for run in runs if (run.method, run.backbone) == names and run.done]
            costs = row_costs(mine).get(names, {})
            row = _Row(names, out, stat, number, costs, _versions(mine), _machines(mine))
            blocks.setdefault((data, where, metric_here, unit_here, setting), []).append(row)
    several = len({key[:4] for key in blocks}) < len(blocks)
    return [_block(key, rows, several) for key, rows in blocks.items()]


def _known(out: Path) -> tuple[str, str, list[RunRecord]]:
    """Name of the data set, what all rows have in common, and the runs; a folder without records
    is comparable to itself alone."""
    folder = OutFolder(out)
    if not (out / "benchmark.json").exists():
        return out.name, str(out), []
    found = collect(folder, folder.benchmark())
    benchmark = found.benchmark
    if not benchmark.setting:
        return benchmark.dataset, str(out), list(found.runs)
    common = json.dumps([benchmark.setting, sorted(benchmark.splits.values())], sort_keys=True)
    return benchmark.dataset, common, list(found.runs)


def _block(key: tuple[str, ...], rows: Sequence[_Row], several: bool) -> Block:
    data, where, metric, unit, _ = key
    higher = load("metric", metric).higher_is_better
    ordered = sorted(rows, key=lambda row: _order(row.stat.mean, higher))
    known = [name for name in COSTS if any(name in row.costs for row in rows)]
    lines = tuple(Line(tuple(_cells(row, known))) for row in ordered)
    at = f", {where}" if where else ""
    folders = list(dict.fromkeys(row.folder.name for row in rows))
    apart = f" ({', '.join(folders)})" if several else ""
    caption = (
        "Mean ± standard deviation (ddof = 1) over n runs; – : not recorded. Rows of one table "
        "share data, splits, protocol and schedule as far as that is recorded; order is that of "
        "the means and nothing is tested: `ltmlbench compare` does, within a folder."
    )
    return Block(
        f"{data}{at}: {metric} per {unit}{apart}",
        ("method", "backbone", "folder", "versions", "machine", metric, "n", *known),
        lines,
        caption,
        texts=5,
    )


def _order(mean: float, higher: bool) -> float:
    return math.inf if math.isnan(mean) else -mean if higher else mean


def _cells(row: _Row, known: Sequence[str]) -> Iterator[Cell]:
    yield from (Cell(text) for text in (*row.names, row.folder.name, row.versions, row.machine))
    yield stat_cell(row.stat, row.stat.n)
    yield Cell(str(row.runs))
    for name in known:
        value = row.costs.get(name)
        yield Cell("–" if value is None else f"{value:{MEASURES[name][2]}}")


def _versions(runs: Sequence[RunRecord]) -> str:
    return _said(runs, lambda e: ", ".join(f"{n} {e[n]}" for n in VERSIONS if e.get(n)))


def _machines(runs: Sequence[RunRecord]) -> str:
    def machine(environment: Mapping[str, Any]) -> str:
        parts = [environment.get("gpu"), environment.get("processor")]
        threads = environment.get("threads")
        return ", ".join([str(p) for p in parts if p] + ([f"{threads} threads"] if threads else []))

    return _said(runs, machine)


def _said(runs: Sequence[RunRecord], words: Any) -> str:
    """What the environments say, each once."""
    found = dict.fromkeys(words(run.environment) for run in runs if run.environment)
    return " or ".join(text for text in found if text) or "–"
