"""Stages that do next to nothing, or misbehave, and grids of them."""

import os
import signal
import sys
import time
from typing import ClassVar

from ltmlbench.grid import Grid, Node, Run
from ltmlbench.stages import Stage
from ltmlbench.task import Numerics, Schedule, Task


class Toy(Stage):
    """Writes the id of its process, then does what ``act`` says."""

    depends: ClassVar[frozenset[str]] = frozenset()

    name: str
    act: str = ""
    after: tuple[Stage, ...] = ()

    @property
    def title(self):
        return self.name

    def handed(self, task):
        return task

    def run(self, work):
        for inner in self.after:
            assert (work.input(inner) / "out.txt").is_file()
        (work.folder / "out.txt").write_text(str(os.getpid()))
        (work.folder / "scratch" / "pid").write_text(str(os.getpid()))
        work.epoch(1, 1, {"train_loss": 0.5})
        what, _, of = self.act.partition(" ")
        if what == "sleep":
            time.sleep(float(of))
        elif what == "raise":
            raise {"zero": ZeroDivisionError("division by zero"), "pipe": BrokenPipeError()}[of]
        elif what == "exit":
            sys.exit(of)
        elif what == "signal":
            os.kill(os.getpid(), signal.Signals[of])
        elif what == "lost-once":
            seen = work.folder / "scratch" / "seen"
            if not seen.exists():
                seen.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        elif what == "meet":  # until so many have begun
            end = time.monotonic() + 60
            while len(list(work.folder.parent.glob("*/scratch/pid"))) < int(of):
                assert time.monotonic() < end, "nobody came"
                time.sleep(0.05)
        elif what == "gpu":
            (work.folder / "out.txt").write_text(os.environ["CUDA_VISIBLE_DEVICES"])
            time.sleep(0.3)
        elif what == "threads":
            import torch

            (work.folder / "out.txt").write_text(str(torch.get_num_threads()))


class Long(Toy):
    """A toy that takes long enough for a job of its own."""

    def trains_on(self, task):
        return 1000


TASK = Task(
    samples=None,
    split=None,
    backbone=None,
    schedule=Schedule(),
    numerics=Numerics(),
    feed=None,
    seed=0,
)


def grid_of(*stages, ends=(), task=TASK):
    """A grid of the stages and what they wait for; a run for each of ``ends`` (all, if none)."""
    nodes = {}

    def add(stage):
        identity = stage.identity(task)
        if identity not in nodes:
            inputs = tuple(add(inner) for inner in stage.inputs())
            nodes[identity] = Node(identity, stage, task, inputs, stage.title)
        return identity

    for stage in stages:
        add(stage)
    runs = [
        Run(
            id=stage.name,
            method=stage.name,
            backbone="none",
            fold="fold 1",
            seed=0,
            floor=False,
            identity=stage.identity(task),
            model=stage.identity(task),
        )
        for stage in ends or stages
    ]
    return Grid(tuple(runs), nodes)


def outcomes_of(run, grid, store):
    """Outcomes by the name of the stage, in the order in which they ended."""
    found = {}

    def ended(outcome):
        name = grid.nodes[outcome.identity].stage.name
        assert name not in found, "ended twice"
        found[name] = outcome

    run(grid, store, ended)
    return found
