"""Distillation losses, pre-trainings, explanations."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ltmlbench.contracts import POINTING, Distillation, Explanation, Pretraining
from ltmlbench.errors import RequestError
from ltmlbench.labels import LabelMatrix
from ltmlbench.registry import load
from ltmlbench.stages import Stage, TrunkStage
from ltmlbench.store import Store
from ltmlbench.task import Schedule
from ltmlbench.testing.checking import NotApplicable, check, expect
from ltmlbench.testing.samples import bars, task_of
from ltmlbench.testing.watching import generators_untouched, unchanged
from ltmlbench.testing.work import made

if TYPE_CHECKING:
    import torch


def _lesson(rows: int, scale: float = 1.0) -> tuple[torch.Tensor, ...]:
    """Logits and targets of four labels, and what two teachers of two labels say."""
    import torch

    generator = torch.Generator().manual_seed(0)

    def draw(columns: int) -> torch.Tensor:
        return scale * torch.randn(rows, columns, generator=generator)

    return draw(4), (draw(4) > 0).float(), draw(2), draw(2)


def _taught(component: Distillation, rows: int = 6, scale: float = 1.0) -> None:
    import torch

    labels = LabelMatrix(
        (np.random.default_rng(0).random((24, 4)) < (0.6, 0.4, 0.1, 0)).astype(int)
    )
    blocks = [np.array([0, 2]), np.array([1, 3])]
    priors = [labels.counts[block] / len(labels) for block in blocks]
    loss = component.bind(labels, blocks, priors)
    logits, targets, *taught = _lesson(rows, scale)
    logits.requires_grad_()
    for said in taught:
        said.requires_grad_()
    given = {"logits": logits, "targets": targets, "first": taught[0], "second": taught[1]}
    with unchanged(**given), generators_untouched("the distillation"):
        value = loss(torch.tensor(0.5), logits, targets, taught)
    expect(value.ndim == 0 and bool(value.isfinite()), "a finite scalar", value)
    value.backward()  # type: ignore[no-untyped-call]
    expect(logits.grad is not None and bool(logits.grad.isfinite().all()), "finite gradients")
    assert logits.grad is not None
    expect(bool(logits.grad.any()), "a gradient at the student's logits", "none")


@check("distillation", name="is finite and teaches the student", why="the student learns from it")
def distils(component: Distillation) -> None:
    _taught(component)


@check("distillation", name="takes a batch of one and sure teachers",
       why="last batches are small, trained teachers are sure")  # fmt: skip
def distils_extremes(component: Distillation) -> None:
    _taught(component, rows=1)
    _taught(component, scale=20)


@check("pretraining", name="plans a trunk, or says in one line what it lacks",
       why="--source may be missing or hold something else")  # fmt: skip
def plans_trunk(component: Pretraining) -> None:
    try:
        stage = component.plan(task_of(bars(24)))
    except RequestError as error:
        raise NotApplicable(str(error)) from None
    expect(isinstance(stage, TrunkStage), "plan() to give a TrunkStage", type(stage).__name__)


@check("explanation", name="looks into a model that is one of its inputs, and into nothing else",
       why="floors have no network")  # fmt: skip
def plans_look(component: Explanation) -> None:
    task = task_of(bars(24))
    model = load("method", "bce").plan(task)
    first, again = (component.plan(model, task) for _ in range(2))
    expect(first is not None, "a stage for a network of pictures", "None")
    assert first is not None
    expect(isinstance(first, Stage) and model in first.inputs(), "the model among the inputs")
    assert again is not None
    expect(first.identity(task) == again.identity(task), "one identity from two plans")
    floor = load("method", "majority").plan(task)
    expect(component.plan(floor, task) is None, "None for a model without a network")


@check("explanation", name="draws its gallery", why="the report shows it", slow=True)
def draws(component: Explanation) -> None:
    task = task_of(bars(36), schedule=Schedule(epochs=1, batch_size=8))
    stage = component.plan(load("method", "bce").plan(task), task)
    assert stage is not None
    with tempfile.TemporaryDirectory() as folder:
        out = made(stage, task, Store(Path(folder)))
        expect((out / "gallery.png").is_file(), "gallery.png")
        if (table := out / "pointing.csv").is_file():
            head = table.read_text().splitlines()[0]
            expect(head == ",".join(POINTING), f"the columns {','.join(POINTING)}", head)
