"""`FrozenTrunk`: the features of a trunk that is no longer trained, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ltmlbench.contracts import Head
from ltmlbench.errors import RequestError
from ltmlbench.stages import TrunkStage, Work
from ltmlbench.task import PARTS, Task

if TYPE_CHECKING:
    import torch

    from ltmlbench.training.network import Network

FEATURES, _TRUNK = "features.npy", "trunk.safetensors"


class FrozenTrunk(TrunkStage):
    """A trunk and its features of the training and validation rows, in evaluation mode. Stopped, it
    starts over.

    A `Fit` with ``init=FrozenTrunk(...)`` and ``trains="head"`` learns from these features: its
    epochs take seconds, and every head, loss, sampler and schedule shares them.

    Args:
        init: where the trunk's weights come from; None: the backbone's own.
        views: how many epochs' random views are stored; later epochs start over. With as many as
            the `Fit` has epochs a head learns what it would learn from views made anew, to the last
            digits in float32 and to its rounding in bfloat16, as long as its sampler draws a row
            once per epoch (of a repeated row each copy is shown in another stored view, not in one
            of its own). 0: the samples as they are.
        pooled: for heads that pool (`ltmlbench.contracts.Head`): means of maps over all places.

    Writes ``features.npy`` and ``trunk.safetensors``. The features are float32, so that nothing is
    rounded, and are written and read through a memory map, batch by batch: (max(V, 1)·N + M)·D·4
    bytes for V views of N training rows, M validation rows and D features, h·w times that where
    maps are stored. 3000 rows of 1280 features: 15 MB per view; as maps of 7×7: 750 MB.

    Raises:
        DataError: the disk has no room for them; said before the first is stored.
    """

    depends: ClassVar[frozenset[str]] = PARTS - {"schedule"}

    init: TrunkStage | None = None
    views: int = Field(ge=0)
    pooled: bool

    @property
    def title(self) -> str:
        return "features of a frozen trunk"

    def trains_on(self, task: Task) -> int:
        """A forward pass takes a third of a training step."""
        return max(1, self.views) * len(task.split.train) // 3

    def run(self, work: Work) -> None:
        from safetensors.torch import save_file

        from ltmlbench.training.features import write_features
        from ltmlbench.training.fold import initial_trunk

        trunk = initial_trunk(work, self.init)
        write_features(work, trunk, work.folder / FEATURES, self.views, self.pooled)
        state = {name: value.cpu().contiguous() for name, value in trunk.state_dict().items()}
        save_file(state, work.folder / _TRUNK)

    def trunk_weights(self, folder: Path) -> Mapping[str, torch.Tensor]:
        from safetensors.torch import load_file

        return load_file(folder / _TRUNK)

    def head_alone(self, work: Work, network: Network, head: Head) -> Network:
        """The head of a network whose trunk is this one, behind the stored features.

        Raises:
            RequestError: the head needs maps, and only their means are stored.
        """
        from ltmlbench.training.features import StoredFeatures, head_alone

        if self.pooled and not head.pools:
            raise RequestError(
                f"head {type(head).__name__} looks at feature maps, and the frozen trunk stored "
                "their means: pooled=head.pools"
            )
        file = work.input(self) / FEATURES
        return head_alone(network, StoredFeatures.of(work.task, file, self.views))
