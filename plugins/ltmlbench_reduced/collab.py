"""Collaborative training, reduced: the method and its stage. The network is in
`collab_training`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from ltmlbench.plugin import (
    Floats,
    Head,
    Logits,
    Method,
    ModelStage,
    Rows,
    Sampler,
    Task,
    Work,
    load,
)

if TYPE_CHECKING:
    from ltmlbench_reduced.collab_training import TwoBranches


class Collab(Method):
    """Two branches u and r on one trunk, each a last stage and a head of its own; u learns from a
    uniform batch, r from a class-aware one, and both have to say the same of either:

        L = BCE(u(x_U), y_U) + BCE(r(x_R), y_R) + λ mean (u − r)² over both batches;

    the score is that of (u + r) / 2.

    Reduced; no code was released, and the paper was not read again. The paper's: two samplings, two
    branches on a shared trunk, a consistency of their logits. Ours: that the last stage is what is
    not shared, that both start alike, λ = 0.1, the mean of the logits as score, the schedule. Every
    step shows twice as many samples as other rows see.
    """

    first: str = Field("ib", description="any sampler; an epoch is as long as it draws")
    second: str = Field("cb", description="any sampler, of the other branch")
    weight: float = Field(0.1, ge=0, description="λ, of saying the same")

    def plan(self, task: Task) -> FitBranches:
        return FitBranches(
            first=load("sampler", self.first),
            second=load("sampler", self.second),
            weight=self.weight,
            head=load("head", task.head),
        )


class FitBranches(ModelStage):
    """Trains two branches on one trunk.

    Writes ``model.safetensors``, ``history.csv`` and ``network.json``.

    Raises:
        RequestError: it is not known what the last stage of the trunk is.
    """

    first: Sampler
    second: Sampler
    weight: float
    head: Head

    @property
    def title(self) -> str:
        return "fit two branches"

    def trains_on(self, task: Task) -> int:
        return 4 * len(task.split.train) * task.schedule.epochs

    def run(self, work: Work) -> None:
        from ltmlbench_reduced.collab_training import fit_branches

        fit_branches(work, self.head, (self.first, self.second), self.weight)

    def logits(self, work: Work, folder: Path, rows: Rows) -> Logits:
        """(u + r) / 2."""
        from ltmlbench.plugin import network_logits

        return network_logits(work, self._network(work, folder), rows)

    def scores(self, work: Work, folder: Path, rows: Rows) -> Floats:
        return 1 / (1 + np.exp(-self.logits(work, folder, rows).astype(np.float64)))

    def _network(self, work: Work, folder: Path) -> TwoBranches:
        from safetensors.torch import load_file

        from ltmlbench_reduced.collab_training import initial_branches

        network = initial_branches(work, self.head)
        network.load_state_dict(load_file(folder / "model.safetensors"))
        network.eval()
        return network
