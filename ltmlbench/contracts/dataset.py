"""Data sets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    from ltmlbench.data.samples import Samples


class Dataset(Component, ABC):
    """Samples with many labels each.

    ``defaults`` are run settings that suit the data (``{"image_size": 64}``); a configuration file
    and the command line override them.

    >>> import numpy as np
    >>> class Coins(Dataset):
    ...     def load(self, folder):
    ...         from ltmlbench.plugin import LabelMatrix, Samples
    ...         Y = np.array([[1, 0], [0, 1], [1, 1]])
    ...         names = ("c0", "c1", "c2")
    ...         return Samples(
    ...             ids=names,
    ...             groups=names,
    ...             labels=LabelMatrix(Y, ["gold", "round"]),
    ...             content=names,
    ...             vectors=lambda: 2.0 * Y,
    ...             feed="vectors",
    ...         )
    >>> len(Coins().load(None))
    3
    """

    kind: ClassVar[str] = "dataset"
    defaults: ClassVar[Mapping[str, Any]] = {}

    @abstractmethod
    def load(self, folder: Path | None) -> Samples:
        """Samples, labels and groups; nothing but labels is read yet.

        Raises:
            DataError: the folder is not this data set (one line: what, where, what to do).
        """

    def check(self, folder: Path | None) -> list[str] | None:
        """Problems of the folder, one line each. None: nothing is known beyond what the bench finds
        by itself, which reads every sample (`ltmlbench.data.checks.problems`)."""
        return None

    def published(self) -> tuple[PublishedRow, ...]:
        """Numbers others printed for this data set, to stand beside ours."""
        return ()

    def remarks(self, run: Mapping[str, Any], samples: Samples) -> list[str]:
        """How a run (its resolved configuration) differs from the published protocol."""
        return []


class PublishedRow(BaseModel):
    """One row of a published table; ``values``: our metric -> (mean, std) as printed; std
    None where none is.

    ``test_set``: the official part it was measured on, beside which it stands; empty if it was
    measured otherwise, or does not say: then it stands beside folds alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    backbone: str
    method: str
    values: Mapping[str, tuple[float, float | None]]
    note: str = ""
    test_set: str = ""
