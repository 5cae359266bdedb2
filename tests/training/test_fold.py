"""What samplers and losses of plugins give is looked at before a network is trained with it."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ltmlbench import LabelMatrix, load
from ltmlbench.contracts import Sampler
from ltmlbench.errors import DataError
from ltmlbench.fit import Fit
from ltmlbench.training.fold import Lesson, epoch_order

WORK = SimpleNamespace(task=SimpleNamespace(seed=3))
LESSON = Lesson(np.array([5, 7, 9]), np.arange(1), LabelMatrix([[1], [0], [1]]))


class _Draws(Sampler):
    """Draws what it is told."""

    def order(self, labels, *, seed, epoch):
        return self._given(seed, epoch)

    @staticmethod
    def _given(seed, epoch):
        raise NotImplementedError


def drawing(given):
    return type("_Drawn", (_Draws,), {"_given": staticmethod(given), "__module__": __name__})()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda seed, epoch: np.array([0.0, 1.0]), "float64 of shape (2,)"),
        (lambda seed, epoch: [0, 3], "rows 0 to 3"),
        (lambda seed, epoch: [-1, 0], "rows -1 to 0"),
        (lambda seed, epoch: np.array([], dtype=int), "no row at all"),
        (lambda seed, epoch: np.zeros((2, 2), dtype=int), "int64 of shape (2, 2)"),
        (lambda seed, epoch: [True, False, True], "bool of shape (3,)"),
        (lambda seed, epoch: None, "object of shape ()"),
    ],
)
def test_a_sampler_that_draws_no_rows_is_named_in_one_line(given, said):
    with pytest.raises(DataError) as caught:
        epoch_order(WORK, drawing(given), LESSON, 0)
    assert said in str(caught.value)
    assert "_Drawn" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sampler_without_a_seed_is_found_out():
    generator = np.random.default_rng()
    restless = drawing(lambda seed, epoch: generator.integers(0, 3, 64))
    with pytest.raises(DataError, match="another order when it is asked again"):
        epoch_order(WORK, restless, LESSON, 0)
    calm = drawing(lambda seed, epoch: np.random.default_rng([seed, epoch]).integers(0, 3, 64))
    assert set(epoch_order(WORK, calm, LESSON, 0)) == {5, 7, 9}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.5, "returned float"),
        (None, "returned NoneType"),
        (torch.ones(2, 3, requires_grad=True), "a tensor of shape (2, 3)"),
        (torch.tensor(1.0), "without a gradient"),
    ],
)
def test_a_loss_that_nothing_can_be_trained_with_is_named_in_one_line(value, said):
    fit = Fit(loss=load("loss", "bce"), sampler=load("sampler", "ib"), head=load("head", "linear"))
    with pytest.raises(DataError) as caught:
        fit._scalar(value)
    assert said in str(caught.value)
    assert "BinaryCrossEntropy" in str(caught.value)
    sound = torch.ones((), requires_grad=True)
    assert fit._scalar(sound) is sound
