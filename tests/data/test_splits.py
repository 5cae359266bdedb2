"""Splits keep groups together and labels balanced."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import grouped_kfold, holdout, make_splits
from ltmlbench.errors import DataError, RequestError
from ltmlbench.labels import LabelMatrix


def unread(row, size):
    raise AssertionError("splitting reads no picture")


def long_tailed(n_groups, n_labels, seed, largest=3):
    """Groups of 1 to ``largest`` samples; the label frequencies fall like 1 / rank."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), rng.integers(1, largest + 1, n_groups))
    chance = 0.5 / np.arange(1, n_labels + 1)
    Y = (rng.random((len(groups), n_labels)) < chance).astype(int)
    return Y, [f"patient{group:05}" for group in groups]


def samples_of(Y, groups, official=None):
    ids = tuple(f"s{i:05}" for i in range(len(groups)))
    return Samples(ids, tuple(groups), LabelMatrix(Y), ids, read=unread, official=official)


def groups_in(groups, mask):
    return {group for group, inside in zip(groups, mask, strict=True) if inside}


def deviation(Y, fold, n_folds):
    """Largest relative deviation of a label's count in a fold from an even share."""
    counts = np.stack([Y[fold == k].sum(axis=0) for k in range(n_folds)])
    even = Y.sum(axis=0) / n_folds
    return (np.abs(counts - even) / even)[:, even > 0].max()


def random_folds(groups, n_folds, seed):
    names, member = np.unique(groups, return_inverse=True)
    fold = np.arange(len(names)) % n_folds
    return np.random.default_rng(seed).permutation(fold)[member]


@settings(max_examples=40, deadline=None)
@given(data=st.data(), n_folds=st.integers(2, 5), seed=st.integers(0, 9))
def test_every_sample_has_a_fold_and_no_group_straddles(data, n_folds, seed):
    groups = data.draw(st.lists(st.sampled_from("abcdefghijkl"), min_size=5, max_size=40))
    n_folds = min(n_folds, len(set(groups)))
    if n_folds < 2:
        return
    rows = st.lists(st.integers(0, 1), min_size=3, max_size=3)
    Y = data.draw(st.lists(rows, min_size=len(groups), max_size=len(groups)))
    fold = grouped_kfold(LabelMatrix(np.array(Y)), groups, n_folds, seed)
    assert set(fold) == set(range(n_folds))  # no fold is empty
    for group in set(groups):
        assert len({k for k, name in zip(fold, groups, strict=True) if name == group}) == 1


@pytest.mark.parametrize(("n_groups", "n_labels", "n_folds"), [(60, 6, 3), (300, 12, 5)])
def test_labels_are_more_even_than_in_random_grouped_splits(n_groups, n_labels, n_folds):
    ours, random = [], []
    for seed in range(10):
        Y, groups = long_tailed(n_groups, n_labels, seed)
        fold = grouped_kfold(LabelMatrix(Y), groups, n_folds, seed)
        ours.append(deviation(Y, fold, n_folds))
        random.append(deviation(Y, random_folds(groups, n_folds, seed), n_folds))
    assert np.mean(ours) < 0.6 * np.mean(random)


def test_frequent_labels_differ_by_a_few_percent_at_most():
    Y, groups = long_tailed(1000, 4, seed=1)
    assert deviation(Y, grouped_kfold(LabelMatrix(Y), groups, 3, 0), 3) < 0.02


def test_the_folds_have_about_the_same_number_of_samples():
    Y, groups = long_tailed(300, 12, seed=3)
    sizes = np.bincount(grouped_kfold(LabelMatrix(Y), groups, 5, 0))
    assert np.abs(sizes / sizes.mean() - 1).max() < 0.1


def test_a_label_of_one_group_lies_in_one_fold_and_harms_no_other():
    Y, groups = long_tailed(100, 5, seed=0)
    Y = np.c_[Y, np.array([group == groups[0] for group in groups], dtype=int)]
    fold = grouped_kfold(LabelMatrix(Y), groups, 5, 0)
    assert len(set(fold[Y[:, 5] == 1])) == 1
    assert deviation(Y[:, :3], fold, 5) < 0.2


def test_as_many_positive_groups_as_folds_give_one_to_each():
    Y, groups = long_tailed(60, 3, seed=0, largest=1)
    rare = np.zeros(60, dtype=int)
    rare[[3, 14, 15, 48]] = 1
    fold = grouped_kfold(LabelMatrix(np.c_[Y, rare]), groups, 4, 0)
    assert sorted(fold[rare == 1]) == [0, 1, 2, 3]


