"""The run somebody means: by its folder, its name, or what the table calls its row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ltmlbench.errors import DataError, RequestError
from ltmlbench.results.collect import collect
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import RunRecord

MOST = 30


def find_run(name: str, out: Path) -> tuple[OutFolder, RunRecord]:
    """The run somebody means, and the output folder it lies in.

    Args:
        name: a run folder; the beginning of a run's name, as a file name or as typed
            (``focal[gamma=3]-resnet50-fold_1``); or the name of a row of the table, optionally
            with its backbone (``"focal[gamma=3], resnet50"``), which means its first run.

    Raises:
        RequestError: no run is meant, or several rows; the message lists the runs there are.
        DataError: its run.json cannot be read.
    """
    if name and _is_run(Path(name)):
        path = Path(name).resolve()
        folder = OutFolder(path.parent.parent)
        return folder, folder.run(path.name)
    folder = OutFolder(out.expanduser())
    runs = _runs(folder)
    by_row = [run for run in runs if name in (run.method, f"{run.method}, {run.backbone}")]
    if by_row:
        return folder, _first(name, by_row)
    begun = [run for run in runs if name and run.id.startswith(_as_folder(name))]
    begun = [run for run in begun if run.id == name] or begun
    if len(begun) != 1:
        number = f"{len(begun)} runs" if begun else "no run"
        raise RequestError(
            f"{number} in {folder.runs_folder} begin with {name[:100]!r}{_listed(begun or runs)}"
        )
    return folder, begun[0]


def _is_run(path: Path) -> bool:
    try:
        return (path / "run.json").is_file()
    except (OSError, ValueError):  # no folder can have that name
        return False


def _runs(folder: OutFolder) -> tuple[RunRecord, ...]:
    """The runs of the table, then those that lie there besides."""
    try:
        shown = collect(folder, folder.benchmark()).runs
    except DataError:
        shown = ()
    known = {run.id for run in shown}
    return (*shown, *_others(folder, known))


def _others(folder: OutFolder, known: Iterable[str]) -> Iterable[RunRecord]:
    for name in folder.run_names():
        if name not in known:
            try:
                yield folder.run(name)
            except DataError:
                continue


def _first(name: str, found: list[RunRecord]) -> RunRecord:
    """The first run of the one row that is meant."""
    rows = dict.fromkeys(f"{run.method}, {run.backbone}" for run in found)
    if len(rows) > 1:
        raise RequestError(f"{len(rows)} rows are called {name!r}: {'; '.join(rows)}")
    return found[0]


def _as_folder(name: str) -> str:
    """A run's name as its folder is called: what `ltmlbench.grid.slug` does, its ends kept."""
    return re.sub(r"[^A-Za-z0-9.+=-]+", "_", name)


def _listed(runs: Iterable[RunRecord]) -> str:
    names = [run.id for run in runs]
    if not names:
        return ": there are no runs; give a run folder, or --out DIR"
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"; there are: {', '.join(names[:MOST])}{more}"
