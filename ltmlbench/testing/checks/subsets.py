"""Generators of label subsets."""

from __future__ import annotations

import numpy as np

from ltmlbench.contracts import SubsetGenerator
from ltmlbench.errors import LtmlbenchError
from ltmlbench.labels import LabelMatrix
from ltmlbench.testing.checking import NotApplicable, check, expect
from ltmlbench.testing.watching import generators_untouched, unchanged

Members = tuple[tuple[int, ...], ...]


def _labels(*, absent: bool = False) -> LabelMatrix:
    shares = np.array([0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
    Y = (np.random.default_rng(0).random((200, 6)) < shares).astype(int)
    if absent:
        Y[:, 2] = 0
    return LabelMatrix(Y, [f"label {c}" for c in range(6)])


def _generated(component: SubsetGenerator, labels: LabelMatrix, *, seed: int = 0) -> Members:
    prototypes = np.random.default_rng(1).normal(size=(labels.n_labels, 5))
    try:
        return component.generate(labels, prototypes=prototypes, seed=seed)
    except LtmlbenchError as error:
        raise NotApplicable(str(error)) from None


def _sound(subsets: Members, labels: LabelMatrix) -> None:
    expect(isinstance(subsets, tuple) and all(isinstance(s, tuple) for s in subsets),
           "a tuple of tuples", f"{subsets!r}")  # fmt: skip
    expect(len(subsets) > 0 and all(subsets), "subsets that are not empty", subsets)
    flat = [label for subset in subsets for label in subset]
    expect(all(type(label) is int for label in flat), "plain ints (not NumPy's)", subsets)
    expect(all(0 <= c < labels.n_labels for c in flat), "column indices of the labels", subsets)
    expect(len(set(flat)) == len(flat), "disjoint subsets", subsets)


@check("subsets", name="gives disjoint subsets of the labels", why="each has a teacher of its own")
def disjoint(component: SubsetGenerator) -> None:
    _sound(_generated(component, _labels()), _labels())


@check("subsets", name="takes labels that never occur", why="rare labels are missing in some fold")
def absent_labels(component: SubsetGenerator) -> None:
    _sound(_generated(component, _labels(absent=True)), _labels(absent=True))


@check("subsets", name="works without prototypes", why="they are known only after a training")
def no_prototypes(component: SubsetGenerator) -> None:
    _generated(component, _labels())
    _sound(component.generate(_labels()), _labels())


@check("subsets", name="gives the same subsets for the same seed",
       why="teachers are stored under them")  # fmt: skip
def deterministic(component: SubsetGenerator) -> None:
    first, again = (_generated(component, _labels(), seed=5) for _ in range(2))
    expect(first == again, "the same subsets twice", f"{first} and {again}")


@check("subsets", name="knows beforehand how many subsets it gives",
       why="a method plans a teacher for each")  # fmt: skip
def counted(component: SubsetGenerator) -> None:
    for seed in (0, 1):
        given = len(_generated(component, _labels(), seed=seed))
        told = component.count(_labels(), seed=seed)
        expect(told == given, f"count() to be {given}", told)


@check("subsets", name="leaves global generators and labels alone",
       why="one stage would change the numbers of the next")  # fmt: skip
def no_trace(component: SubsetGenerator) -> None:
    labels = _labels()
    with unchanged(labels=labels.dense), generators_untouched("the generator"):
        _generated(component, labels)
