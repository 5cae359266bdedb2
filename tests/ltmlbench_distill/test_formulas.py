"""The formulas of distillation against slow versions written with loops."""

import re
from math import exp, log

import numpy as np
import pytest
import torch

from ltmlbench import LabelMatrix, load
from ltmlbench.errors import DataError
from ltmlbench_distill import functional
from ltmlbench_distill.losses import ClassBalanced, Weighted

Y = np.array([[1, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 1, 1]])
LABELS = LabelMatrix(Y)
BLOCKS = [np.array([0, 3]), np.array([1, 2])]
PRIORS = [np.array([0.6, 0.4]), np.array([0.5, 0.3])]
HARD = torch.linspace(0.05, 1.2, 24, dtype=torch.float64).reshape(6, 4)
"""Losses against the labels; any numbers will do."""


def sigmoid(x):
    return 1 / (1 + exp(-x))


def soft(z, t, T):
    p, q = sigmoid(z / T), sigmoid(t / T)
    return -(T**2) * (q * log(p) + (1 - q) * log(1 - p))


def corrected(t, label, prior):
    full = Y[:, label].sum() / len(Y)
    return t - log(prior / (1 - prior)) + log(full / (1 - full))


@pytest.fixture
def batch():
    generator = np.random.default_rng(5)
    logits = torch.tensor(generator.normal(size=(6, 4)), dtype=torch.float64, requires_grad=True)
    taught = [torch.tensor(generator.normal(size=(6, 2)) * 2) for _ in BLOCKS]
    return logits, torch.tensor(Y, dtype=torch.float64), taught


def weight(row, label, kind):
    n = Y.sum(axis=0)
    if kind == "db":
        total = sum(1 / n[c] for c in range(4) if Y[row, c])
        ratio = (1 / n[label]) / total if total else 1.0
        return 0.1 + sigmoid(10 * (ratio - 0.3))
    if kind == "effective":
        every = [(1 - 0.9999) / (1 - 0.9999**k) for k in n]
        return every[label] / (sum(every) / 4)
    return {"inverse": len(Y) / (4 * n[label]), "uniform": 1.0}[kind]


def mixed_by_label(hard, z, said, blocks, kind, prior, alpha, T):
    """(1/BC) Σ_i Σ_c [(1 − α_c) hard_ic + α_c w_ic KD_ic], one element after the other."""
    total = 0.0
    for i in range(6):
        for c in range(4):
            told = []
            for k, block in enumerate(blocks):
                for s, label in enumerate(block):
                    if label == c:
                        t = float(said[k][i, s])
                        t = corrected(t, c, PRIORS[k][s]) if prior == "corrected" else t
                        told.append(weight(i, c, kind) * soft(float(z[i, c]), t, T))
            if told:
                total += (1 - alpha) * float(hard[i, c]) + alpha * sum(told) / len(told)
            else:
                total += float(hard[i, c])
    return total / 24


def mixed_by_block(hard, z, said, blocks, kind, prior, alpha, T):
    """(1 − α) mean of hard + α (1/B) Σ_i Σ_k (1/|S_k|) Σ_c w_ic KD_ic."""
    total = 0.0
    for i in range(6):
        for k, block in enumerate(blocks):
            for s, c in enumerate(block):
                t = float(said[k][i, s])
                t = corrected(t, c, PRIORS[k][s]) if prior == "corrected" else t
                total += weight(i, c, kind) * soft(float(z[i, c]), t, T) / len(block)
    return (1 - alpha) * float(hard.mean()) + alpha * total / 6


ALL_TAUGHT = BLOCKS
TWO_UNTAUGHT = [np.array([3]), np.array([1])]
SHARED = [np.array([0, 3]), np.array([3, 2])]


@pytest.mark.parametrize("blocks", [ALL_TAUGHT, TWO_UNTAUGHT, SHARED])
@pytest.mark.parametrize("kind", ["db", "effective", "inverse", "uniform"])
@pytest.mark.parametrize("prior", ["corrected", "raw"])
@pytest.mark.parametrize(("mixing", "slow"), [("label", mixed_by_label), ("block", mixed_by_block)])
def test_class_balanced_distillation_is_the_formula(batch, mixing, slow, kind, prior, blocks):
    logits, targets, taught = batch
    said = [t[:, : len(block)] for t, block in zip(taught, blocks, strict=True)]
    options = f"mixing={mixing},kd_weight={kind},teacher_prior={prior},alpha=0.3,temperature=3"
    priors = [p[: len(block)] for p, block in zip(PRIORS, blocks, strict=True)]
    loss = load("distillation", f"class-balanced[{options}]").bind(LABELS, blocks, priors)
    value = loss(HARD, logits, targets, said)
    expected = slow(HARD, logits.detach(), said, blocks, kind, prior, 0.3, 3)
    assert float(value.detach()) == pytest.approx(expected, rel=1e-5)


