import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltmlbench import LabelMatrix, load
from ltmlbench.errors import RequestError


def long_tailed(n=400, seed=0):
    rng = np.random.default_rng(seed)
    Y = (rng.random((n, 5)) < [0.6, 0.3, 0.1, 0.05, 0.0]).astype(np.uint8)
    Y[:2, 3] = 1
    return LabelMatrix(Y)


def test_instance_balanced_takes_every_row_once():
    order = load("sampler", "ib").order(long_tailed(), seed=3, epoch=0)
    assert sorted(order) == list(range(400))


@pytest.mark.parametrize("rows", [1, 399, 400, 1000])
def test_a_cycle_takes_every_row_before_any_comes_again(rows):
    order = load("sampler", f"cycle[rows={rows}]").order(long_tailed(), seed=3, epoch=0)
    assert len(order) == rows
    counts = np.bincount(order, minlength=400)
    assert set(counts) <= {rows // 400, rows // 400 + 1}


@pytest.mark.parametrize("name", ["ib", "cb", "cycle[rows=400]", "instance-cb"])
def test_orders_depend_on_seed_and_epoch_alone(name):
    sampler, labels = load("sampler", name), long_tailed()
    one = sampler.order(labels, seed=3, epoch=1)
    np.testing.assert_array_equal(one, sampler.order(labels, seed=3, epoch=1))
    assert (one != sampler.order(labels, seed=3, epoch=2)).any()
    assert (one != sampler.order(labels, seed=4, epoch=1)).any()
    assert one.dtype == np.int64


def test_class_aware_draws_labels_as_theory_says():
    """p(row holds i) = Σ_j p(holds i | holds j) / C over labels j that occur."""
    labels = long_tailed()
    Y = labels.dense.astype(float)
    present = labels.counts > 0
    conditional = (Y.T @ Y)[present] / labels.counts[present][:, None]
    expected = conditional.mean(axis=0)
    drawn = [load("sampler", "cb").order(labels, seed=0, epoch=e) for e in range(60)]
    np.testing.assert_allclose(Y[np.concatenate(drawn)].mean(axis=0), expected, atol=0.01)


def test_class_aware_uses_every_row_of_a_label_before_repeating_one():
    Y = np.zeros((12, 2), dtype=np.uint8)
    Y[:8, 0] = 1
    Y[8:, 1] = 1
    order = load("sampler", "cb[epoch_length=released,samples_per_class=2]").order(
        LabelMatrix(np.tile(Y, (10, 1))), seed=0, epoch=0
    )
    first = [row for row in order if Y[row % 12, 0]]
    assert len(first) == len(set(first)), "fewer draws than rows: none comes twice"


def test_class_aware_takes_several_rows_at_each_turn_of_a_label():
    Y = np.repeat(np.eye(4, dtype=np.uint8), 30, axis=0)
    order = load("sampler", "cb[samples_per_class=3]").order(LabelMatrix(Y), seed=1, epoch=0)
    turns = Y[order].argmax(axis=1).reshape(-1, 3)
    assert (turns == turns[:, :1]).all()
    rounds = turns[:, 0].reshape(-1, 4)
    assert all(sorted(r) == [0, 1, 2, 3] for r in rounds)
    assert len({tuple(r) for r in rounds}) > 1, "labels are reshuffled every round"


def test_epoch_lengths():
    labels = long_tailed()
    assert len(load("sampler", "cb").order(labels, seed=0, epoch=0)) == 400
    released = load("sampler", "cb[epoch_length=released]").order(labels, seed=0, epoch=0)
    assert len(released) == labels.counts.max() * 5 // 4


def test_rows_without_labels_are_never_drawn_and_no_labels_at_all_is_an_error():
    labels = long_tailed()
    order = load("sampler", "cb").order(labels, seed=0, epoch=0)
    assert (labels.per_sample[order] > 0).all()
    with pytest.raises(RequestError, match="no training row has one"):
        load("sampler", "cb").order(LabelMatrix(np.zeros((4, 2))), seed=0, epoch=0)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 99), st.integers(1, 4))
def test_shards_of_an_order_cover_it(n, c, seed, world):
    Y = (np.random.default_rng(seed).random((n, c)) < 0.5).astype(np.uint8)
    Y[0, 0] = 1
    for name in ("ib", "cb", "instance-cb"):
        order = load("sampler", name).order(LabelMatrix(Y), seed=seed, epoch=0)
        assert len(order) == n
        shards = np.concatenate([order[rank::world] for rank in range(world)])
        assert sorted(shards) == sorted(order)


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.9999])
def test_instance_wise_sampling_draws_a_row_as_its_heaviest_label_asks(beta):
    Y = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 1], [0, 1, 0]])
    wanted = []
    for row in Y:
        weights = [(1 - beta) / (1 - beta ** Y[:, c].sum()) for c in range(3)]
        wanted.append(
            max((w for w, y in zip(weights, row, strict=True) if y), default=min(weights))
        )
    sampler = load("sampler", f"instance-cb[beta={beta}]")
    expected = np.array(wanted) / sum(wanted)
    np.testing.assert_allclose(sampler.row_weights(LabelMatrix(Y)), expected, rtol=1e-12)
    drawn = np.concatenate([sampler.order(LabelMatrix(Y), seed=0, epoch=e) for e in range(300)])
    np.testing.assert_allclose(np.bincount(drawn, minlength=6) / 1800, expected, atol=0.05)


def test_instance_wise_sampling_does_not_depend_on_the_order_of_labels():
    labels = long_tailed()
    turned = LabelMatrix(labels.dense[:, ::-1])
    sampler = load("sampler", "instance-cb")
    one, two = (sampler.order(given, seed=0, epoch=0) for given in (labels, turned))
    np.testing.assert_array_equal(one, two)
