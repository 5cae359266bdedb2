"""Stages on the nodes of a Ray cluster."""

from __future__ import annotations

import pickle
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, ClassVar

from pydantic import Field

from ltmlbench.plugin import (
    Ended,
    Engine,
    Grid,
    Node,
    Outcome,
    RequestError,
    Store,
    Tell,
    WorkerLost,
    need,
    schedule,
)
from ltmlbench_cluster.node import run_stage, uses_gpu, wait_for


class Ray(Engine):
    """Every ready stage becomes a Ray task, placed where its processors and its GPU are free.

    All nodes need this version of ltmlbench with its plugins, and the folder of ``--cache-dir``.
    A worker or node that dies takes its own stages with it; they are tried once more elsewhere.
    With ``--device cuda`` a stage asks for ``gpus`` GPUs; this machine needs none.
    """

    elsewhere: ClassVar[bool] = True

    address: str = Field(
        "auto", description="of the cluster, host:port; auto: the one of this machine"
    )
    cpus: int = Field(1, ge=1, description="processors per stage, which is also its threads")
    gpus: float = Field(1, gt=0, le=1, description="GPUs per stage, a share of one too")

    def run(self, grid: Grid, store: Store, jobs: int, ended: Ended) -> None:
        ray = need("ray", "ray", "engine 'ray'")
        store = Store(store.root.absolute())
        ours = not ray.is_initialized()
        if ours:
            self._connect(ray)
        remote = ray.remote(_stage)

        def on_cluster(node: Node, tell: Tell) -> Outcome:
            task = remote.options(
                num_cpus=self.cpus,
                num_gpus=self.gpus if uses_gpu(node) else 0,
                max_retries=0,  # that is `schedule`'s
                num_returns="streaming",
            )
            said = task.remote(_sent(node), store.root, self.cpus)
            return _followed(ray, said, store, tell)

        # a thread per stage under way waits for what its task says
        pool = ThreadPoolExecutor(jobs, thread_name_prefix="ray-stage")
        try:
            schedule(grid, store, lambda n, tell: pool.submit(on_cluster, n, tell), jobs, ended)
        finally:  # Ray ends the tasks of a driver that leaves it
            if ours:
                ray.shutdown()
            pool.shutdown(wait=False, cancel_futures=True)

    def _connect(self, ray: Any) -> None:
        try:
            host, colon, port = self.address.rpartition(":")
            if colon and port.isdigit() and "//" not in host:  # which Ray tries for minutes
                socket.create_connection((host, int(port)), timeout=20).close()
            ray.init(address=self.address, log_to_driver=False, logging_level="error")
        except (OSError, ValueError, RuntimeError) as error:
            cause = " ".join(str(error).split())[:200]
            raise RequestError(
                f"engine 'ray' finds no cluster at {self.address!r} ({cause}): start one with "
                "`ray start --head` here and `ray start --address=HOST:6379` on the other nodes"
            ) from None


def _sent(node: Node) -> bytes:
    try:
        return pickle.dumps(node)
    except Exception as error:  # a class that only the caller's script has, for one
        raise RequestError(f"{node.title!r} cannot be sent to another process: {error}") from None


def _stage(message: bytes, root: Path, threads: int) -> Iterator[tuple[Any, ...]]:
    """The task: yields ``("event", name, values)`` as they come, then ``("ended", Outcome)``."""
    said: SimpleQueue[tuple[Any, ...]] = SimpleQueue()

    def tell(event: str, /, **values: Any) -> None:
        said.put(("event", event, values))

    def work() -> None:
        try:
            node = pickle.loads(message)
            said.put(("ended", run_stage(node, root, threads, tell)))
        except BaseException as error:  # the node has another version of a plugin, for one
            said.put(("lost", f"{type(error).__name__}: {error}"))

    threading.Thread(target=work, daemon=True).start()
    while True:
        item = said.get()
        yield item
        if item[0] != "event":
            return


def _followed(ray: Any, items: Any, store: Store, tell: Tell) -> Outcome:
    """The outcome of a task; its events are passed on as they come.

    Raises:
        WorkerLost: the process or the node has died.
    """
    errors = ray.exceptions
    try:
        for item in items:
            kind, *content = ray.get(item)
            if kind == "event":
                tell(content[0], **content[1])
            elif kind == "lost":
                raise RuntimeError(f"a node cannot load it ({content[0]})")
            else:
                outcome: Outcome = content[0]
                if not outcome.failure:
                    wait_for(store, [outcome.identity])
                return outcome
    except errors.OutOfMemoryError:
        raise WorkerLost("its node ran out of memory and Ray ended it: more cpus per stage make "
                         "fewer stages share a node", "out-of-memory") from None  # fmt: skip
    except (errors.WorkerCrashedError, errors.NodeDiedError, errors.ObjectLostError) as error:
        raise WorkerLost(f"its worker was lost ({type(error).__name__})") from None
    raise WorkerLost("its worker ended without a word")
