"""The formulas of METHODS 1.5, 1.6 and 2.1 against slow versions written with loops."""

from math import exp, log

import numpy as np
import pytest
import torch

from ltmlbench import LabelMatrix, load
from ltmlbench.errors import DataError
from ltmlbench_distill import functional

Y = np.array([[1, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 1, 1]])
LABELS = LabelMatrix(Y)
BLOCKS = [np.array([0, 3]), np.array([1, 2])]
PRIORS = [np.array([0.6, 0.4]), np.array([0.5, 0.3])]


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


@pytest.mark.parametrize("kind", ["db", "effective", "inverse", "uniform"])
@pytest.mark.parametrize("prior", ["corrected", "raw"])
def test_class_balanced_distillation_is_the_formula(batch, kind, prior):
    logits, targets, taught = batch
    text = f"class-balanced[kd_weight={kind},teacher_prior={prior},alpha=0.3,temperature=3]"
    loss = load("distillation", text).bind(LABELS, BLOCKS, PRIORS)
    total = 0.0
    for i in range(6):
        for k, block in enumerate(BLOCKS):
            for s, c in enumerate(block):
                t = float(taught[k][i, s])
                t = corrected(t, c, PRIORS[k][s]) if prior == "corrected" else t
                total += weight(i, c, kind) * soft(float(logits.detach()[i, c]), t, 3) / len(block)
    expected = 0.7 * 0.25 + 0.3 * total / 6
    value = loss(torch.tensor(0.25), logits, targets, taught)
    assert float(value.detach()) == pytest.approx(expected, rel=1e-5)


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
    value = loss(torch.tensor(0.25), logits, targets, taught)
    assert float(value.detach()) == pytest.approx(0.25 + 0.5 * total / 6 / 4, rel=1e-5)


@pytest.mark.parametrize("name", ["class-balanced", "weighted"])
def test_gradients_flow_to_the_student_alone(batch, name):
    logits, targets, taught = batch
    taught = [said.requires_grad_() for said in taught]
    loss = load("distillation", name).bind(LABELS, BLOCKS, PRIORS)
    loss(torch.tensor(0.0), logits, targets, taught).backward()
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
        value = loss(torch.tensor(0.1), torch.zeros(4, 3), torch.zeros(4, 3), [torch.zeros(4, 2)])
        assert torch.isfinite(value)


def test_half_precision_logits_give_a_finite_loss(batch):
    logits, targets, taught = batch
    loss = load("distillation", "class-balanced").bind(LABELS, BLOCKS, PRIORS)
    half = logits.detach().to(torch.bfloat16).requires_grad_()
    value = loss(torch.tensor(0.1), half, targets.float(), [t.float() for t in taught])
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
    "name", ["class-balanced", "class-balanced[kd_weight=uniform]", "weighted"]
)
class TestWhatIsGiven:
    def bound(self, name):
        return load("distillation", name).bind(LABELS, BLOCKS, PRIORS)

    @pytest.mark.parametrize("value", [-1.0, 0.5, float("nan"), 255.0])
    def test_a_target_that_is_neither_0_nor_1_is_refused(self, batch, name, value):
        logits, targets, taught = batch
        targets[4, 2] = value
        with pytest.raises(DataError, match=r"targets hold only 0 and 1; .* \(row 4\)"):
            self.bound(name)(torch.tensor(0.25), logits, targets, taught)

    def test_teachers_have_to_say_a_logit_per_sample_and_label_of_theirs(self, batch, name):
        logits, targets, taught = batch
        loss, hard = self.bound(name), torch.tensor(0.25)
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
        loss, hard = self.bound(name), torch.tensor(0.25)
        for z, y, h, message in [
            (logits[:, :3], targets, hard, "B×C alike"),
            (logits[:, :3], targets[:, :3], hard, "logits of 3 labels, .* bound to 4"),
            (logits.long(), targets, hard, "floating-point"),
            (logits, targets, targets, r"against the labels is \(6, 4\)"),
            (logits[:0], targets[:0], hard, "nothing to average"),
        ]:
            with pytest.raises(DataError, match=message):
                loss(h, z, y, taught)

    def test_half_precision_stays_finite_at_logits_of_80(self, batch, name):
        _, targets, _ = batch
        for dtype in (torch.float16, torch.bfloat16):
            logits = torch.full((6, 4), 80, dtype=dtype, requires_grad=True)
            taught = [torch.full((6, 2), -80.0) for _ in BLOCKS]
            value = self.bound(name)(torch.tensor(0.25), logits, targets, taught)
            value.backward()
            assert torch.isfinite(value)
            assert torch.isfinite(logits.grad).all()
