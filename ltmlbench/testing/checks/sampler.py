"""Samplers."""

from __future__ import annotations

import numpy as np

from ltmlbench.arrays import Rows
from ltmlbench.contracts import Sampler
from ltmlbench.labels import LabelMatrix
from ltmlbench.testing.checking import check, expect
from ltmlbench.testing.watching import generators_untouched, unchanged


def _labels() -> LabelMatrix:
    """Rows without a label, and a label without rows."""
    Y = (np.random.default_rng(0).random((40, 4)) < (0.6, 0.3, 0.1, 0.0)).astype(int)
    return LabelMatrix(Y)


def _sound(order: Rows, labels: LabelMatrix) -> None:
    expect(isinstance(order, np.ndarray), "a NumPy array", type(order).__name__)
    expect(order.dtype == np.int64 and order.ndim == 1, "one dimension of int64",
           f"{order.ndim} of {order.dtype}")  # fmt: skip
    expect(len(order) > 0, "at least one row")
    inside = bool(((order >= 0) & (order < len(labels))).all())
    expect(inside, f"rows from 0 to {len(labels) - 1}", f"{order.min()} to {order.max()}")


@check("sampler", name="gives rows of the labels", why="they index the training rows")
def rows_in_range(component: Sampler) -> None:
    _sound(component.order(_labels(), seed=0, epoch=0), _labels())


@check("sampler", name="gives the same order for the same seed and epoch",
       why="a training that was stopped goes on where it was")  # fmt: skip
def deterministic(component: Sampler) -> None:
    first, again = (component.order(_labels(), seed=3, epoch=2) for _ in range(2))
    expect(np.array_equal(first, again), "the same order twice")


@check("sampler", name="gives every epoch and seed an order of its own",
       why="seeds would not be repetitions")  # fmt: skip
def fresh_orders(component: Sampler) -> None:
    plain = component.order(_labels(), seed=0, epoch=0)
    for what, seed, epoch in (("epoch", 0, 1), ("seed", 1, 0)):
        other = component.order(_labels(), seed=seed, epoch=epoch)
        expect(not np.array_equal(plain, other), f"another order in another {what}")


@check("sampler", name="leaves global generators and labels alone",
       why="one stage would change the numbers of the next")  # fmt: skip
def no_trace(component: Sampler) -> None:
    labels = _labels()
    with unchanged(labels=labels.dense), generators_untouched("the sampler"):
        component.order(labels, seed=0, epoch=0)


@check("sampler", name="takes one label, and rows that all have it",
       why="a teacher of one label is given such rows")  # fmt: skip
def one_label(component: Sampler) -> None:
    for Y in (np.arange(12)[:, None] % 2, np.ones((12, 1), dtype=int)):
        _sound(component.order(LabelMatrix(Y), seed=0, epoch=0), LabelMatrix(Y))
