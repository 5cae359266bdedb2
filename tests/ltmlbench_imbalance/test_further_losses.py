"""Losses beyond the poster's table: the authors' released numbers, and formulas written out."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from ltmlbench import LabelMatrix, load
from ltmlbench.errors import DataError

GOLDEN = Path(__file__).parents[1] / "golden"
ELEMENTWISE = ["asl", "asl[class_weight=chexfusion]", "ral", "hill", "splc", "cb-focal",
               "cb-focal[mode=positives]", "ldam-drw", "la"]  # fmt: skip
WHOLE = ["two-way", "zlpr"]


def labels_with(counts, n_samples):
    Y = np.zeros((n_samples, len(counts)), dtype=np.uint8)
    for c, count in enumerate(counts):
        Y[:count, c] = 1
    return LabelMatrix(Y)


SOME = labels_with([40, 20, 10, 5, 2], 50)


def example(seed=0, B=6, C=5, scale=3.0):
    rng = np.random.default_rng(seed)
    logits = torch.tensor(rng.normal(size=(B, C)) * scale, dtype=torch.float32)
    targets = torch.tensor(rng.random((B, C)) < 0.4, dtype=torch.float32)
    targets[0] = 0  # a row without any positive
    return logits, targets


def released(name):
    golden = np.load(GOLDEN / f"{name}_C8.npz")
    labels = labels_with([30] * 8, 100)
    if "class_counts" in golden:
        labels = labels_with(golden["class_counts"], int(golden["n_samples"]))
    return golden, json.loads(str(golden["params"])), labels


def assert_is_released(loss, golden):
    logits = torch.tensor(golden["logits"], requires_grad=True)
    value = loss(logits, torch.tensor(golden["labels"]).float(), reduction="none")
    value.sum().backward()
    found = value.detach().numpy()
    found = found.sum() if golden["loss"].ndim == 0 else found
    np.testing.assert_allclose(found, golden["loss"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(logits.grad.numpy(), golden["grad"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["asl_4_0", "asl_4_1_stopped", "asl_4_1_flowing"])
def test_asl_gives_the_numbers_of_the_released_code(name):
    golden, p, labels = released(name)
    grad = "flowing" if p.get("focusing_gradient") else "stopped"
    spec = (
        f"asl[gamma_neg={p['gamma_neg']},gamma_pos={p['gamma_pos']},clip={p['clip']},grad={grad}]"
    )
    assert_is_released(load("loss", spec).bind(labels), golden)


def test_ral_gives_the_numbers_of_the_released_code():
    golden, p, labels = released("ral")
    names = ("gamma_neg", "gamma_pos", "clip", "lamb", "epsilon_neg", "epsilon_pos",
             "epsilon_pos_pow")  # fmt: skip
    spec = f"ral[{','.join(f'{n}={p[n]}' for n in names)}]"
    assert_is_released(load("loss", spec).bind(labels), golden)


def test_hill_gives_the_numbers_of_the_released_code():
    golden, p, labels = released("hill_m1.0")
    spec = f"hill[lamb={p['lamb']},margin={p['margin']},gamma={p['gamma']}]"
    assert_is_released(load("loss", spec).bind(labels), golden)


@pytest.mark.parametrize("epoch", [0, 1])
def test_splc_gives_the_numbers_of_the_released_code(epoch):
    golden, p, labels = released(f"splc_epoch{epoch}")
    spec = f"splc[tau={p['tau']},margin={p['margin']},gamma={p['gamma']},from_epoch=1]"
    loss = load("loss", spec).bind(labels).at(progress=0.5, epoch=p["epoch"])
    assert_is_released(loss, golden)


@pytest.mark.parametrize(
    "name",
    ["by_class_focal", "by_class_bce", "average_w_focal", "average_w_bce", "average_n_focal",
     "min_n_focal"],
)  # fmt: skip
def test_cb_gives_the_numbers_of_the_released_code(name):
    golden, p, labels = released(f"cb_{name}")
    part = f"gamma={p['gamma']},balance={p['balance']}" if p["focal"] else "gamma=0"
    spec = f"cb-focal[mode={p['mode']},beta={p['beta']},normalised=false,{part}]"
    assert_is_released(load("loss", spec).bind(labels), golden)


def each(logits, targets):
    """Elements as plain numbers: (row, column, z, y, p)."""
    for i, row in enumerate(logits.tolist()):
        for c, z in enumerate(row):
            yield i, c, z, targets[i, c].item(), 1 / (1 + math.exp(-z))


def test_the_positives_mode_sums_the_weights_of_the_labels_a_sample_has():
    logits, targets = example()
    counts = SOME.counts
    w = [(1 - 0.9) / (1 - 0.9 ** int(n)) for n in counts]
    w = [x * len(w) / sum(w) for x in w]
    expected = np.zeros((6, 5))
    for i, c, _, y, p in each(logits, targets):
        held = [w[k] for k in range(5) if targets[i, k]]
        p_t = p if y else 1 - p
        expected[i, c] = (sum(held) if held else min(w)) * (1 - p_t) ** 2 * -math.log(p_t)
    loss = load("loss", "cb-focal[mode=positives,beta=0.9]").bind(SOME)
    np.testing.assert_allclose(
        loss(logits, targets, reduction="none"), expected, rtol=1e-4, atol=1e-6
    )


def test_ldam_subtracts_margins_and_weighs_labels_late():
    logits, targets = example()
    n = SOME.counts.astype(float)
    delta = 0.5 * n**-0.25 / (n**-0.25).max()
    weight = (1 - 0.9999) / (1 - 0.9999**n)
    weight *= 5 / weight.sum()
    plain, weighted = np.zeros((6, 5)), np.zeros((6, 5))
    for i, c, z, y, _ in each(logits, targets):
        p = 1 / (1 + math.exp(-(z - delta[c] * y)))
        plain[i, c] = -math.log(p if y else 1 - p)
        weighted[i, c] = weight[c] * plain[i, c]
    loss = load("loss", "ldam-drw").bind(SOME)
    early, late = loss.at(0.79, 0), loss.at(0.8, 0)
    np.testing.assert_allclose(
        early(logits, targets, reduction="none"), plain, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        late(logits, targets, reduction="none"), weighted, rtol=2e-3, atol=1e-6
    )
    assert loss(logits, targets) == early(logits, targets)


def test_logit_adjustment_adds_the_logit_of_the_share():
    logits, targets = example()
    share = SOME.counts / 50
    expected = np.zeros((6, 5))
    for i, c, z, y, _ in each(logits, targets):
        p = 1 / (1 + math.exp(-(z + 0.7 * math.log(share[c] / (1 - share[c])))))
        expected[i, c] = -math.log(p if y else 1 - p)
    loss = load("loss", "la[tau=0.7]").bind(SOME)
    np.testing.assert_allclose(
        loss(logits, targets, reduction="none"), expected, rtol=1e-4, atol=1e-6
    )


def test_chexfusion_weighs_asl_by_the_share_of_a_label():
    logits, targets = example()
    plain = load("loss", "asl").bind(SOME)(logits, targets, reduction="none")
    found = load("loss", "asl[class_weight=chexfusion]").bind(SOME)(
        logits, targets, reduction="none"
    )
    share = torch.tensor(SOME.counts / 50)
    weight = torch.where(targets > 0, torch.exp(1 - share), torch.exp(share))
    np.testing.assert_allclose(found, plain * weight, rtol=1e-5)


def test_two_way_compares_within_samples_and_within_labels():
    logits, targets = example(seed=3)
    targets[:, 4] = 0  # a label without positives takes no part
    z, y = logits.tolist(), targets.tolist()

    def one(values, truth):
        positive = sum(math.exp(-v / 4) for v, t in zip(values, truth, strict=True) if t)
        negative = sum(math.exp(v) for v, t in zip(values, truth, strict=True) if not t)
        both = 4 * math.log(positive) + (math.log(negative) if negative else -math.inf)
        return math.log1p(math.exp(both))

    rows = [one(a, b) for a, b in zip(z, y, strict=True) if any(b)]
    columns = zip(zip(*z, strict=True), zip(*y, strict=True), strict=True)
    labels = [one(a, b) for a, b in columns if any(b)]
    expected = sum(rows) / len(rows) + sum(labels) / len(labels)
    assert load("loss", "two-way").bind(SOME)(logits, targets).item() == pytest.approx(expected)


def test_zlpr_ranks_about_zero():
    logits, targets = example(seed=4)
    rows = []
    for z, y in zip(logits.tolist(), targets.tolist(), strict=True):
        negative = sum(math.exp(v) for v, t in zip(z, y, strict=True) if not t)
        positive = sum(math.exp(-v) for v, t in zip(z, y, strict=True) if t)
        rows.append(math.log(1 + negative) + math.log(1 + positive))
    found = load("loss", "zlpr").bind(SOME)(logits, targets).item()
    assert found == pytest.approx(sum(rows) / len(rows))


def test_asl_without_focusing_and_clip_is_bce_and_with_equal_gammas_focal():
    logits, targets = example(scale=12.0)
    for spec, other in (
        ("asl[gamma_neg=0,gamma_pos=0,clip=0]", "bce"),
        ("asl[gamma_neg=2,gamma_pos=2,clip=0]", "focal"),
    ):
        a, b = (load("loss", name).bind(SOME) for name in (spec, other))
        for reduction in ("none", "mean"):
            values = (
                a(logits, targets, reduction=reduction),
                b(logits, targets, reduction=reduction),
            )
            np.testing.assert_allclose(*values, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [*ELEMENTWISE, *WHOLE, "bce", "focal", "db"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("size", [1.0, 30.0, 80.0])
def test_values_and_slopes_stay_finite(name, dtype, size):
    logits, targets = example(B=8)
    logits = (logits.sign() * size).to(dtype).requires_grad_()
    value = load("loss", name).bind(SOME)(logits, targets)
    value.backward()
    assert value.isfinite()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("name", [*ELEMENTWISE, *WHOLE])
def test_slopes_are_those_of_the_value(name):
    logits, targets = example(B=3)
    stopped = "asl" in name  # its focusing weights are constants by definition
    spec = f"{name[:-1]},grad=flowing]" if stopped and "[" in name else name
    spec = "asl[grad=flowing]" if name == "asl" else spec
    loss = load("loss", spec).bind(SOME)

    def value(z):
        return loss(z, targets)

    at = logits.clone().requires_grad_()
    (found,) = torch.autograd.grad(value(at), at)
    step = 1e-2
    for i, c in ((0, 0), (1, 2), (2, 4)):
        moved = logits.double().clone()
        moved[i, c] += step
        back = moved.clone()
        back[i, c] -= 2 * step
        slope = (value(moved.float()) - value(back.float())).item() / (2 * step)
        assert found[i, c].item() == pytest.approx(slope, abs=2e-3)


@pytest.mark.parametrize("name", WHOLE)
def test_losses_that_compare_logits_say_what_they_cannot_give(name):
    logits, targets = example()
    loss = load("loss", name).bind(SOME)
    with pytest.raises(ValueError, match="no value per element"):
        loss(logits, targets, reduction="none")
    with pytest.raises(ValueError, match="no sample weights"):
        loss(logits, targets, torch.ones(6))
    with pytest.raises(DataError, match="-1"):
        loss(logits, targets - 1)
    with pytest.raises(DataError, match="nothing to compare"):
        loss(logits[:0], targets[:0])
    assert loss(logits, torch.zeros_like(targets)).isfinite()
    assert loss(logits, torch.ones_like(targets)).isfinite()
