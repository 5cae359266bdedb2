"""Subsets of labels: rows and report, against pandas."""

import numpy as np
import pandas as pd
import pytest

from ltmlbench import LabelMatrix
from ltmlbench.subsets import Subsets


@pytest.fixture
def labels():
    generator = np.random.default_rng(7)
    return LabelMatrix((generator.random((200, 5)) < [0.5, 0.1, 0.2, 0.05, 0.02]), list("abcde"))


def test_rows_hold_all_positives_and_negatives_without_any_label_first(labels):
    subsets = Subsets(labels, ((0, 3), (1, 2)))
    table = pd.DataFrame(labels.dense, columns=list("abcde"))
    rows = subsets.rows(1, negatives=1.0, seed=3)
    held = table[["b", "c"]].any(axis=1)
    negatives = table.iloc[rows][~held.iloc[rows]]
    assert set(table.index[held]) <= set(rows)
    assert len(negatives) == held.sum()
    free = ~table[["a", "b", "c", "d"]].any(axis=1)
    n_free = (~negatives[["a", "d"]].any(axis=1)).sum()
    assert n_free == min(free.sum(), held.sum())
    assert (np.diff(rows) > 0).all()


def test_rows_depend_on_the_seed_and_on_nothing_else(labels):
    subsets = Subsets(labels, ((1, 2), (3, 4)))
    first = subsets.rows(0, negatives=0.5, seed=1)
    np.testing.assert_array_equal(first, subsets.rows(0, negatives=0.5, seed=1))
    assert not np.array_equal(first, subsets.rows(0, negatives=0.5, seed=2))


def test_the_report_is_what_pandas_counts(labels):
    table = pd.DataFrame(labels.dense, columns=list("abcde"))
    features = np.random.default_rng(0).normal(size=(5, 3))
    report = Subsets(labels, ((0, 3), (1, 2, 4))).report(features)
    for row, block in zip(report.itertuples(), ["abcde", "ad", "bce"], strict=True):
        part = table[list(block)]
        pairs = [(a, b) for i, a in enumerate(block) for b in block[i + 1 :]]
        assert row.labels == tuple(block)
        assert row.n_labels == len(block)
        assert row.samples == part.any(axis=1).sum()
        assert row.multi_label == (part.sum(axis=1) > 1).sum()
        assert row.imbalance == pytest.approx(part.sum().max() / part.sum().min())
        share = [(part[a] & part[b]).sum() / min(part[a].sum(), part[b].sum()) for a, b in pairs]
        assert row.cooccurrence == pytest.approx(np.mean(share))
        unit = features / np.linalg.norm(features, axis=1, keepdims=True)
        index = {name: i for i, name in enumerate("abcde")}
        similar = [unit[index[a]] @ unit[index[b]] for a, b in pairs]
        assert row.similarity == pytest.approx(np.mean(similar))


def test_the_report_ends_with_the_labels_left_out(labels):
    report = Subsets(labels, ((0, 3),)).report()
    assert report["subset"].tolist() == ["undivided", "0", "left out"]
    assert report["labels"].tolist() == [("a", "d"), ("a", "d"), ("b", "c", "e")]
    assert report["samples"].tolist()[2] == labels.dense[:, [1, 2, 4]].any(axis=1).sum()


@pytest.mark.parametrize("k", [-1, 1])
def test_a_subset_that_is_not_there_is_one_clear_error(labels, k):
    with pytest.raises(ValueError, match=f"there is no subset {k}, only 0 to 0"):
        Subsets(labels, ((0, 3),)).rows(k)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (((0, 1), (1, 2)), "subset 1: label 'b' is in a subset already"),
        (((0, 9),), "there is no label column 9, only 0 to 4"),
        (((),), "subset 0 holds no label"),
    ],
)
def test_sets_that_are_no_division_are_one_clear_error(labels, members, message):
    with pytest.raises(ValueError, match=message):
        Subsets(labels, members)


def test_negative_shares_are_refused(labels):
    with pytest.raises(ValueError, match="negatives=-1"):
        Subsets(labels, ((0, 1),)).rows(0, negatives=-1)
