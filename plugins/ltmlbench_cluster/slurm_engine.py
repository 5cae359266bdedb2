"""Stages as jobs of a Slurm cluster. The store is the truth: the queue only brings work to it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, ClassVar, Literal

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

ASK = 10.0
"""Seconds between two questions to the queue about one job."""
GRACE = 60.0
"""Seconds until a job that left the queue without a result is given up; see `PATIENCE`."""


class Slurm(Engine):
    """Every ready stage becomes a job; short ones, which train nothing, share one.

    All nodes need this version of ltmlbench with its plugins, and the folder of ``--cache-dir``.
    Jobs go on when this program is stopped: the same command later finds them in the queue, or
    what they have stored. A job that reaches its wall time is tried once more and goes on from its
    checkpoint. With ``--device cuda`` a job asks for a GPU; this machine needs none.
    """

    elsewhere: ClassVar[bool] = True

    partition: str | None = Field(None, description="of the cluster; without, its own default")
    account: str | None = Field(None, description="that is charged")
    minutes: int = Field(60, ge=1, description="wall time of a job")
    cpus: int = Field(1, ge=1, description="processors per job, which is also its threads")
    memory: int | None = Field(None, ge=1, description="GB per job; without, the default")
    batch: int = Field(32, ge=1, description="how many short stages share a job, at most")
    cluster: Literal["slurm", "local", "debug"] = Field(
        "slurm", description="local: processes of this machine; debug: this process"
    )

    def run(self, grid: Grid, store: Store, jobs: int, ended: Ended) -> None:
        submitit = need("submitit", "slurm", "engine 'slurm'")
        if self.cluster == "slurm":
            _reach()
        store = Store(store.root.absolute())
        queue = _Queue(self, submitit, store)
        threading.Thread(target=queue.serve, daemon=True, name="slurm-queue").start()
        try:
            schedule(grid, store, queue.submit, jobs, ended)
        finally:
            queue.leave()

    def executor(self, submitit: Any, folder: Path, gpu: bool) -> Any:
        """What submits a job with the resources of a stage."""
        executor = submitit.AutoExecutor(folder=folder, cluster=self.cluster)
        asked = {"slurm_partition": self.partition, "slurm_account": self.account}
        if self.memory:
            asked["slurm_mem"] = f"{self.memory}GB"
        executor.update_parameters(
            name="ltmlbench",
            timeout_min=self.minutes,
            cpus_per_task=self.cpus,
            **({"gpus_per_node": 1} if gpu else {}),
            **{name: value for name, value in asked.items() if value},
        )
        return executor


def _reach() -> None:
    """Asks the cluster for its state.

    Raises:
        RequestError: this machine has no Slurm, or its controller does not answer.
    """
    try:
        asked = subprocess.run(["sinfo"], capture_output=True, text=True, timeout=60)
        cause = asked.stderr.strip().splitlines()[-1:] if asked.returncode else None
    except (OSError, subprocess.TimeoutExpired) as error:
        cause = [str(error)]
    if cause is not None:
        raise RequestError(
            f"engine 'slurm' finds no Slurm here ({''.join(cause)}): run it on a login node, or "
            "try slurm[cluster=local]"
        )


def run_stages(nodes: Sequence[Node], root: Path, threads: int) -> list[Outcome]:
    """The job: some stages, one after the other. Nobody hears of their epochs."""

    def tell(event: str, /, **values: Any) -> None:
        """The front end may be gone."""

    return [run_stage(node, root, threads, tell) for node in nodes]


class _Queue:
    """Collects what is submitted within a moment into jobs, and follows them.

    ``<store>/slurm/<identity>`` names the job that has a stage, so that a front end that comes back
    waits for it in place of submitting it again.
    """

    def __init__(self, engine: Slurm, submitit: Any, store: Store) -> None:
        self.engine, self.submitit, self.store = engine, submitit, store
        self.folder = store.root / "slurm"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.executors = {gpu: engine.executor(submitit, self.folder, gpu) for gpu in (False, True)}
        self.new: list[tuple[Node, Future[Outcome]]] = []
        self.under_way: list[tuple[Any, dict[str, Future[Outcome]]]] = []
        self.asked: dict[str, float] = {}
        self.gone: dict[str, float] = {}
        self.lock, self.left = threading.Lock(), threading.Event()

    def submit(self, node: Node, tell: Tell) -> Future[Outcome]:
        """Puts a stage among those of the next jobs."""
        future: Future[Outcome] = Future()
        with self.lock:
            self.new.append((node, future))
        return future

    def leave(self) -> None:
        """Follows nothing any more. The jobs go on."""
        self.left.set()
        ids = [str(job.job_id) for job, _ in self.under_way]
        if ids and self.engine.cluster == "slurm":
            print(
                f"ltmlbench: {len(ids)} jobs go on; the same command finds what they store; "
                f"scancel {' '.join(ids)} stops them",
                file=sys.stderr,
            )

    def serve(self) -> None:
        """In a thread: submits what has come, ends what is done."""
        while not self.left.wait(0.5):
            with self.lock:
                new, self.new = self.new, []
            self._submit(new)
            for job, futures in list(self.under_way):
                try:
                    if (done := self._done(job)) or self._lost(job):
                        self.under_way.remove((job, futures))
                        self._end(job, futures, done)
                except Exception as error:  # nobody may wait for this thread in vain
                    for future in futures.values():
                        if not future.done():
                            future.set_exception(error)

    def _submit(self, new: Sequence[tuple[Node, Future[Outcome]]]) -> None:
        short = [entry for entry in new if not entry[0].stage.trains_on(entry[0].task)]
        jobs = [[entry] for entry in new if entry not in short]
        for gpu in (False, True):
            alike = [entry for entry in short if uses_gpu(entry[0]) == gpu]
            size = self.engine.batch
            jobs += [alike[i : i + size] for i in range(0, len(alike), size)]
        for entries in jobs:
            futures = {node.identity: future for node, future in entries}
            try:
                self.under_way.append((self._job([node for node, _ in entries]), futures))
            except Exception as error:  # sbatch refuses it, for one
                for future in futures.values():
                    future.set_exception(error)

    def _job(self, nodes: Sequence[Node]) -> Any:
        if (job := self._earlier(nodes)) is not None:
            return job
        executor = self.executors[uses_gpu(nodes[0])]
        job = executor.submit(run_stages, nodes, self.store.root, self.engine.cpus)
        for node in nodes:
            (self.folder / node.identity).write_text(str(job.job_id))
        return job

    def _earlier(self, nodes: Sequence[Node]) -> Any:
        """The job of an earlier front end that still has all of these stages, or None."""
        if self.engine.cluster != "slurm":
            return None
        files = [self.folder / node.identity for node in nodes]
        ids = {file.read_text() if file.is_file() else "" for file in files}
        if len(ids) != 1 or not (known := ids.pop()):
            return None
        job = self.submitit.SlurmJob(folder=self.folder, job_id=known, tasks=[0])
        return job if _in_queue(job) else None

    def _done(self, job: Any) -> bool:
        try:
            return bool(job.done())
        except Exception:  # the queue does not answer just now
            return False

    def _lost(self, job: Any) -> bool:
        """Whether a job has left the queue some time ago and its result is not seen. Not every
        cluster keeps the accounts that submitit would ask."""
        now = time.monotonic()
        if self.engine.cluster != "slurm" or now < self.asked.get(job.job_id, 0) + ASK:
            return False
        self.asked[job.job_id] = now
        if _in_queue(job):
            self.gone.pop(job.job_id, None)
            return False
        return bool(now - self.gone.setdefault(job.job_id, now) > GRACE)

    def _end(self, job: Any, futures: Mapping[str, Future[Outcome]], done: bool) -> None:
        """Hands out what a job has left. Of a lost one, what is stored is done."""
        lost, told = f"its job {job.job_id} was lost: it left the queue without a result", {}
        try:
            if done:
                told = {outcome.identity: outcome for outcome in job.result()}
        except Exception as error:
            lost = f"its job {job.job_id} was lost ({' '.join(str(error).split())[:300]})"
        for identity, future in futures.items():
            (self.folder / identity).unlink(missing_ok=True)
            outcome = told.get(identity)
            if outcome is not None:
                if not outcome.failure:
                    wait_for(self.store, [identity])
                future.set_result(outcome)
            elif (artifact := self.store.get(identity)) is not None:
                future.set_result(Outcome(identity, made=True, seconds=artifact.seconds))
            else:
                future.set_exception(WorkerLost(lost))


def _in_queue(job: Any) -> bool:
    """Whether Slurm still has a job, or does not say."""
    asked = ["squeue", "--noheader", "--format=%T", f"--jobs={job.job_id}"]
    found = subprocess.run(asked, capture_output=True, text=True)
    unknown = found.returncode != 0 and "Invalid job id" not in found.stderr
    return bool(found.stdout.strip()) or unknown
