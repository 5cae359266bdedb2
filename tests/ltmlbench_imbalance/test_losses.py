"""Losses against the authors' released numbers and against written-out scalar versions."""

import json
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from ltmlbench import LabelMatrix, load

GOLDEN = Path(__file__).parents[1] / "golden"
LOSSES = [
    "bce",
    "focal",
    "focal[alpha=0.25,gamma=1.5]",
    "db",
    "db[focal=false]",
    "db[bias=released]",
]


def labels_with(counts, n_samples):
    Y = np.zeros((n_samples, len(counts)), dtype=np.uint8)
    for c, count in enumerate(counts):
        Y[:count, c] = 1
    return LabelMatrix(Y)


def example(seed=0, B=6, C=5, scale=3.0):
    rng = np.random.default_rng(seed)
    logits = torch.tensor(rng.normal(size=(B, C)) * scale, dtype=torch.float32)
    targets = torch.tensor(rng.random((B, C)) < 0.4, dtype=torch.float32)
    targets[0] = 0  # a row without any positive
    return logits, targets


@pytest.mark.parametrize("name", ["db_voc_C8", "db_voc_nofocal_C8", "db_coco_C20"])
def test_db_gives_the_numbers_of_the_released_code(name):
    golden = np.load(GOLDEN / f"{name}.npz")
    p = json.loads(str(golden["params"]))
    labels = labels_with(golden["class_counts"], int(golden["n_samples"]))
    options = (
        f"alpha={p['alpha']},beta={p['beta']},mu={p['mu']},neg_scale={p['neg_scale']},"
        f"kappa={p['init_bias']},focal={p['focal']},gamma={p['gamma']},balance={p['balance']}"
    )
    loss = load("loss", f"db[{options},bias=released]").bind(labels)
    logits = torch.tensor(golden["logits"], requires_grad=True)
    value = loss(logits, torch.tensor(golden["labels"]).float(), reduction="none")
    np.testing.assert_allclose(value.detach().numpy(), golden["loss"], rtol=1e-5, atol=1e-5)
    value.sum().backward()  # the released gradient is that of the sum
    np.testing.assert_allclose(logits.grad.numpy(), golden["grad"], rtol=1e-5, atol=1e-5)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def scalar_db(z, y, counts, n, *, focal=True):
    """Written out per element, paper's bias."""
    alpha, beta, mu, kappa, lam, gamma, b = 0.1, 10, 0.3, 0.05, 5, 2, 2
    out = np.zeros_like(z)
    for i in range(z.shape[0]):
        inverse = sum(1 / counts[c] for c in range(z.shape[1]) if y[i, c])
        for c in range(z.shape[1]):
            r_hat = alpha + (sigmoid(beta * (1 / counts[c] / inverse - mu)) if inverse else 1)
            shifted = z[i, c] + kappa * -math.log(n / counts[c] - 1)
            if y[i, c]:
                p_t, value = sigmoid(shifted), math.log(1 + math.exp(-shifted))
            else:
                p_t, value = sigmoid(-lam * shifted), math.log(1 + math.exp(lam * shifted)) / lam
            out[i, c] = r_hat * value * (b * (1 - p_t) ** gamma if focal else 1)
    return out


@pytest.mark.parametrize("focal", [True, False])
def test_db_with_the_papers_bias_equals_the_written_out_formula(focal):
    counts = [40, 20, 10, 5, 2]
    logits, targets = example()
    loss = load("loss", f"db[focal={focal}]").bind(labels_with(counts, 100))
    expected = scalar_db(logits.double().numpy(), targets.numpy(), counts, 100, focal=focal)
    got = loss(logits, targets, reduction="none").numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, None), (3.0, 0.25), (0.5, 0.75), (0.0, None)])
def test_focal_equals_the_written_out_formula(gamma, alpha):
    logits, targets = example(1)
    options = f"gamma={gamma}" + ("" if alpha is None else f",alpha={alpha}")
    got = load("loss", f"focal[{options}]").bind(labels_with([3] * 5, 9))(
        logits, targets, reduction="none"
    )
    for z, y, value in zip(logits.flatten(), targets.flatten(), got.flatten(), strict=True):
        p = sigmoid(float(z))
        p_t = p if y else 1 - p
        weight = 1 if alpha is None else (alpha if y else 1 - alpha)
        assert float(value) == pytest.approx(-weight * (1 - p_t) ** gamma * math.log(p_t), rel=1e-4)


