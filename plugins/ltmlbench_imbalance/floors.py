"""Floor rows: predictors that never see an image. Whoever does not beat them has learnt nothing."""

from __future__ import annotations

import json
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np

from ltmlbench.plugin import Floats, LabelMatrix, Method, ModelStage, Rows, Task, Work


class Constant(ModelStage):
    """The same C scores for every sample, from the training labels alone."""

    depends: ClassVar[frozenset[str]] = frozenset({"data", "split"})

    @property
    def title(self) -> str:
        return "constant scores"

    @abstractmethod
    def constant(self, labels: LabelMatrix) -> Floats:
        """C scores in 0..1."""

    def run(self, work: Work) -> None:
        scores = self.constant(work.task.labels)
        (work.folder / "scores.json").write_text(json.dumps(scores.tolist()))

    def scores(self, work: Work, folder: Path, rows: Rows) -> Floats:
        scores = np.array(json.loads((folder / "scores.json").read_text()))
        return np.tile(scores, (len(rows), 1))


class Zeros(Constant):
    """All scores 0."""

    def constant(self, labels: LabelMatrix) -> Floats:
        return np.zeros(labels.n_labels)


class MajoritySet(Constant):
    """Base rates, lifted above 0.5 for the most frequent label set and below it for the rest."""

    def constant(self, labels: LabelMatrix) -> Floats:
        sets, counts = np.unique(labels.dense, axis=0, return_counts=True)
        rates = labels.counts / max(labels.n_samples, 1)
        member = sets[counts.argmax()].astype(np.float64)
        return np.asarray((0.501 * member + 0.499 * rates).clip(0, 1))


class AllNegative(Method):
    """Says no to every label: what the challenge's metric script gives for doing nothing."""

    floor: ClassVar[bool] = True

    def plan(self, task: Task) -> ModelStage:
        return Zeros()


class Majority(Method):
    """The most frequent label set of the training rows for every sample, ranked by base rates.

    Flattened metrics reward knowing the base rates: this row shows by how much.
    """

    floor: ClassVar[bool] = True

    def plan(self, task: Task) -> ModelStage:
        return MajoritySet()
