"""What is done to a trained model's logits afterwards, without a second training."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ltmlbench.arrays import Floats, Logits, Rows
from ltmlbench.labels import LabelMatrix
from ltmlbench.stages import ModelStage, Work
from ltmlbench.store import write_json

if TYPE_CHECKING:
    from ltmlbench.training.network import Network


class Calibrate(ModelStage):
    """Maps the logits of a model to better ones, fitted on the validation rows alone.

    A map that rises with the logit of its own label moves decisions and probabilities, never a
    label's AUC or average precision. The model is an input: it is trained once for all that stand
    on it.

    Writes ``calibration.json``, what `fit` found.
    """

    model: ModelStage

    @abstractmethod
    def fit(self, logits: Logits, truth: LabelMatrix, train: LabelMatrix) -> Mapping[str, Floats]:
        """What the map needs, by name.

        Args:
            logits: N×C, of the validation rows.
            truth: N×C, of the validation rows.
            train: the labels of the training rows.

        Raises:
            RequestError: there are no validation rows to fit on, and it cannot do without.
        """

    @abstractmethod
    def apply(self, logits: Logits, found: Mapping[str, Floats]) -> Floats:
        """The new logits N×C."""

    @property
    def has_network(self) -> bool:
        return self.model.has_network

    def run(self, work: Work) -> None:
        rows = work.task.split.val
        labels = work.task.samples.labels
        logits = np.empty((0, labels.n_labels), dtype=np.float32)
        if len(rows):
            logits = self.model.logits(work, work.input(self.model), rows)
        found = self.fit(logits, labels.take(rows), work.task.labels)
        write_json(
            work.folder / "calibration.json",
            {name: np.asarray(values).tolist() for name, values in found.items()},
        )

    def logits(self, work: Work, folder: Path, rows: Rows) -> Logits:
        found = json.loads((folder / "calibration.json").read_text())
        given = self.model.logits(work, work.input(self.model), rows)
        mapped = self.apply(given, {name: np.asarray(values) for name, values in found.items()})
        return np.asarray(mapped, dtype=np.float32)

    def scores(self, work: Work, folder: Path, rows: Rows) -> Floats:
        return 1 / (1 + np.exp(-self.logits(work, folder, rows).astype(np.float64)))

    def network(self, work: Work, folder: Path) -> Network | None:
        return self.model.network(work, work.input(self.model))
