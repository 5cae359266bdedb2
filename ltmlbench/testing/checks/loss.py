"""Losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ltmlbench.contracts import Loss, LossFn
from ltmlbench.contracts.loss import ScheduledLossFn
from ltmlbench.labels import LabelMatrix
from ltmlbench.testing.checking import check, expect
from ltmlbench.testing.watching import generators_untouched, unchanged

if TYPE_CHECKING:
    import torch

_SEEN = "real batches hold this sooner or later"


def _labels(n_labels: int = 4, *, rows: int = 24) -> LabelMatrix:
    """Frequent and rare labels, one that every row has and one that none has."""
    shares = np.array([1.0, 0.5, 0.2, 0.0])[-n_labels:] if n_labels > 1 else np.array([0.5])
    return LabelMatrix((np.random.default_rng(0).random((rows, len(shares))) < shares).astype(int))


def _batch(labels: LabelMatrix, rows: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(rows, labels.n_labels, generator=generator)
    targets = torch.tensor(labels.dense[:rows], dtype=torch.float32)
    return logits, targets


def _sound(loss: LossFn, logits: torch.Tensor, targets: torch.Tensor, what: str) -> torch.Tensor:
    """The gradient of the mean loss; both have to be finite."""
    leaf = logits.clone().requires_grad_()
    value = loss(leaf, targets)
    expect(value.ndim == 0, f"a scalar for {what}", f"shape {tuple(value.shape)}")
    expect(bool(value.isfinite()), f"a finite loss for {what}", value.item())
    value.backward()  # type: ignore[no-untyped-call]
    expect(leaf.grad is not None, f"a gradient at the logits for {what}")
    assert leaf.grad is not None
    expect(bool(leaf.grad.isfinite().all()), f"finite gradients for {what}", "NaN or infinity")
    return leaf.grad


@check("loss", name="is finite and its gradient reaches every label",
       why="a label without gradient is never learnt")  # fmt: skip
def learns(component: Loss) -> None:
    labels = _labels()
    gradient = _sound(component.bind(labels), *_batch(labels), "a plain batch")
    still = [labels.names[c] for c in range(labels.n_labels) if not gradient[:, c].any()]
    expect(not still, "a gradient at the logits of every label", f"none at labels {still}")


@check("loss", name="takes rows without positives", why=_SEEN)
def rows_without_positives(component: Loss) -> None:
    labels = _labels()
    logits, targets = _batch(labels)
    _sound(component.bind(labels), logits, targets * 0, "rows without positives")


@check("loss", name="takes rows with every label", why=_SEEN)
def rows_without_negatives(component: Loss) -> None:
    labels = _labels()
    logits, targets = _batch(labels)
    _sound(component.bind(labels), logits, targets * 0 + 1, "rows with every label")


@check("loss", name="binds to training labels that are all absent", why="rare labels of a fold are")
def nothing_positive(component: Loss) -> None:
    labels = LabelMatrix(np.zeros((12, 3), dtype=int))
    _sound(component.bind(labels), *_batch(labels), "training labels without positives")


@check("loss", name="takes a single label", why="teachers of a subset may have one label")
def single_label(component: Loss) -> None:
    labels = _labels(1)
    _sound(component.bind(labels), *_batch(labels), "one label")


@check("loss", name="takes a batch of one", why="the last batch of an epoch may have one row")
def batch_of_one(component: Loss) -> None:
    labels = _labels()
    _sound(component.bind(labels), *_batch(labels, rows=1), "a batch of one")


@check("loss", name="stays finite at logits of ±30", why="a confident network reaches them")
def extremes(component: Loss) -> None:
    labels = _labels()
    logits, targets = _batch(labels)
    _sound(component.bind(labels), 30 * logits.sign(), targets, "logits of ±30")


@check("loss", name="computes in float32 when it is given half precision",
       why="sums in half precision lose the rare labels")  # fmt: skip
def half_precision(component: Loss) -> None:
    import torch

    labels = _labels()
    loss = component.bind(labels)
    logits, targets = _batch(labels)
    for dtype in (torch.bfloat16, torch.float16):
        given = logits.to(dtype)
        _sound(loss, given, targets, str(dtype))
        value, exact = loss(given, targets), loss(given.float(), targets)
        close = torch.allclose(value.float(), exact, rtol=1e-5)
        expect(close, f"{exact:.6g} as in float32 for logits of {dtype}", f"{value:.6g}")


@check("loss", name="changes nothing it is given", why="other code uses the same tensors")
def inputs_unchanged(component: Loss) -> None:
    import torch

    labels = _labels()
    loss = component.bind(labels)
    logits, targets = _batch(labels)
    with unchanged(logits=logits, targets=targets, labels=labels.dense):
        with generators_untouched("the loss"):
            first = loss(logits, targets)
        expect(torch.equal(first, loss(logits, targets)), "the same loss twice")


@check("loss", name="weighs samples, or refuses to", why="weights would be ignored without a word")
def weighted(component: Loss) -> None:
    import torch

    labels = _labels()
    loss = component.bind(labels)
    logits, targets = _batch(labels)
    weights = torch.linspace(0, 2, len(logits))
    try:
        same = loss(logits, targets, torch.ones(len(logits)))
    except ValueError:  # it is no sum over samples, and says so
        return
    plain = loss(logits, targets)
    expect(torch.allclose(plain, same), "weights of 1 to change nothing", f"{plain} and {same}")
    with unchanged(weights=weights):
        other = loss(logits, targets, weights)
    expect(not torch.allclose(plain, other), "weights to change the loss", "the same loss")


@check("loss", name="agrees with itself under every reduction, or refuses it",
       why="a sum taken for a mean trains at another rate")  # fmt: skip
def reductions(component: Loss) -> None:
    import torch

    labels = _labels()
    loss = component.bind(labels)
    logits, targets = _batch(labels)
    mean = loss(logits, targets)
    try:
        total = loss(logits, targets, reduction="sum")
        parts = loss(logits, targets, reduction="none")
    except ValueError:  # it is no sum over elements, and says so
        return
    expect(total.ndim == 0, "a scalar sum", tuple(total.shape))
    expect(parts.shape == logits.shape, 'B×C from reduction="none"', tuple(parts.shape))
    expect(torch.allclose(mean, parts.mean()), "the mean of its elements", f"{mean}")
    expect(torch.allclose(total, parts.sum()), "the sum of its elements", f"{total}")


@check("loss", name="refuses what it cannot mean", why="a wrong number looks like any other")
def refusals(component: Loss) -> None:
    labels = _labels()
    loss = component.bind(labels)
    logits, targets = _batch(labels)
    _refused("an unknown reduction", lambda: loss(logits, targets, reduction="median"))
    _refused("targets of another shape", lambda: loss(logits, targets[:, :1]))
    _refused("targets of 0.5", lambda: loss(logits, targets * 0 + 0.5))


def _refused(what: str, call: Callable[[], object]) -> None:
    try:
        call()
    except ValueError:  # DataError is one
        return
    expect(False, f"a ValueError for {what} (check_batch raises it)", "none")


@check("loss", name="is a loss at every point of its schedule",
       why="training would break in the middle")  # fmt: skip
def scheduled(component: Loss) -> None:
    labels = _labels()
    loss = component.bind(labels)
    if isinstance(loss, ScheduledLossFn):
        for progress, epoch in ((0.0, 0), (0.5, 3), (1.0, 7)):
            _sound(loss.at(progress, epoch), *_batch(labels), f"progress {progress}")
