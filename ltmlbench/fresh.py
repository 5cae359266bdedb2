"""Forgetting what is stored, so that it is done again (``--fresh``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ltmlbench.errors import RequestError, did_you_mean
from ltmlbench.grid import Grid

if TYPE_CHECKING:
    from ltmlbench.benchmark import Benchmark


def forget(benchmark: Benchmark, rows: Sequence[str] = ()) -> None:
    """Forgets the stages of a benchmark, or those of the named rows and what was made from them.

    What was made last goes first: a kill on the way never leaves a result beside inputs that are
    not the ones it came from.

    Raises:
        RequestError: there is no such row, or another process makes one of the stages just now.
    """
    grid, store = benchmark.grid, benchmark.store
    chosen = _stages_of(grid, rows)
    gone = [identity for identity in reversed(list(grid.nodes)) if identity in chosen]
    for identity in gone:
        if store.busy(identity):
            raise RequestError(
                f"--fresh: another process is making {grid.nodes[identity].title!r} just now; "
                "no result was forgotten: wait for it or stop it, or leave --fresh out to share it"
            )
    for identity in gone:
        store.discard(identity)


def _stages_of(grid: Grid, rows: Sequence[str]) -> set[str]:
    """The stages of the rows, and all that wait for one of them; all stages if no row is named."""
    if not rows:
        return set(grid.nodes)
    known = list(dict.fromkeys(run.method for run in grid.runs))
    for row in rows:
        if row not in known:
            raise RequestError(f"--fresh: there is no row {row!r}{did_you_mean(row, known)}")
    chosen: set[str] = set()

    def choose(identity: str) -> None:
        if identity and identity not in chosen:
            chosen.add(identity)
            for inner in grid.nodes[identity].inputs:
                choose(inner)

    for run in grid.runs:
        if run.method in rows:
            choose(run.identity)
            choose(run.explanation)
    for identity, node in grid.nodes.items():  # inputs stand before what is made from them
        if chosen.intersection(node.inputs):
            chosen.add(identity)
    return chosen
