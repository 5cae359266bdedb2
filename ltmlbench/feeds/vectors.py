"""The feed of vectors: N×D numbers, standardised on the training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ltmlbench.arrays import Floats, Rows
from ltmlbench.contracts.feed import Feed, Norm
from ltmlbench.data.reading import finite_vectors
from ltmlbench.data.samples import Samples
from ltmlbench.feeds.draws import uniform
from ltmlbench.identity import digest

VERSION = "float32/v1"
"""How vectors are stored; part of the identity."""
VIEWS = "noise+drop/v1"
"""How views are made; part of the identity: to be changed when the same options give others."""


class Vectors(Feed):
    """Feature vectors, each feature with mean 0 and standard deviation 1 on the training rows;
    a feature that is constant there becomes 0.

    Views are made after that: noise in units of the standard deviation, features set to their mean.
    """

    gives: ClassVar[str] = "vector"

    noise: float = Field(0.0, ge=0, description="standard deviation of the noise of a view")
    drop: float = Field(0.0, ge=0, lt=1, description="share of the features a view sets to 0")

    def key(self, samples: Samples) -> Any:
        return {"content": digest(list(samples.content)), "stored": VERSION}

    @property
    def views(self) -> Any:
        return {"made": VIEWS, "noise": self.noise, "drop": self.drop}

    def prepare(self, samples: Samples, folder: Path, progress: Callable[[int, int], None]) -> None:
        values = finite_vectors(samples)
        np.save(folder / "vectors.npy", values)
        progress(len(samples), len(samples))

    def open(self, samples: Samples, folder: Path) -> OpenedVectors:
        return OpenedVectors(folder / "vectors.npy", self.noise, self.drop)


@dataclass(frozen=True)
class OpenedVectors:
    """Stored vectors.

    Args:
        path: a .npy file N×D float32.
        noise, drop: see `Vectors`.
    """

    path: Path
    noise: float
    drop: float

    @property
    def array(self) -> npt.NDArray[np.float32]:
        """N×D, memory-mapped, read-only."""
        array: npt.NDArray[np.float32] = np.load(self.path, mmap_mode="r")
        return array

    @property
    def shape(self) -> tuple[int, ...]:
        return (int(self.array.shape[1]),)

    @property
    def failed(self) -> Mapping[int, str]:
        return {}

    def norm(self, train: Rows, own: Norm | None) -> Norm:
        values = self.array[train].astype(np.float64)
        std = values.std(axis=0)
        return Norm(values.mean(axis=0), np.where(std > 0, std, np.inf))

    def batch(
        self, rows: Rows, occurrence: Rows, *, seed: int, epoch: int | None, norm: Norm
    ) -> npt.NDArray[np.float32]:
        """B×D."""
        values = (self.array[rows] - norm.mean) / norm.std
        if epoch is not None and (self.noise or self.drop):
            values = self._view(values, uniform(seed, epoch, rows, occurrence, 3 * len(norm.mean)))
        return values.astype(np.float32)

    def _view(self, values: Floats, draws: Floats) -> Floats:
        """Normal noise from two uniform draws a feature (Box and Muller, 1958); the third decides
        whether the feature is dropped."""
        first, second, third = np.split(draws, 3, axis=1)
        normal = np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * np.pi * second)
        return np.where(third < self.drop, 0.0, values + self.noise * normal)