def test_a_label_no_teacher_knows_keeps_its_full_loss_against_the_labels():
    logits = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor(Y, dtype=torch.float64)
    said = [torch.randn(6, 1, dtype=torch.float64) for _ in TWO_UNTAUGHT]
    priors = [np.array([0.5])] * 2

    def gradient(text):
        bce = torch.nn.functional.binary_cross_entropy_with_logits
        loss = load("distillation", text).bind(LABELS, TWO_UNTAUGHT, priors)
        value = loss(bce(logits, targets, reduction="none"), logits, targets, said)
        return torch.autograd.grad(value, logits)[0]

    plain = (torch.sigmoid(logits) - targets).detach() / 24
    np.testing.assert_allclose(gradient("class-balanced")[:, [0, 2]], plain[:, [0, 2]])
    assert not np.allclose(gradient("class-balanced")[:, [1, 3]], plain[:, [1, 3]])
    np.testing.assert_allclose(
        gradient("class-balanced[mixing=block]")[:, [0, 2]], plain[:, [0, 2]] / 2
    )


def test_without_the_teachers_share_it_is_the_loss_against_the_labels(batch):
    logits, targets, taught = batch
    for mixing in ("label", "block"):
        text = f"class-balanced[alpha=0,mixing={mixing}]"
        loss = load("distillation", text).bind(LABELS, BLOCKS, PRIORS)
        value = float(loss(HARD, logits.detach(), targets, taught))
        assert value == pytest.approx(float(HARD.mean()))


def test_weighted_distillation_is_the_formula(batch):
    logits, targets, taught = batch
    loss = load("distillation", "weighted[alpha=0.5,temperature=4]").bind(LABELS, BLOCKS, PRIORS)
    n = Y.sum(axis=0)
    total = 0.0
    for i in range(6):
        for k, block in enumerate(BLOCKS):
            scale = sum(1 / n[c] for c in block)
            for s, c in enumerate(block):
                t = corrected(float(taught[k][i, s]), c, PRIORS[k][s])
                omega = len(block) * (1 / n[c]) / scale
                total += omega * soft(float(logits.detach()[i, c]), t, 4)
    value = loss(HARD, logits, targets, taught)
    assert float(value.detach()) == pytest.approx(float(HARD.mean()) + total / 48, rel=1e-5)


@pytest.mark.parametrize("name", ["class-balanced", "weighted"])
def test_gradients_flow_to_the_student_alone(batch, name):
    logits, targets, taught = batch
    taught = [said.requires_grad_() for said in taught]
    loss = load("distillation", name).bind(LABELS, BLOCKS, PRIORS)
    loss(HARD, logits, targets, taught).backward()
    assert all(said.grad is None for said in taught)
    assert logits.grad.abs().sum() > 0


def test_a_student_that_agrees_with_its_teacher_has_no_gradient():
    logits = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    functional.soft_bce(logits, logits.detach(), 2.0).sum().backward()
    assert logits.grad.abs().max() < 1e-12


def test_labels_that_never_occur_and_samples_without_labels_stay_finite():
    empty = LabelMatrix(np.zeros((4, 3), dtype=int))
    for name in ("class-balanced", "weighted", "class-balanced[kd_weight=effective]"):
        loss = load("distillation", name).bind(empty, [np.array([0, 2])], [np.zeros(2)])
        zeros = torch.zeros(4, 3)
        value = loss(zeros, zeros, zeros, [torch.zeros(4, 2)])
        assert torch.isfinite(value)


def test_half_precision_logits_give_a_finite_loss(batch):
    logits, targets, taught = batch
    loss = load("distillation", "class-balanced").bind(LABELS, BLOCKS, PRIORS)
    half = logits.detach().to(torch.bfloat16).requires_grad_()
    value = loss(HARD.float(), half, targets.float(), [t.float() for t in taught])
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(half.grad).all()


def test_the_weight_is_that_of_db_loss_but_for_samples_without_a_positive():
    from ltmlbench_imbalance.formulas.basic import inverse_counts, rebalancing_weight

    targets, counts = torch.tensor(Y, dtype=torch.float64), torch.tensor(LABELS.counts).double()
    ours = functional.rebalanced(targets, counts)
    db = rebalancing_weight(targets, inverse_counts(LABELS), alpha=0.1, beta=10, mu=0.3)
    some = Y.any(axis=1)
    np.testing.assert_allclose(ours[some], db[some], rtol=1e-12)
    np.testing.assert_allclose(ours[~some], 0.1 + sigmoid(7))  # r = 1
    np.testing.assert_allclose(db[~some], 1.1)  # r = infinity
    alone = functional.rebalanced(torch.eye(4, dtype=torch.float64), counts)
    np.testing.assert_allclose(alone.diagonal(), 0.1 + sigmoid(7))


