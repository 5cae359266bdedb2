"""Division of labels: rows and report, against pandas."""

import numpy as np
import pandas as pd
import pytest

from ltmlbench import LabelMatrix
from ltmlbench.division import Division


@pytest.fixture
def labels():
    generator = np.random.default_rng(7)
    return LabelMatrix((generator.random((200, 5)) < [0.5, 0.1, 0.2, 0.05, 0.02]), list("abcde"))


def test_rows_hold_all_positives_and_negatives_without_any_label_first(labels):
    subsets = Division(labels, ((0, 3), (1, 2)))
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
    subsets = Division(labels, ((1, 2), (3, 4)))
    first = subsets.rows(0, negatives=0.5, seed=1)
    np.testing.assert_array_equal(first, subsets.rows(0, negatives=0.5, seed=1))
    assert not np.array_equal(first, subsets.rows(0, negatives=0.5, seed=2))


def test_the_report_is_what_pandas_counts(labels):
    table = pd.DataFrame(labels.dense, columns=list("abcde"))
    report = Division(labels, ((0, 3), (1, 2, 4))).report()
    assert report["subset"].tolist() == ["undivided", "0", "1", "all", "by chance"]
    several = table.sum(axis=1) > 1
    for row, block in zip(report.itertuples(), ["abcde", "ad", "bce"], strict=False):
        part = table[list(block)]
        assert row.labels == tuple(block)
        assert row.n_labels == len(block)
        assert row.samples == part.any(axis=1).sum()
        assert row.several_before == (part.any(axis=1) & several).sum()
        assert row.several == (part.sum(axis=1) > 1).sum()
        assert row.imbalance == pytest.approx(part.sum().max() / part.sum().min())
    whole, one, two, together = (report.iloc[i] for i in range(4))
    assert together["n_labels"] == 5
    for name in ("samples", "several", "r_co", "r_im"):
        assert together[name] == pytest.approx(one[name] + two[name])
    assert together["several_before"] == whole["several"] == several.sum()
    assert together["imbalance"] == max(one["imbalance"], two["imbalance"])


def test_the_report_tells_the_shares_left_from_those_of_chance(labels):
    table = pd.DataFrame(labels.dense, columns=list("abcde"))
    features = np.random.default_rng(0).normal(size=(5, 3))
    report = Division(labels, ((0, 3), (1, 2, 4))).report(features).set_index("subset")
    met = table.T @ table
    pairs = [(a, b) for i, a in enumerate("abcde") for b in "abcde"[i + 1 :]]
    total = sum(met.loc[a, b] for a, b in pairs)
    assert report.loc["undivided", ["r_co", "r_im", "r_sem"]].tolist() == pytest.approx([1, 1, 1])
    assert report.loc["0", "r_co"] == pytest.approx(met.loc["a", "d"] / total)
    rarity = np.log(table.sum())
    assert report.loc["1", "r_im"] == pytest.approx(
        rarity[list("bce")].var(ddof=0) * 3 / (rarity.var(ddof=0) * 5)
    )
    chance = report.loc["by chance", ["r_co", "r_im", "r_sem"]].tolist()
    assert chance == pytest.approx([(2 + 6) / 20, 3 / 4, 3 / 4])
    assert 0 < report.loc["all", "r_sem"] < 1


def test_the_report_ends_with_the_labels_left_out(labels):
    report = Division(labels, ((0, 3),)).report()
    assert report["subset"].tolist() == ["undivided", "0", "all", "by chance", "left out"]
    assert report["labels"].tolist()[-1] == ("b", "c", "e")
    assert report["samples"].tolist()[-1] == labels.dense[:, [1, 2, 4]].any(axis=1).sum()


def test_labels_that_never_occur_change_no_share():
    Y = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0]])
    labels = LabelMatrix(Y)
    with_it = Division(labels, ((0, 2), (1,))).report(np.array([[1.0], [2.0], [np.nan]]))
    without = Division(labels, ((0,), (1,))).report(np.array([[1.0], [2.0], [np.nan]]))
    for name in ("r_co", "r_im", "r_sem"):
        assert with_it[name].tolist()[:3] == without[name].tolist()[:3]


@pytest.mark.parametrize("k", [-1, 1])
def test_a_subset_that_is_not_there_is_one_clear_error(labels, k):
    with pytest.raises(ValueError, match=f"there is no subset {k}, only 0 to 0"):
        Division(labels, ((0, 3),)).rows(k)


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
        Division(labels, members)


def test_negative_shares_are_refused(labels):
    with pytest.raises(ValueError, match="negatives=-1"):
        Division(labels, ((0, 1),)).rows(0, negatives=-1)
