"""The formulas of the reduced rows, against the same written out number by number."""

import math

import pytest
import torch

from ltmlbench_reduced.cct_network import CctHead
from ltmlbench_reduced.formulas import (
    Said,
    agreement,
    both_scores,
    confidence_pooling,
    domain_loss,
    reversed_gradient,
    speculation,
)


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def bce(p, y):
    return -y * math.log(p) - (1 - y) * math.log(1 - p)


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_speculation_adds_the_distance_of_the_guess_and_the_softened_teacher():
    z, t, guess, known = (numbers(2, 3, seed=s) for s in range(4))
    found = speculation(
        torch.tensor(0.7), z, guess, t, known, temperature=3.0, feature_weight=0.5, kd_weight=2.0
    )
    apart = (
        sum((float(guess[i, w]) - float(known[i, w])) ** 2 for i in range(2) for w in range(3)) / 2
    )
    soft = (
        sum(
            bce(sigmoid(float(z[i, c]) / 3), sigmoid(float(t[i, c]) / 3))
            for i in range(2)
            for c in range(3)
        )
        / 6
    )
    assert float(found) == pytest.approx(0.7 + 0.5 * apart + 2 * 9 * soft, rel=1e-5)


def test_nothing_of_speculation_reaches_the_teacher():
    z, t, guess, known = (numbers(2, 3, seed=s).requires_grad_() for s in range(4))
    hard = z.mean()
    speculation(hard, z, guess, t, known, temperature=2, feature_weight=1, kd_weight=1).backward()
    assert z.grad is not None
    assert guess.grad is not None
    assert t.grad is None
    assert known.grad is None


def test_confidence_decides_which_places_count():
    maps, confidence = numbers(1, 2, 2, 2), numbers(1, 2, 2, 2, seed=1).sigmoid()
    pooled = confidence_pooling(maps, confidence)
    for c in range(2):
        places = [(y, x) for y in range(2) for x in range(2)]
        weighted = sum(float(confidence[0, c, y, x] * maps[0, c, y, x]) for y, x in places)
        total = sum(float(confidence[0, c, y, x]) for y, x in places)
        assert float(pooled[0, c]) == pytest.approx(weighted / total)
    even = confidence_pooling(maps, torch.ones_like(maps))
    torch.testing.assert_close(even, maps.mean(dim=(2, 3)))


def test_the_head_of_cct_net_is_its_formula_place_by_place():
    torch.manual_seed(0)
    head = CctHead(3, 2, width=4).double().requires_grad_(False)
    head.shift.data = numbers(4, seed=5)
    features = numbers(1, 3, 2, 2, seed=6)

    def conv(layer, c, y, x):
        bias = 0.0 if layer.bias is None else float(layer.bias[c])
        return bias + sum(float(layer.weight[c, d, 0, 0] * features[0, d, y, x]) for d in range(3))

    places = [(y, x) for y in range(2) for x in range(2)]
    expected = []
    for c in range(2):
        H = {p: conv(head.maps, c, *p) for p in places}
        A = {p: sigmoid(conv(head.confidence, c, *p)) for p in places}
        coarse = sum(A[p] * H[p] for p in places) / sum(A.values())
        own = []
        for w in range(4):
            # φ of F ⊙ σ(H_c), a 1 × 1 convolution and a ReLU, then the mean over places
            refined = [
                max(
                    0.0,
                    float(head.shift[w])
                    + sum(
                        float(head.refine.weight[w, d, 0, 0] * features[0, d, y, x])
                        * sigmoid(H[y, x])
                        for d in range(3)
                    ),
                )
                for y, x in places
            ]
            own.append(sum(refined) / 4)
        r = float(head.classify.bias[0]) + sum(
            float(head.classify.weight[0, w]) * own[w] for w in range(4)
        )
        expected.append((coarse + r) / 2)
    assert head(features)[0].tolist() == pytest.approx(expected)


def test_the_domain_loss_weighs_both_domains_alike():
    target, source = (Said(numbers(1, 1), numbers(1, 1), d) for d in (numbers(3, 2), numbers(1, 1)))
    of_target = [bce(sigmoid(float(v)), 0) for v in target.domain.flatten()]
    of_source = [bce(sigmoid(float(v)), 1) for v in source.domain.flatten()]
    expected = (sum(of_target) / 6 + sum(of_source)) / 2
    assert float(domain_loss(target, source)) == pytest.approx(expected, rel=1e-5)


def test_both_scores_are_held_against_the_labels():
    said, y = Said(numbers(2, 2), numbers(2, 2, seed=1), numbers(2, 2)), torch.eye(2)
    expected = sum(
        bce(sigmoid(float(z[i, c])), float(y[i, c])) / 4
        for z in (said.coarse, said.refined)
        for i in range(2)
        for c in range(2)
    )
    assert float(both_scores(said, y)) == pytest.approx(expected, rel=1e-5)


def test_a_reversed_gradient_changes_its_sign_alone():
    values = numbers(3).requires_grad_()
    out = reversed_gradient(values)
    torch.testing.assert_close(out, values)
    (out * torch.tensor([1.0, 2, 3])).sum().backward()
    assert values.grad.tolist() == [-1, -2, -3]


def test_agreement_is_the_mean_squared_difference():
    u, r = numbers(2, 2), numbers(2, 2, seed=1)
    expected = sum((float(u[i, c]) - float(r[i, c])) ** 2 for i in range(2) for c in range(2)) / 4
    assert float(agreement(u, r)) == pytest.approx(expected, rel=1e-5)