@pytest.mark.parametrize(
    "name",
    [
        "class-balanced",
        "class-balanced[kd_weight=uniform]",
        "class-balanced[mixing=block]",
        "weighted",
    ],
)
class TestWhatIsGiven:
    def bound(self, name):
        return load("distillation", name).bind(LABELS, BLOCKS, PRIORS)

    @pytest.mark.parametrize("value", [-1.0, 0.5, float("nan"), 255.0])
    def test_a_target_that_is_neither_0_nor_1_is_refused(self, batch, name, value):
        logits, targets, taught = batch
        targets[4, 2] = value
        with pytest.raises(DataError, match=r"targets hold only 0 and 1; .* \(row 4\)"):
            self.bound(name)(HARD, logits, targets, taught)

    def test_teachers_have_to_say_a_logit_per_sample_and_label_of_theirs(self, batch, name):
        logits, targets, taught = batch
        loss, hard = self.bound(name), HARD
        for said, message in [
            (taught[:1], "logits of 1 teachers, but there are 2 blocks"),
            ([taught[0], taught[1][:, :1]], r"teacher 1 said \(6, 1\)"),
            ([taught[0][:1], taught[1]], r"teacher 0 said \(1, 2\)"),
            ([taught[0].long(), taught[1]], r"teacher 0 said .* of torch.int64"),
        ]:
            with pytest.raises(DataError, match=message):
                loss(hard, logits, targets, said)

    def test_shapes_and_types_are_looked_at(self, batch, name):
        logits, targets, taught = batch
        loss, hard = self.bound(name), HARD
        for z, y, h, message in [
            (logits[:, :3], targets, hard, "B×C alike"),
            (logits, targets, hard.mean(), r"against the labels is \(\): .* \(6, 4\)"),
            (logits[:, :3], targets[:, :3], hard, "logits of 3 labels, .* bound to 4"),
            (logits.long(), targets, hard, "floating-point"),
            (logits, targets, hard[:, :2], r"against the labels is \(6, 2\)"),
            (logits[:0], targets[:0], hard, "nothing to average"),
        ]:
            with pytest.raises(DataError, match=message):
                loss(h, z, y, taught)

    def test_half_precision_stays_finite_at_logits_of_80(self, batch, name):
        _, targets, _ = batch
        for dtype in (torch.float16, torch.bfloat16):
            logits = torch.full((6, 4), 80, dtype=dtype, requires_grad=True)
            taught = [torch.full((6, 2), -80.0) for _ in BLOCKS]
            value = self.bound(name)(HARD, logits, targets, taught)
            value.backward()
            assert torch.isfinite(value)
            assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("loss", [ClassBalanced(), Weighted()])
@pytest.mark.parametrize(
    ("blocks", "priors", "words"),
    [
        ([[0, 2]], [[0.5, 3.0]], "teacher 0 has a prior of 3"),
        ([[0, 2]], [[-0.1, 0.5]], "teacher 0 has a prior of -0.1"),
        ([[0, 2]], [[0.5, np.nan]], "teacher 0 has a prior of nan"),
        ([[0, 2]], [[0.5]], "one number per label of its block, 2"),
        ([[0], [1]], [[0.5]], "priors of 1 teachers, but there are 2 blocks"),
        ([[1, 1]], [[0.5, 0.5]], "block 0 holds a label twice"),
        ([[0, -1]], [[0.5, 0.5]], "block 0 holds label -1"),
        ([[0, 4]], [[0.5, 0.5]], "block 0 holds label 4: the labels are 0..3"),
        ([[0.0, 1.0]], [[0.5, 0.5]], "whole numbers"),
        ([[True, False]], [[0.5, 0.5]], "whole numbers"),
    ],
)
def test_a_distillation_refuses_teachers_it_cannot_be_bound_to(loss, blocks, priors, words):
    with pytest.raises(DataError, match=re.escape(words)):
        loss.bind(LABELS, list(map(np.array, blocks)), list(map(np.array, priors)))


@pytest.mark.parametrize("distillation", [ClassBalanced(), Weighted()])
def test_a_label_without_positives_is_taught_but_no_gap_is(distillation):
    labels = LabelMatrix(np.array([[1, 0], [1, 0]]))
    loss = distillation.bind(labels, [np.array([0, 1])], [np.array([1.0, 0.0])])
    logits, targets = torch.zeros(2, 2), torch.eye(2)
    assert torch.isfinite(loss(logits, logits, targets, [torch.zeros(2, 2)]))
    with pytest.raises(DataError, match="1 logits of teacher 0 are NaN or infinite"):
        loss(logits, logits, targets, [torch.tensor([[0.0, 1], [float("nan"), 1]])])
    with pytest.raises(DataError, match="teacher 0 said a ndarray"):
        loss(logits, logits, targets, [np.zeros((2, 2))])
