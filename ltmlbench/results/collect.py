"""Which of the runs in an output folder make one table, and what their rows are called.

A folder may hold the runs of several commands. Those of the same data, splits, protocol and
schedule stand in one table, whoever asked for them last; the others stay in their folders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ltmlbench.errors import DataError
from ltmlbench.identity import difference
from ltmlbench.naming import distinct
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import BenchmarkRecord, RunRecord


@dataclass(frozen=True)
class Collected:
    """The runs of one table.

    Args:
        folder: where they lie.
        benchmark: ``runs`` of it name all that belong to the table, done or not.
        runs: in the order of the table; no two of the same row, fold and seed.
        damaged: why a run cannot be read, by its name.
        others: runs in the folder that do not belong to the table, and why.
    """

    folder: OutFolder
    benchmark: BenchmarkRecord
    runs: tuple[RunRecord, ...]
    damaged: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def others_line(self) -> str:
        """One line on the runs that are left out; empty if there are none."""
        if not self.others:
            return ""
        whys = dict.fromkeys(self.others.values())
        return (
            f"{len(self.others)} earlier runs in runs/ are not in this table ({'; '.join(whys)}); "
            "their folders stay"
        )


def collect(folder: OutFolder, benchmark: BenchmarkRecord) -> Collected:
    """The runs that belong to the table of a benchmark: those it asked for, in their order, then
    those of earlier commands that share its setting and splits. A row of an earlier command of
    which no run is done is left out without a word: it has no number to show."""
    there = folder.run_names()
    names = [*benchmark.runs, *(name for name in there if name not in benchmark.runs)]
    runs: list[RunRecord] = []
    damaged: dict[str, str] = {}
    others: dict[str, str] = {}
    for name in names:
        if name not in there:
            continue
        asked = name in benchmark.runs
        if not folder.begun(name, whole=asked):
            continue
        try:
            run = folder.run(name)
        except DataError as error:
            if asked or benchmark.setting:  # of version 1, whose runs/ holds anything: unknown
                damaged[name] = str(error)
            continue
        why = "" if asked else _apart(run, benchmark)
        if why:
            others[name] = why
        else:
            runs.append(run)
    kept = _latest(runs, benchmark.runs)
    done = {_row(run) for run in kept if run.done}
    kept = [run for run in kept if run.id in benchmark.runs or _row(run) in done]
    latest, seen = {run.id for run in kept}, {run.id for run in runs}
    asked_for = [name for name in benchmark.runs if name in latest or name not in seen]
    added = [run.id for run in kept if run.id not in benchmark.runs]
    whole = benchmark.model_copy(update={"runs": (*asked_for, *added)})
    return Collected(folder, whole, tuple(_named(kept)), damaged, others)


def _apart(run: RunRecord, benchmark: BenchmarkRecord) -> str:
    """Why a run does not belong to a benchmark that did not ask for it; empty if it does."""
    if not run.setting or not benchmark.setting:
        return "of a version that did not note its setting"
    if lines := difference(run.setting, benchmark.setting):
        if any(line.startswith("data.samples") for line in lines):
            return "other samples or labels"
        more = f" and {len(lines) - 3} more" if len(lines) > 3 else ""
        return f"{', '.join(lines[:3])}{more}"
    if run.split is None or benchmark.splits.get(run.fold) != run.split.fingerprint:
        return f"{run.fold} is not a split of this table"
    return ""


def _latest(runs: Sequence[RunRecord], asked: Sequence[str]) -> list[RunRecord]:
    """The runs, one per row, fold and seed: what was asked for, else what was recorded last."""
    best: dict[tuple[str, ...], RunRecord] = {}
    for run in runs:
        place = (*_row(run), run.fold, str(run.seed))
        if place not in best or _rank(run, asked) > _rank(best[place], asked):
            best[place] = run
    kept = {run.id for run in best.values()}
    return [run for run in runs if run.id in kept]


def _rank(run: RunRecord, asked: Sequence[str]) -> tuple[bool, str, str]:
    return run.id in asked, run.recorded, run.id


def _row(run: RunRecord) -> tuple[str, ...]:
    """What makes the row of a run; before version 2 that was its names."""
    return (run.row,) if run.row else (run.method, run.backbone)


def _named(runs: Sequence[RunRecord]) -> Iterator[RunRecord]:
    """The runs, each with the name of its row: one name per row, one row per name."""
    first: dict[tuple[str, ...], RunRecord] = {}
    for run in runs:
        first.setdefault(_row(run), run)
    names = [f"{run.method}\n{run.backbone}" for run in first.values()]
    made = dict(zip(first, distinct(names, [_options(r) for r in first.values()]), strict=True))
    for run in runs:
        method, _, backbone = made[_row(run)].partition("\n")
        yield run.model_copy(update={"method": method, "backbone": backbone})


def _options(run: RunRecord) -> dict[str, object]:
    """What may stand behind the name of a row, most telling first."""
    method = {f"method.{key}": value for key, value in run.options.get("method", {}).items()}
    return {**run.options.get("backbone", {}), **method, "row": " ".join(_row(run))}