def test_bce_is_torchs():
    logits, targets = example(2)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)
    assert load("loss", "bce").bind(labels_with([3] * 5, 9))(logits, targets) == expected


@pytest.mark.parametrize("name", LOSSES)
class TestEveryLoss:
    def test_is_finite_at_the_edges(self, name):
        edges = [
            labels_with([0, 10, 3, 1, 10], 10),  # a label with none, labels with all
            labels_with([1] * 5, 1),
        ]
        for labels in edges:
            logits, targets = example(3)
            logits[1] = torch.tensor([100.0, -100.0, 1e4, -1e4, 0.0])
            logits.requires_grad_()
            value = load("loss", name).bind(labels)(logits, targets)
            value.backward()
            assert torch.isfinite(value)
            assert torch.isfinite(logits.grad).all()

    def test_takes_one_label_and_a_batch_of_one(self, name):
        loss = load("loss", name).bind(labels_with([2], 5))
        value = loss(torch.tensor([[0.3]]), torch.tensor([[1.0]]), reduction="none")
        assert value.shape == (1, 1)

    def test_does_not_change_its_inputs(self, name):
        logits, targets = example(4)
        copies = logits.clone(), targets.clone()
        load("loss", name).bind(labels_with([5, 4, 3, 2, 1], 9))(logits, targets)
        assert torch.equal(logits, copies[0])
        assert torch.equal(targets, copies[1])

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_computes_half_precision_in_float32(self, name, dtype):
        logits, targets = example(5)
        loss = load("loss", name).bind(labels_with([5, 4, 3, 2, 1], 9))
        half = logits.to(dtype).requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = loss(half, targets)
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, loss(half.detach().float(), targets))
        value.backward()
        assert half.grad.dtype == dtype

    def test_its_gradient_is_that_of_finite_differences(self, name):
        labels = labels_with([5, 4, 3, 2, 1], 9)
        loss = load("loss", name).bind(labels)
        logits, targets = example(6, scale=1.0)
        logits.requires_grad_()
        loss(logits, targets).backward()
        step = 1e-2
        for i, c in [(0, 0), (1, 2), (3, 4)]:
            up, down = logits.detach().clone(), logits.detach().clone()
            up[i, c] += step
            down[i, c] -= step
            slope = (loss(up, targets) - loss(down, targets)) / (2 * step)
            assert float(logits.grad[i, c]) == pytest.approx(float(slope), rel=0.05, abs=2e-5)

    def test_sample_weights_multiply_rows(self, name):
        logits, targets = example(7)
        loss = load("loss", name).bind(labels_with([5, 4, 3, 2, 1], 9))
        weights = torch.tensor([0.0, 1, 2, 1, 1, 0.5])
        plain = loss(logits, targets, reduction="none")
        torch.testing.assert_close(
            loss(logits, targets, weights, reduction="none"), plain * weights[:, None]
        )
        torch.testing.assert_close(loss(logits, targets), plain.mean())

    def test_says_what_is_wrong_with_its_input(self, name):
        loss = load("loss", name).bind(labels_with([2, 1], 5))
        with pytest.raises(ValueError, match="B×C alike"):
            loss(torch.zeros(3, 2), torch.zeros(3, 1))
        with pytest.raises(ValueError, match="B = 3"):
            loss(torch.zeros(3, 2), torch.zeros(3, 2), torch.ones(2))
        with pytest.raises(ValueError, match="none of 'mean', 'none', 'sum'"):
            loss(torch.zeros(3, 2), torch.zeros(3, 2), reduction="batchmean")

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_stays_finite_in_half_precision_at_logits_of_80(self, name, dtype):
        logits = torch.tensor([[80.0, -80], [-80, 80]], dtype=dtype, requires_grad=True)
        loss = load("loss", name).bind(labels_with([2, 1], 5))
        value = loss(logits, torch.eye(2, dtype=dtype))
        value.backward()
        assert torch.isfinite(value)
        assert torch.isfinite(logits.grad).all()
        wrong = loss(logits, 1 - torch.eye(2))
        assert torch.isfinite(wrong)
        assert wrong > value

    def test_can_be_sent_to_another_process(self, name):
        logits, targets = example(8)
        loss = load("loss", name).bind(labels_with([5, 4, 3, 2, 1], 9))
        assert pickle.loads(pickle.dumps(loss))(logits, targets) == loss(logits, targets)
