"""What is believed of an engine, and what is made of one that fails.

Engines and what they run are other people's code. Nothing they do may leave a run without a word,
or stop the others.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any

from ltmlbench.contracts import Engine
from ltmlbench.errors import RequestError
from ltmlbench.grid import Grid, Outcome
from ltmlbench.store import Store

Record = Callable[[Outcome], None]


def run_engine(
    engine: Engine, name: str, grid: Grid, store: Store, jobs: int, record: Record
) -> list[str]:
    """Has an engine execute a grid, and every run end, whatever the engine does.

    Args:
        record: told every outcome, once. What it raises, such as a full disk under the output
            folder, is said and the other stages go on.

    Returns:
        What could not be recorded, a line each.
    """
    referee = _Referee(name, grid, store, record)
    stopped, trace = "", ""
    try:
        engine.run(grid, store, jobs, referee.ended)
    except RequestError as error:
        if not referee.seen:  # the user's to mend, such as a package or a cluster that is not there
            raise
        stopped = str(error)
        _say(f"engine {name!r}: {stopped}")
    except (Exception, SystemExit) as error:  # an engine may raise anything
        text = " ".join(str(error).split())
        stopped, trace = f"{type(error).__name__}: {text}", traceback.format_exc()
        _say(f"engine {name!r}: {stopped}")
    referee.end_all(stopped, trace)
    return referee.unrecorded


class _Referee:
    def __init__(self, name: str, grid: Grid, store: Store, record: Record) -> None:
        self.name, self.grid, self.store, self.record = name, grid, store, record
        self.seen: set[str] = set()
        self.unrecorded: list[str] = []
        self.said: set[str] = set()

    def ended(self, outcome: Any) -> None:
        """What the engine calls."""
        if not isinstance(outcome, Outcome) or outcome.identity not in self.grid.nodes:
            self._once(f"engine {self.name!r} ended something that is no stage of this benchmark")
            return
        if outcome.identity in self.seen:
            return
        if not outcome.failure and not self.store.has(outcome.identity):
            cause = f"the engine {self.name!r} says it is done, but it is not stored"
            outcome = Outcome(outcome.identity, failure="error", cause=cause)
        self._record(outcome)

    def end_all(self, stopped: str, trace: str) -> None:
        """Ends what the engine left: a run that is not stored has failed."""
        cause = f"the engine {self.name!r} never ended it"
        if stopped:
            cause = f"the engine {self.name!r} stopped before: {stopped}"
        for run in self.grid.runs:
            for identity in (run.identity, run.explanation):
                if not identity or identity in self.seen:
                    continue
                done = self.store.has(identity) and self.store.has(run.model)
                failed = Outcome(identity, failure="error", cause=cause, trace=trace)
                self._record(Outcome(identity) if done else failed)

    def _record(self, outcome: Outcome) -> None:
        self.seen.add(outcome.identity)
        try:
            self.record(outcome)
        except Exception as error:
            title = self.grid.nodes[outcome.identity].title
            known = isinstance(error, OSError) and error.strerror
            cause = str(error) if known else f"{type(error).__name__}: {error}"
            self.unrecorded.append(f"{title}: {cause}")
            self._once(
                f"{title}: its results could not be written ({cause}); the others go on, "
                "and the same command writes them later"
            )

    def _once(self, text: str) -> None:
        if text not in self.said:
            self.said.add(text)
            _say(text)


def _say(text: str) -> None:
    print(f"ltmlbench: {text}", file=sys.stderr)
