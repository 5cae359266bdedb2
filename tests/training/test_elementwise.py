"""A loss refuses what it would turn into a plausible but wrong number."""

import numpy as np
import pytest
import torch

from ltmlbench import LabelMatrix, load
from ltmlbench.errors import DataError, RequestError
from ltmlbench.training.batch import check_batch
from ltmlbench.training.elementwise import Elementwise

Y = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 0]])


def squared(logits, targets):
    return (logits - targets) ** 2


@pytest.fixture(params=["bce", "focal", "db"])
def loss(request):
    return load("loss", request.param).bind(LabelMatrix(Y))


def batch():
    torch.manual_seed(1)
    return torch.randn(4, 3), torch.tensor(Y, dtype=torch.float32)


@pytest.mark.parametrize(
    ("value", "said"),
    [(-1, "-1"), (float("nan"), "nan"), (255, "255"), (0.1, "0.1"), (float("inf"), "inf"),
     (1 + 1e-6, "1"), (2, "2")],
)  # fmt: skip
def test_a_target_that_is_neither_0_nor_1_is_refused_with_its_row(loss, value, said):
    logits, targets = batch()
    targets[2, 1] = value
    with pytest.raises(DataError, match=rf"only 0 and 1; {said} \(row 2\) found: an unknown label"):
        loss(logits, targets)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int16, torch.int64, torch.float64])
def test_unknown_labels_are_refused_in_every_type_of_targets(loss, dtype):
    logits, targets = batch()
    marked = targets.to(dtype)
    marked[0, 0] = -1
    with pytest.raises(DataError, match=r"-1 \(row 0\)"):
        loss(logits, marked, reduction="none")


@pytest.mark.parametrize(
    "dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float64]
)
def test_the_type_of_the_targets_changes_no_number(loss, dtype):
    logits, targets = batch()
    assert loss(logits, targets.to(dtype)) == loss(logits, targets)


def test_unknown_labels_can_be_masked_by_hand(loss):
    logits, targets = batch()
    known = torch.rand(4, 3) < 0.7
    losses = loss(logits, torch.where(known, targets, 0), reduction="none")
    np.testing.assert_array_equal(losses[1], loss(logits, targets, reduction="none")[1])


@pytest.mark.parametrize("value", [-0.5, float("nan"), float("inf")])
def test_a_weight_that_is_negative_or_not_finite_is_refused(loss, value):
    weights = torch.ones(4)
    weights[3] = value
    with pytest.raises(DataError, match=r"not negative; .* \(row 3\)"):
        loss(*batch(), weights)


@pytest.mark.parametrize(
    ("logits", "targets", "message"),
    [
        (torch.zeros(4, 3, dtype=torch.int64), torch.zeros(4, 3), "floating-point"),
        (torch.zeros(4, 3, dtype=torch.bool), torch.zeros(4, 3), "floating-point"),
        (torch.zeros(4, 3, dtype=torch.complex64), torch.zeros(4, 3), "floating-point"),
        (torch.zeros(4), torch.zeros(4), "B×C alike"),
        (torch.zeros(4, 3), torch.zeros(3, 4), "B×C alike"),
        (torch.zeros(4, 1), torch.zeros(4), "B×C alike"),
        (torch.zeros(4, 3), torch.zeros(1, 3), "B×C alike"),
        (np.zeros((4, 3)), torch.zeros(4, 3), "logits have to be a torch.Tensor, not ndarray"),
        (torch.zeros(4, 3), Y, "targets have to be a torch.Tensor, not ndarray"),
        (torch.zeros(4, 3), LabelMatrix(Y), "targets have to be a torch.Tensor, not LabelMatrix"),
        (torch.zeros(0, 3), torch.zeros(0, 3), "nothing to average"),
    ],
)
def test_wrong_shapes_and_types_are_one_line(loss, logits, targets, message):
    with pytest.raises(DataError, match=message) as caught:
        loss(logits, targets)
    assert "\n" not in str(caught.value)


def test_one_label_of_a_loss_bound_to_three_is_not_broadcast():
    with pytest.raises(DataError, match="logits of 1 labels, but the loss is bound to 3"):
        load("loss", "db").bind(LabelMatrix(Y))(torch.zeros(4, 1), torch.ones(4, 1))


def test_a_formula_has_to_give_a_loss_per_element():
    with pytest.raises(DataError, match=r"the formula gave losses \(4,\)"):
        Elementwise(lambda z, y: ((z - y) ** 2).mean(dim=1))(*batch())


def test_reductions_are_those_of_the_losses_per_element(loss):
    logits, targets = batch()
    weights = torch.tensor([0.0, 1, 2, 0.5])
    each = loss(logits, targets, weights, reduction="none")
    torch.testing.assert_close(loss(logits, targets, weights, reduction="sum"), each.sum())
    torch.testing.assert_close(loss(logits, targets, weights), each.sum() / 12)
    assert loss(logits[:0], targets[:0], reduction="sum") == 0
    assert loss(logits[:0], targets[:0], reduction="none").shape == (0, 3)
    with pytest.raises(RequestError, match="'mean', 'none', 'sum'"):
        loss(logits, targets, reduction="average")


def test_where_an_answer_would_be_waited_for_wrong_values_make_the_loss_nan(monkeypatch):
    """As on an accelerator, whose queue is not stopped to look at targets."""
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    logits, targets = batch()
    loss = Elementwise(squared)
    assert check_batch(logits, targets) == 0
    assert loss(logits, targets) == ((logits - targets) ** 2).mean()
    targets[0, 0] = -1
    assert torch.isnan(loss(logits, targets))
    targets[0, 0] = 1
    assert torch.isnan(loss(logits, targets, torch.tensor([1.0, 1, -1, 1])))
