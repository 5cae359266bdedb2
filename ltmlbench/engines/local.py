"""Executes stages on this machine: in this process, or several processes at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from queue import Empty
from typing import Any

from ltmlbench.contracts import Engine
from ltmlbench.engines.execute import execute
from ltmlbench.grid import Ended, Grid, Node, Outcome
from ltmlbench.registry import registry
from ltmlbench.store import Store


class Local(Engine):
    """Stages in the order of the grid; with ``jobs`` > 1, ready ones in worker processes."""

    def run(self, grid: Grid, store: Store, jobs: int, ended: Ended) -> None:
        todo = {i: node for i, node in grid.nodes.items() if store.get(i) is None}
        done: dict[str, Outcome] = {}
        for identity in grid.nodes.keys() - todo.keys():
            done[identity] = Outcome(identity)
            ended(done[identity])
        if jobs > 1 and len(todo) > 1:
            _in_processes(todo, done, store, jobs, ended)
            return
        for node in todo.values():
            done[node.identity] = blocked(node, done) or _here(node, store)
            ended(done[node.identity])


def blocked(node: Node, done: Mapping[str, Outcome]) -> Outcome | None:
    """The outcome of a stage one of whose inputs failed: that input's; None if all are there."""
    for name in node.inputs:
        if done[name].failure:
            return replace(done[name], identity=node.identity)
    return None


def _here(node: Node, store: Store) -> Outcome:
    registry().announce("stage_started", stage=node.identity, title=node.title)

    def epoch(index: int, of: int, values: Mapping[str, float]) -> None:
        registry().announce(
            "epoch_finished", stage=node.identity, epoch=index, epochs=of, values=values
        )

    return _tell(node, execute(node, store, epoch))


def _tell(node: Node, outcome: Outcome) -> Outcome:
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
    return outcome


def _in_processes(
    todo: Mapping[str, Node], done: dict[str, Outcome], store: Store, jobs: int, ended: Ended
) -> None:
    with multiprocessing.get_context("spawn").Manager() as manager:
        events = manager.Queue()
        pool = _pool(jobs, events)
        waiting, running = dict(todo), dict[Future[Outcome], Node]()
        try:
            while waiting or running:
                # no more at once than workers: what comes first in the grid is to be done first
                for node in [n for n in waiting.values() if all(i in done for i in n.inputs)]:
                    if len(running) == jobs:
                        break
                    del waiting[node.identity]
                    if outcome := blocked(node, done):
                        done[node.identity] = outcome
                        ended(outcome)
                    else:
                        running[pool.submit(_in_worker, node, store.root)] = node
                finished = wait(running, timeout=0.2, return_when=FIRST_COMPLETED).done
                _relay(events)
                for future in finished:
                    node = running.pop(future)
                    done[node.identity] = _tell(node, _result(future, node))
                    ended(done[node.identity])
                if any(isinstance(f.exception(), BrokenProcessPool) for f in finished):
                    pool = _pool(jobs, events)
        except BaseException:  # Ctrl-C: the checkpoints are on disk, nothing is worth waiting for
            for child in multiprocessing.active_children():
                child.terminate()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _pool(jobs: int, events: Any) -> ProcessPoolExecutor:
    threads = max(1, (os.cpu_count() or 1) // jobs)
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, context, _start_worker, (threads, events))


def _result(future: Future[Outcome], node: Node) -> Outcome:
    error = future.exception()
    if error is not None:  # the worker itself died: killed for memory, a crash in native code
        return Outcome(node.identity, failure="error", cause=f"the worker process died: {error}")
    return future.result()


def _relay(events: Any) -> None:
    while True:
        try:
            event, values = events.get_nowait()
        except Empty:
            return
        registry().announce(event, **values)


_events: Any = None


def _start_worker(threads: int, events: Any) -> None:
    import torch

    global _events
    _events = events
    torch.set_num_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process stops the workers


def _in_worker(node: Node, root: Any) -> Outcome:
    _events.put(("stage_started", {"stage": node.identity, "title": node.title}))

    def epoch(index: int, of: int, values: Mapping[str, float]) -> None:
        event = {"stage": node.identity, "epoch": index, "epochs": of, "values": dict(values)}
        _events.put(("epoch_finished", event))

    return execute(node, Store(root), epoch)
