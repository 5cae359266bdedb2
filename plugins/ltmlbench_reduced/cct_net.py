"""CCT-Net, reduced: the method and its stage. The network is in `cct_network`, the training in
`cct_training`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from ltmlbench.plugin import (
    PARTS,
    Floats,
    Logits,
    Method,
    ModelStage,
    RequestError,
    Rows,
    Task,
    Work,
)

if TYPE_CHECKING:
    from ltmlbench_reduced.cct_network import CctNetwork


class CctNet(Method):
    """A map and a coarse score per category, then features refined by that map and scored by one
    classifier for all categories, those of another data set included:

        y_c = Σ_x A_c H_c / Σ_x A_c,   F_c = φ(F ⊙ σ(H_c)),   r_c = w · mean_x F_c + b,
        L = BCE(y) + BCE(r), + the same for the source's category, + λ · domain loss of mean_x F_c.

    Reduced. The abstract, from memory (it could not be read again): transfer from a single disease
    to many, confidence-weighted pooling for coarse maps, category-invariant refinement conditioned
    on them. Ours: H and A = σ(·) as 1 × 1 convolutions, σ(H_c) as the map that refines, φ as a
    1 × 1 convolution and a ReLU of ``width`` channels, both losses, the domain loss (reversed
    gradient) and λ, and the score: the mean of y and r.

    The source task is whether a picture of ``--source`` has a grade above 0 (diabetic
    retinopathy or not); every step shows a batch of each. Where no source has such grades,
    ``source=none``, and the row says so: nothing is transferred then.
    """

    source: Literal["grades", "none"] = Field("grades", description="what is transferred from")
    width: int = Field(128, ge=1, description="channels of the refined features")
    domain_weight: float = Field(0.1, ge=0, description="λ, of the domain loss")

    def suited(self, task: Task) -> Self:
        """Without a source that has grades, nothing is transferred."""
        return self if graded(task) else self.model_copy(update={"source": "none"})

    def plan(self, task: Task) -> ModelStage:
        if task.feed.gives != "picture":
            raise RequestError(
                f"cct-net looks for places in pictures, and these samples are {task.feed.gives}s: "
                "leave it out of --methods"
            )
        if self.source == "none":
            return FitCct(width=self.width)
        if not graded(task):
            raise RequestError(
                "cct-net transfers from pictures with and without a disease: give --source "
                "idrid=/path/to/IDRiD (grades 0 and above), or ask for cct-net[source=none]"
            )
        return FitTransfer(width=self.width, domain_weight=self.domain_weight)


def graded(task: Task) -> dict[int, Rows]:
    """Number of a source -> its rows with a grade, of the sources with grade 0 and above."""
    found = {}
    for number, source in enumerate(task.sources):
        grade = np.asarray(source.samples.extras.get("grade", ()))
        if (grade == 0).any() and (grade > 0).any():
            found[number] = np.flatnonzero(grade >= 0).astype(np.int64)
    return found


class FitCct(ModelStage):
    """Trains the network on the labels alone.

    Writes ``model.safetensors``, ``history.csv`` and ``network.json``.
    """

    width: int

    @property
    def has_network(self) -> bool:
        return True

    @property
    def title(self) -> str:
        return "fit cct-net"

    def trains_on(self, task: Task) -> int:
        return len(task.split.train) * task.schedule.epochs

    def run(self, work: Work) -> None:
        from ltmlbench_reduced.cct_training import fit_cct

        fit_cct(work, self.width, {}, 0.0)

    def logits(self, work: Work, folder: Path, rows: Rows) -> Logits:
        from ltmlbench.plugin import network_logits

        return network_logits(work, self.network(work, folder), rows)

    def scores(self, work: Work, folder: Path, rows: Rows) -> Floats:
        return 1 / (1 + np.exp(-self.logits(work, folder, rows).astype(np.float64)))

    def network(self, work: Work, folder: Path) -> CctNetwork:
        from safetensors.torch import load_file

        from ltmlbench_reduced.cct_training import initial_cct

        network = initial_cct(work, self.width)
        network.load_state_dict(load_file(folder / "model.safetensors"))
        network.eval()
        return network


class FitTransfer(FitCct):
    """Trains the network on the labels and on the grades of the sources, half of every step each.

    Args:
        domain_weight: λ of `CctNet`.
    """

    depends: ClassVar[frozenset[str]] = PARTS | {"sources"}

    domain_weight: float

    @property
    def title(self) -> str:
        return "fit cct-net with the source task"

    def trains_on(self, task: Task) -> int:
        return 2 * super().trains_on(task)

    def run(self, work: Work) -> None:
        from ltmlbench_reduced.cct_training import fit_cct

        fit_cct(work, self.width, graded(work.task), self.domain_weight)
