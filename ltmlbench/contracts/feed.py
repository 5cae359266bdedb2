"""Feeds: how samples become batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Rows
from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    from ltmlbench.data.samples import Samples


class ByteBatch(NamedTuple):
    """Pictures as bytes, and the linear map that makes of each what a network is shown; it is
    applied on the network's device, so that a quarter as many bytes are copied there.

    Args:
        pictures: B×S×S×3 uint8.
        maps: B×3×4 float32, from (red, green, blue, 1) to normalised channels.
    """

    pictures: npt.NDArray[np.uint8]
    maps: npt.NDArray[np.float32]


Inputs = npt.NDArray[np.float32] | dict[str, npt.NDArray[np.float32]] | ByteBatch
"""What a network is shown of B samples: an array whose first dimension is B, several by name, or
pictures whose colours are still to be mapped."""


class Norm(NamedTuple):
    """What inputs are normalised with: (x − mean) / std, per channel or per feature."""

    mean: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]


class Opened(Protocol):
    """Samples that are ready to be fed. Picklable, and cheap to open again in another process.

    Attributes:
        shape: of one sample as a network is shown it, such as (3, 224, 224) or (103,).
        failed: cause per row that cannot be read; such samples take no part.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def failed(self) -> Mapping[int, str]: ...

    def norm(self, train: Rows, own: Norm | None) -> Norm:
        """What inputs are normalised with.

        Args:
            train: the training rows, the only ones statistics may be taken from.
            own: what the backbone was trained with, where it was trained before.
        """

    def batch(
        self, rows: Rows, occurrence: Rows, *, seed: int, epoch: int | None, norm: Norm
    ) -> Inputs:
        """What a network is shown of B samples. Several threads may ask at once.

        Args:
            rows: B sample indices.
            occurrence: B, how often the sample came earlier in this epoch.
            seed: of the random views, which are a function of (seed, epoch, row, occurrence) alone.
            epoch: None: the samples as they are.
        """


class Feed(Component, ABC):
    """Turns the samples of a data set into batches. `Samples.feed` names the feed of a data set.

    What takes time (decoding pictures) is done once by `prepare` and stored as the artifact of a
    stage: locked while it is made, checked, shared by all runs, resumed after a stop.

    ``gives``: what kind of input comes out, ``"picture"`` or ``"vector"``; a backbone says what it
    takes. `ltmlbench.feeds.vectors` is a whole one in a hundred lines.

    >>> import tempfile
    >>> from ltmlbench.registry import load
    >>> from ltmlbench.testing import vectors
    >>> feed, samples = load("feed", "vectors"), vectors(12)
    >>> folder = Path(tempfile.mkdtemp())
    >>> feed.prepare(samples, folder, lambda done, total: None)
    >>> opened = feed.open(samples, folder)
    >>> norm = opened.norm(np.arange(12), None)
    >>> rows, first = np.array([3, 1]), np.array([0, 0])
    >>> opened.batch(rows, first, seed=0, epoch=None, norm=norm).shape == (2, *opened.shape)
    True
    """

    kind: ClassVar[str] = "feed"
    gives: ClassVar[str]

    @abstractmethod
    def key(self, samples: Samples) -> Any:
        """JSON of all that what `prepare` writes depends on: content of the samples, options,
        versions. Nothing is read for it."""

    @property
    def views(self) -> Any:
        """JSON of all that the random views depend on."""
        return {}

    @abstractmethod
    def prepare(self, samples: Samples, folder: Path, progress: Callable[[int, int], None]) -> None:
        """Makes the samples ready and writes what `open` needs into ``folder``.

        Args:
            progress: called with (done, total).
        """

    @abstractmethod
    def open(self, samples: Samples, folder: Path) -> Opened:
        """The samples that `prepare` made ready in ``folder``."""
