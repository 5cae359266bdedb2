"""Pictures whose evidence is known: a square of its own colour per label."""

import numpy as np
import pytest

from ltmlbench import LabelMatrix, load
from ltmlbench.data.samples import Protocol, Samples
from ltmlbench.data.splits import make_splits
from ltmlbench.task import Numerics, Schedule, Task

SIZE = 64
LABELS = ("a", "b", "c")


class Squares:
    """Label c is a square of an eighth of the side, bright in channel c, beside those of the other
    labels, at a height that varies by row."""

    def __init__(self, Y):
        self.Y = Y

    def corner(self, row, c, size):
        return size * (1 + row % 5) // 8, size * (1 + 2 * c) // 8

    def __call__(self, row, size):
        image = np.random.default_rng(row).integers(20, 60, (size, size, 3)).astype(np.uint8)
        return np.where(self.masks(row, size) == 1, 250, image).astype(np.uint8)

    def masks(self, row, size):
        layers = np.zeros((size, size, 3), dtype=np.uint8)
        for c in np.flatnonzero(self.Y[row]):
            y, x = self.corner(row, c, size)
            layers[y : y + size // 8, x : x + size // 8, c] = 1
        return layers


@pytest.fixture(scope="session")
def squares():
    Y = (np.random.default_rng(0).random((48, 3)) < [0.6, 0.4, 0.2]).astype(np.uint8)
    read = Squares(Y)
    return Samples(
        ids=tuple(f"s{i}" for i in range(48)),
        groups=tuple(f"g{i // 2}" for i in range(48)),
        labels=LabelMatrix(Y, LABELS),
        read=read,
        content=tuple(map(str, range(48))),
        protocol=Protocol(evidence={"a": ("A",), "b": ("B", "missing"), "nothing": ("A",)}),
        structures=("A", "B", "C"),
        masks=read.masks,
    )


@pytest.fixture(scope="session")
def task(squares):
    return Task(
        samples=squares,
        split=make_splits(squares, folds=3, validation=0.2, seed=0)[0],
        backbone=load("backbone", "test_resnet[weights=random]").resolve(),
        schedule=Schedule(epochs=1, batch_size=8),
        numerics=Numerics(),
        feed=load("feed", f"pictures[image_size={SIZE}]"),
        seed=0,
    )
