"""Executes stages on this machine: in this process, or several processes at once."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import Pipe
from pathlib import Path

from ltmlbench.contracts import Engine
from ltmlbench.engines.devices import gpus, one_of
from ltmlbench.engines.execute import Tell, execute
from ltmlbench.engines.schedule import Submit, WorkerLost, schedule, to_do
from ltmlbench.grid import Ended, Grid, Node, Outcome
from ltmlbench.registry import WORKER
from ltmlbench.store import Store


class Local(Engine):
    """Stages in the order of the grid; with ``jobs`` > 1, ready ones in worker processes.

    Even a single stage that is left goes to a worker then: the number of threads changes the order
    of sums, and a benchmark that was stopped is to give the same digits. Where a benchmark runs on
    GPUs, every worker has one of its own, of those that ``CUDA_VISIBLE_DEVICES`` allows.
    """

    def run(self, grid: Grid, store: Store, jobs: int, ended: Ended) -> None:
        if jobs == 1 or not to_do(grid, store):
            schedule(grid, store, _here(store), 1, ended)
            return
        threads = max(1, (os.cpu_count() or 1) // jobs)
        on_gpus = any(node.task.numerics.device == "cuda" for node in grid.nodes.values())
        workers = Workers(jobs, threads, store.root, gpus() if on_gpus else ())
        try:
            schedule(grid, store, workers.submit, jobs, ended)
        finally:  # also after Ctrl-C: the checkpoints are on disk, nothing is worth waiting for
            workers.close()


def _here(store: Store) -> Submit:
    def submit(node: Node, tell: Tell) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_result(execute(node, store, tell))
        return future

    return submit


class Workers:
    """Long-lived worker processes, started when there is work, replaced when they die.

    One that dies takes its own stage with it and nothing else. All end with this process, however
    that ends.

    Args:
        devices: GPUs, given out in turn; one that replaces another has the same.
    """

    def __init__(self, number: int, threads: int, root: Path, devices: Sequence[str] = ()) -> None:
        # a thread per worker waits for its answers; the thread that starts a process has to live as
        # long as that is wanted (see `die_with_parent_thread`), and these live until `close`
        numbers = itertools.count()
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(
            number,
            thread_name_prefix="worker",
            initializer=lambda: setattr(self._own, "number", next(numbers)),
        )
        self._threads, self._root, self._devices = threads, root, devices
        self._all: list[_Worker] = []
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, node: Node, tell: Tell) -> Future[Outcome]:
        """Executes a stage in one of the processes."""
        return self._pool.submit(self._execute, node, tell)

    def _execute(self, node: Node, tell: Tell) -> Outcome:
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is None or not worker.alive:
            worker = self._own.worker = self._start()
        return worker.execute(node, tell)

    def _start(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise WorkerLost("stopped")
            device = one_of(self._devices, self._own.number)
            worker = _Worker(self._threads, self._root, device)
            self._all.append(worker)
            return worker

    def close(self) -> None:
        """Ends all processes, whatever they are doing."""
        with self._lock:
            self._closed = True
            for worker in self._all:
                worker.kill()
        self._pool.shutdown(cancel_futures=True)


class _Worker:
    def __init__(self, threads: int, root: Path, environment: Mapping[str, str]) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            code = (
                "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
                "from ltmlbench.engines.worker import main; "
                "main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])"
            )
            given = [str(theirs.fileno()), str(threads), str(root), json.dumps(sys.path)]
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, *given],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **environment, WORKER: "1"},
            )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def execute(self, node: Node, tell: Tell) -> Outcome:
        """Sends a stage and waits for its outcome.

        Raises:
            WorkerLost: the process has died.
        """
        message = pickle.dumps(node)
        try:
            self._connection.send_bytes(message)
            while True:
                kind, *content = self._connection.recv()
                if kind == "event":
                    tell(content[0], **content[1])
                elif isinstance(content[0], Outcome):
                    return content[0]
                else:
                    raise RuntimeError(f"a worker process cannot load it ({content[0]}): --jobs 1")
        except (EOFError, OSError):
            raise self._lost() from None

    def _lost(self) -> WorkerLost:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)  # its connection ended a moment before it does
        self.kill()
        code = self._process.returncode
        if code == -signal.SIGKILL:
            return WorkerLost(
                "its worker process was killed (SIGKILL), most likely because memory ran out: "
                "fewer --jobs, or a smaller --batch-size",
                "out-of-memory",
            )
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return WorkerLost(f"its worker process ended {how}")

    def kill(self) -> None:
        """Ends the process if it has not ended, and waits until it has gone."""
        self._process.kill()
        self._process.wait()
