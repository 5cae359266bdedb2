"""The order of the stages, for every engine: what is ready, what is blocked, what went wrong.

An engine says how one stage is executed (``submit``) and how many at once; `schedule` does the
rest. What it announces, it announces in the thread that called it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from ltmlbench.engines.execute import Tell
from ltmlbench.grid import Ended, Grid, Node, Outcome
from ltmlbench.registry import registry
from ltmlbench.store import Damaged, Store

Submit = Callable[[Node, Tell], Future[Outcome]]
"""Starts a stage and returns at once, or when it is done. What happens meanwhile may be handed to
``tell``, from any thread; who has nothing to tell leaves it."""

TRIES = 2
"""How often a stage is tried whose worker was lost. What a stage itself raises is final."""


class WorkerLost(Exception):
    """The process that executed a stage has gone. Set as the exception of the stage's future.

    Args:
        cause: how it ended, one line.
        kind: the kind of failure this is if it happens again.
    """

    def __init__(self, cause: str, kind: str = "error") -> None:
        super().__init__(cause)
        self.kind = kind


def to_do(grid: Grid, store: Store) -> dict[str, Node]:
    """The stages that have to be made, in the order of the grid.

    These are what the records of the runs are made from and is not stored, what those stages need
    in turn, and what is damaged. An input that was pruned is not made again for stages that are
    stored, nor for a look.
    """
    needed: set[str] = set()
    asked: set[tuple[str, bool]] = set()

    def need(identities: Iterable[str], whole: bool) -> None:
        for identity in identities:
            if (identity, whole) in asked:
                continue
            asked.add((identity, whole))
            if identity in needed or store.get(identity, whole=whole) is None:
                needed.add(identity)
                need(grid.nodes[identity].inputs, whole=True)

    for run in grid.runs:
        need([i for i in (run.model, run.identity, run.explanation) if i], whole=False)
    for look in grid.looks:
        inputs = grid.nodes[look].inputs
        if store.get(look, whole=False) is None and all(
            i in needed or store.get(i) is not None for i in inputs
        ):
            needed.add(look)
    unseen = grid.nodes.keys() - {identity for identity, _ in asked}
    need([i for i in unseen if isinstance(store.look(i), Damaged)], whole=False)
    return {identity: node for identity, node in grid.nodes.items() if identity in needed}


def schedule(grid: Grid, store: Store, submit: Submit, slots: int, ended: Ended) -> None:
    """Executes what is to be done of a grid, at most ``slots`` stages at once.

    Calls ``ended`` with the outcome of every stage that is stored or was to be made, once its
    inputs have ended. A stage that fails blocks only those that wait for it. A stage whose worker
    was lost is tried once more; every other failure is final for this call.
    """
    _Schedule(grid, store, submit, slots, ended).run()


class _Schedule:
    def __init__(self, grid: Grid, store: Store, submit: Submit, slots: int, ended: Ended) -> None:
        todo = to_do(grid, store)
        self.stored = {i for i in grid.nodes if i not in todo and store.has(i)}
        self.waiting = {i: n for i, n in grid.nodes.items() if i in todo or i in self.stored}
        self.expected = frozenset(self.waiting)
        self.submit, self.slots, self.ended = submit, slots, ended
        self.done: dict[str, Outcome] = {}
        self.running: dict[str, Node] = {}
        self.tries: dict[str, int] = {}
        self.inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.thread = threading.get_ident()

    def run(self) -> None:
        while self.waiting or self.running:
            self._start_what_is_ready()
            if self.running:
                self.inbox.get()()

    def _start_what_is_ready(self) -> None:
        """In the order of the grid, so that what comes first is done first."""
        for node in list(self.waiting.values()):
            inputs = [i for i in node.inputs if i in self.expected]
            if not all(i in self.done for i in inputs):
                continue
            failed = next((self.done[i] for i in inputs if self.done[i].failure), None)
            if failed or node.identity in self.stored:
                del self.waiting[node.identity]
                self._end(replace(failed or Outcome(""), identity=node.identity))
            elif len(self.running) < self.slots:
                del self.waiting[node.identity]
                self._start(node)

    def _start(self, node: Node) -> None:
        self.running[node.identity] = node
        tries = self.tries[node.identity] = self.tries.get(node.identity, 0) + 1
        if tries == 1:
            registry().announce("stage_started", stage=node.identity, title=node.title)
        try:
            future = self.submit(node, self._tell)
        except Exception as error:  # the engine's own code may raise anything
            future = Future()
            future.set_exception(error)
        future.add_done_callback(lambda f: self.inbox.put(lambda: self._settle(node, f)))

    def _tell(self, event: str, /, **values: Any) -> None:
        if threading.get_ident() == self.thread:
            registry().announce(event, **values)
        else:
            self.inbox.put(lambda: registry().announce(event, **values))

    def _settle(self, node: Node, future: Future[Outcome]) -> None:
        del self.running[node.identity]
        error = None if future.cancelled() else future.exception()
        if isinstance(error, WorkerLost) and self.tries[node.identity] < TRIES:
            self.waiting = {node.identity: node, **self.waiting}
            return
        outcome = _outcome(node, future)
        if outcome.failure:
            registry().announce(
                "stage_failed",
                stage=node.identity,
                title=node.title,
                kind=outcome.failure,
                cause=outcome.cause,
            )
        else:
            registry().announce(
                "stage_finished", stage=node.identity, title=node.title, seconds=outcome.seconds
            )
        self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        self.done[outcome.identity] = outcome
        self.ended(outcome)


def _outcome(node: Node, future: Future[Outcome]) -> Outcome:
    """What the engine says of a stage; what is no answer is a failure."""
    if future.cancelled():
        return Outcome(node.identity, failure="error", cause="the engine cancelled it")
    error = future.exception()
    if isinstance(error, WorkerLost):
        return Outcome(node.identity, failure=error.kind, cause=str(error))
    if error is not None:
        text = " ".join(str(error).split())
        cause = f"the engine could not execute it: {type(error).__name__}: {text}"
        return Outcome(node.identity, failure="error", cause=cause)
    outcome: object = future.result()
    if not isinstance(outcome, Outcome) or outcome.identity != node.identity:
        cause = f"the engine gave {type(outcome).__name__} in place of the stage's outcome"
        return Outcome(node.identity, failure="error", cause=cause)
    return outcome