def test_labels_that_no_one_has_are_no_obstacle():
    Y, groups = long_tailed(90, 3, seed=0)
    empty = np.zeros((len(Y), 2), dtype=int)
    assert deviation(Y, grouped_kfold(LabelMatrix(np.c_[Y, empty]), groups, 3, 0), 3) < 0.1
    sizes = np.bincount(grouped_kfold(LabelMatrix(np.zeros_like(Y)), groups, 3, 0))
    assert np.ptp(sizes) <= 1


def test_a_group_larger_than_a_fold_takes_one_for_itself():
    groups = ["large"] * 50 + [f"small{i}" for i in range(40)]
    fold = grouped_kfold(LabelMatrix(np.ones((90, 1), dtype=int)), groups, 3, 0)
    assert sorted(np.bincount(fold)) == [20, 20, 50]


def test_the_order_of_the_samples_does_not_matter():
    Y, groups = long_tailed(80, 6, seed=5)
    samples = samples_of(Y, groups)
    shuffled = samples.take(np.random.default_rng(0).permutation(len(samples)))
    first, second = (make_splits(s, folds=3, validation=0.15, seed=7) for s in (samples, shuffled))
    assert [s.fingerprint for s in first] == [s.fingerprint for s in second]
    assert not np.array_equal(first[0].test, second[0].test)


def test_the_seed_decides():
    Y, groups = long_tailed(80, 6, seed=5)
    a, b, c = (grouped_kfold(LabelMatrix(Y), groups, 3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


@pytest.mark.parametrize("n_folds", [-1, 0, 1, 4])
def test_an_impossible_number_of_folds_is_refused(n_folds):
    with pytest.raises(RequestError, match="3 groups"):
        grouped_kfold(LabelMatrix(np.eye(3, dtype=int)), ["a", "b", "c"], n_folds, 0)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_a_holdout_has_its_share_of_the_samples_and_of_every_frequent_label(share):
    Y, groups = long_tailed(600, 5, seed=2)
    held = holdout(LabelMatrix(Y), groups, share, 0)
    assert held.mean() == pytest.approx(share, abs=0.01)
    np.testing.assert_allclose(Y[held].sum(axis=0) / Y.sum(axis=0), share, atol=0.03)
    assert not groups_in(groups, held) & groups_in(groups, ~held)


def test_no_share_holds_nothing_out():
    Y, groups = long_tailed(30, 3, seed=0)
    assert not holdout(LabelMatrix(Y), groups, 0.0, 0).any()


def test_each_fold_is_the_test_set_once_and_no_group_is_in_two_parts():
    Y, groups = long_tailed(90, 4, seed=0)
    splits = make_splits(samples_of(Y, groups), folds=3, validation=0.2, seed=0)
    assert [split.name for split in splits] == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3"]
    tests = np.concatenate([split.test for split in splits])
    np.testing.assert_array_equal(np.sort(tests), np.arange(len(groups)))
    for split in splits:
        parts = [split.train, split.val, split.test]
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(groups)))
        names = [{groups[row] for row in part} for part in parts]
        assert sum(map(len, names)) == len(set(groups))
        assert all(len(part) for part in parts)


def test_official_parts_share_their_training_rows():
    Y, groups = long_tailed(90, 4, seed=0)
    part = {name: ("train", "train", "off-site", "on-site")[i % 4] for i, name in enumerate(groups)}
    official = tuple(part[group] for group in groups)
    splits = make_splits(samples_of(Y, groups, official), folds="official", validation=0.2, seed=0)
    assert {split.name for split in splits} == {"official off-site", "official on-site"}
    for split in splits:
        np.testing.assert_array_equal(split.train, splits[0].train)
        np.testing.assert_array_equal(split.val, splits[0].val)
        expected = [i for i, name in enumerate(official) if name == split.name.split()[-1]]
        np.testing.assert_array_equal(split.test, expected)
        assert {official[row] for row in (*split.train, *split.val)} == {"train"}


def test_official_parts_that_share_a_group_are_refused():
    samples = samples_of(
        np.eye(6), list("aabbcc"), ("train", "train", "train", "test", "test", "test")
    )
    with pytest.raises(DataError, match=r"1 groups are in the official .* alike \(such as b\)"):
        make_splits(samples, folds="official", validation=0, seed=0)


@pytest.mark.parametrize("official", [None, ("train",) * 6, ("test",) * 6])
def test_official_parts_that_are_not_there_are_refused(official):
    samples = samples_of(np.ones((6, 1), dtype=int), list("abcdef"), official)
    with pytest.raises(RequestError, match="official"):
        make_splits(samples, folds="official", validation=0.0, seed=0)


def test_fifty_thousand_groups_take_seconds():
    Y, groups = long_tailed(50_000, 50, seed=0)
    start = time.process_time()
    fold = grouped_kfold(LabelMatrix(Y), groups, 5, 0)
    assert time.process_time() - start < 10
    assert deviation(Y, fold, 5) < 0.02
