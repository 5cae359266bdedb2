"""SCFKD, reduced: the training of the teacher, then of the student.

torch is imported where a network is at hand, so that a plan costs nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import PARTS, Covariate, Floats, Logits, ModelStage, Rows, Stage, Task, Work
from ltmlbench_reduced.pairs import known_of

if TYPE_CHECKING:
    import torch

    from ltmlbench_reduced.pair_networks import PairTeacher


class FitTeacher(Stage):
    """Trains the network that sees pairs of samples and what is known of them.

    Writes ``model.safetensors``, ``history.csv`` and ``network.json``.

    Args:
        features: names of covariates; none: it sees the samples alone.
        width: units that they are encoded in.
    """

    depends: ClassVar[frozenset[str]] = PARTS | {"covariates"}

    features: tuple[str, ...]
    width: int

    @property
    def title(self) -> str:
        return f"fit scfkd's teacher, given {', '.join(self.features) or 'nothing else'}"

    def trains_on(self, task: Task) -> int:
        return len(task.split.train) * task.schedule.epochs

    def run(self, work: Work) -> None:
        import torch

        from ltmlbench_reduced.pair_training import against_labels, fit_pairs, initial_teacher

        known = self.known(work.task)
        network = initial_teacher(work, 2 * known.shape[1], self.width)
        hard = against_labels(work.task)

        def step(inputs: torch.Tensor, targets: torch.Tensor, pairs: Rows) -> torch.Tensor:
            given = torch.from_numpy(known[pairs]).flatten(1).to(inputs.device)
            return hard(network.told(inputs, given)[0], targets)

        fit_pairs(work, network, step)

    def known(self, task: Task) -> npt.NDArray[np.float32]:
        """N×F covariates; a constant where nothing is to be known."""
        named = [task.samples.covariates[name] for name in self.features]
        nothing = Covariate(np.zeros(len(task.samples)))
        return known_of(named or [nothing], task.split.train)

    def network(self, work: Work, folder: Path) -> PairTeacher:
        """The trained teacher, in evaluation mode."""
        from ltmlbench_reduced.pair_training import initial_teacher, trained

        covariates = 2 * self.known(work.task).shape[1]
        return trained(initial_teacher(work, covariates, self.width), folder)


class FitStudent(ModelStage):
    """Trains the network that sees pairs of samples alone, and guesses what the teacher knows.

    Args:
        teacher: trained before it.
        feature_weight, kd_weight, temperature: as in `formulas.speculation`.

    Writes ``model.safetensors``, ``history.csv`` and ``network.json``.
    """

    teacher: FitTeacher
    feature_weight: float
    kd_weight: float
    temperature: float

    @property
    def title(self) -> str:
        return "fit scfkd's student"

    def trains_on(self, task: Task) -> int:
        return len(task.split.train) * task.schedule.epochs

    def run(self, work: Work) -> None:
        import torch

        from ltmlbench_reduced.formulas import speculation
        from ltmlbench_reduced.pair_training import against_labels, fit_pairs, initial_student

        known = self.teacher.known(work.task)
        teacher = self.teacher.network(work, work.input(self.teacher))
        network = initial_student(work, self.teacher.width)
        hard = against_labels(work.task)

        def step(inputs: torch.Tensor, targets: torch.Tensor, pairs: Rows) -> torch.Tensor:
            given = torch.from_numpy(known[pairs]).flatten(1).to(inputs.device)
            with torch.no_grad():
                taught, encoded = teacher.told(inputs, given)
            logits, guess = network.said(inputs)
            return speculation(
                hard(logits, targets),
                logits,
                guess,
                taught,
                encoded,
                temperature=self.temperature,
                feature_weight=self.feature_weight,
                kd_weight=self.kd_weight,
            )

        fit_pairs(work, network, step)

    def logits(self, work: Work, folder: Path, rows: Rows) -> Logits:
        """Those of the pair that a row makes with another of ``rows``, for both alike."""
        from ltmlbench_reduced.pair_training import initial_student, pair_logits, trained

        network = trained(initial_student(work, self.teacher.width), folder)
        return pair_logits(work, network, rows)

    def scores(self, work: Work, folder: Path, rows: Rows) -> Floats:
        return 1 / (1 + np.exp(-self.logits(work, folder, rows).astype(np.float64)))
