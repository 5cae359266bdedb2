"""`RelationalSubsets`: scikit-learn's manners, bad input, and properties of the answer."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks

from ltmlbench import LabelMatrix
from ltmlbench_subsets import RelationalSubsets, Statistics

TAGS = [["a", "b"], ["c"], ["d", "a"], ["b"], ["c", "d"], [], ["a"], ["d", "c", "d"]]
DENSE = np.array([[tag in row for tag in "abcd"] for row in TAGS], dtype=np.uint8)


@st.composite
def label_matrices(draw, labels=(4, 16)):
    n, c = draw(st.integers(6, 40)), draw(st.integers(*labels))
    Y = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random((n, c)) < draw(
        st.sampled_from([0.1, 0.3, 0.6])
    )
    Y[0] = True  # every label occurs
    return Y.astype(np.uint8)


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
    ],
    ids=lambda check: check.__name__,
)
def test_it_passes_the_checks_of_scikit_learn_that_apply_to_label_matrices(check):
    check("RelationalSubsets", RelationalSubsets())


def test_a_clone_has_the_parameters_and_none_of_the_answer():
    fitted = RelationalSubsets(2, cooccurrence=0.5).fit(DENSE)
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        copy.report()


@pytest.mark.parametrize(
    "Y",
    [
        DENSE,
        DENSE.astype(bool),
        DENSE.astype(float),
        DENSE.tolist(),
        sparse.csr_matrix(DENSE),
        sparse.coo_array(DENSE),
        LabelMatrix(DENSE, list("abcd")),
    ],
    ids=["uint8", "bool", "float", "lists", "csr_matrix", "coo_array", "LabelMatrix"],
)
def test_every_form_of_a_label_matrix_gives_the_same_subsets(Y):
    names = None if isinstance(Y, LabelMatrix) else list("abcd")
    expected = RelationalSubsets(2).fit(pd.DataFrame(DENSE, columns=list("abcd")))
    assert RelationalSubsets(2).fit(Y, names).subsets_ == expected.subsets_
    assert RelationalSubsets(2).fit(TAGS).subsets_ == expected.subsets_
    assert RelationalSubsets(2).fit([set(row) for row in TAGS]).subsets_ == expected.subsets_


def test_a_tag_may_hold_any_character():
    rows = [["rock|pop"], ["rock", "pop"], ["a,b"], ["a;b"], ["rock|pop", "a,b"]]
    fitted = RelationalSubsets(2).fit(rows)
    assert fitted.labels_ == ("a,b", "a;b", "pop", "rock", "rock|pop")


BAD = {
    "negative": (np.array([[1, -1], [0, 1]]), {}, "only 0 and 1"),
    "fractional": (np.array([[0.5, 1], [0, 1]]), {}, "only 0 and 1"),
    "nan": (np.array([[np.nan, 1], [0, 1]]), {}, "only 0 and 1"),
    "one dimension": (np.array([0, 1, 1]), {}, "2 dimensions"),
    "no labels": (np.zeros((5, 0)), {}, "of 0 labels 0 are left"),
    "no samples": (np.zeros((0, 4)), {}, "of 4 labels 0 are left"),
    "one label": (np.ones((5, 1)), {}, "of 1 labels 1 are left"),
    "nothing positive": (np.zeros((5, 4)), {}, "of 4 labels 0 are left"),
    "names that repeat": (DENSE, {"names": list("abca")}, "names repeat: a"),
    "names that do not fit": (DENSE, {"names": list("abc")}, "3 names for 4"),
    "a string of tags": (["a|b", "c"], {}, "row 0 is the string 'a|b'"),
    "an empty tag": ([["a"], ["b", ""]], {}, "row 1: '' is no tag"),
    "numbers among tags": ([["a"], [3]], {}, "row 1: 3 is no tag"),
    "prototypes of another length": (
        DENSE,
        {"prototypes": np.ones((3, 2))},
        "3 × 2 does not fit 4 labels",
    ),
    "flat prototypes": (DENSE, {"prototypes": np.ones(4)}, "4 does not fit 4 labels"),
    "NaN prototypes": (
        DENSE,
        {"prototypes": np.array([[1, 2], [np.nan, 1], [1, 1], [0, 1]]), "names": list("abcd")},
        "row of label 'b'",
    ),
    "groups that do not fit": (DENSE, {"groups": [1, 2]}, "does not fit 8 samples"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data_is_one_clear_error(case):
    Y, arguments, message = BAD[case]
    with pytest.raises(ValueError, match=r".") as caught:
        RelationalSubsets().fit(Y, **arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_subsets": 3}, "4 labels make at most 2 subsets"),
        ({"n_subsets": 0}, "has to be 1 or more"),
        ({"n_subsets": 2, "max_labels": 1}, "cannot hold 4 labels"),
        ({"cooccurrence": -1}, "cooccurrence=-1: has to be 0 or more"),
        ({"imbalance": float("nan")}, "imbalance=nan"),
        ({"min_samples": 100}, "of 4 labels 0 are left"),
    ],
)
def test_options_out_of_range_are_one_clear_error(options, message):
    with pytest.raises(ValueError, match=r".") as caught:
        RelationalSubsets(**options).fit(DENSE)
    assert message in str(caught.value)


def test_rows_and_columns_without_positives_are_left_alone():
    padded = np.zeros((20, 6), dtype=int)
    padded[:8, [0, 2, 3, 5]] = DENSE
    fitted = RelationalSubsets(2).fit(padded)
    assert set(fitted.left_out_) == {1, 4}
    assert fitted.left_out_[1] == "never occurs"
    columns = [0, 2, 3, 5]
    plain = RelationalSubsets(2).fit(DENSE)
    assert fitted.subsets_ == tuple(tuple(columns[c] for c in block) for block in plain.subsets_)


def test_rare_labels_and_labels_that_meet_all_others_are_left_out_on_request():
    generator = np.random.default_rng(0)
    Y = (generator.random((300, 6)) < 0.2).astype(int)
    Y[:, 0] = 1  # on every sample
    Y[:, 1] = 0
    Y[:3, 1] = 1
    fitted = RelationalSubsets(2, min_samples=5, max_cooccurrence=0.9).fit(Y)
    assert list(fitted.left_out_) == [0, 1]
    assert "mean co-occurrence 1.000 > 0.9" in fitted.left_out_[0]
    assert fitted.left_out_[1] == "3 samples, fewer than 5"
    assert sorted(c for block in fitted.subsets_ for c in block) == [2, 3, 4, 5]


@settings(max_examples=40, deadline=None)
@given(label_matrices(), st.randoms(use_true_random=False), st.booleans())
def test_permuting_rows_and_labels_permutes_the_answer(Y, random, with_prototypes):
    n, c = Y.shape
    names = [f"label {i}" for i in range(c)]
    prototypes = np.random.default_rng(c).normal(size=(c, 3)) if with_prototypes else None
    rows, columns = random.sample(range(n), n), random.sample(range(c), c)
    first = RelationalSubsets().fit(Y, names, prototypes)
    second = RelationalSubsets().fit(
        Y[rows][:, columns],
        [names[i] for i in columns],
        None if prototypes is None else prototypes[columns],
    )
    named = {frozenset(first.labels_[i] for i in block) for block in first.subsets_}
    assert {frozenset(second.labels_[i] for i in block) for block in second.subsets_} == named
    assert second.score_ == pytest.approx(first.score_, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(label_matrices())
def test_doubling_the_data_changes_nothing(Y):
    once, twice = RelationalSubsets().fit(Y), RelationalSubsets().fit(np.vstack([Y, Y]))
    assert once.subsets_ == twice.subsets_
    assert once.score_ == twice.score_


@settings(max_examples=40, deadline=None)
@given(label_matrices(), st.integers(0, 3))
def test_every_label_is_in_at_most_one_subset_and_rows_match_their_labels(Y, negatives):
    fitted = RelationalSubsets().fit(Y)
    taken = [c for block in fitted.subsets_ for c in block]
    assert len(taken) == len(set(taken))
    assert set(taken) | set(fitted.left_out_) == set(range(Y.shape[1]))
    for k, block in enumerate(fitted.subsets_):
        rows = fitted.rows(k, negatives=negatives)
        held = Y[:, list(block)].any(axis=1)
        assert set(np.flatnonzero(held)) <= set(rows)
        n_negatives = min(negatives * held.sum(), (~held).sum())
        assert len(rows) == held.sum() + n_negatives
        assert len(set(rows)) == len(rows)


def test_one_group_counts_once():
    repeated = np.repeat(DENSE, [5, 1, 1, 9, 1, 1, 3, 1], axis=0)
    groups = np.repeat(np.arange(8), [5, 1, 1, 9, 1, 1, 3, 1])
    by_group = RelationalSubsets(2).fit(repeated, groups=groups)
    assert by_group.subsets_ == RelationalSubsets(2).fit(DENSE).subsets_
    assert by_group.score_ == RelationalSubsets(2).fit(DENSE).score_


def test_counts_alone_give_the_same_subsets_and_no_rows():
    labels = LabelMatrix(DENSE)
    counted = RelationalSubsets(2).fit_statistics(Statistics.count(labels))
    assert counted.subsets_ == RelationalSubsets(2).fit(labels).subsets_
    with pytest.raises(ValueError, match="has seen no samples"):
        counted.rows(0)


def test_the_number_of_subsets_follows_the_stated_rule():
    def chosen(n_labels):
        return len(RelationalSubsets().fit(np.eye(n_labels, dtype=int)).subsets_)

    assert [chosen(n) for n in (2, 4, 6, 7, 8, 12, 40, 100)] == [1, 2, 3, 2, 2, 3, 10, 16]


@pytest.mark.realdata
def test_on_odir_cooccurrence_alone_finds_the_known_pairs(real_data):
    """METHODS 1.4 counts 182 -> 15 multi-label eyes on a copy of 3358 patients; here are 3500."""
    from ltmlbench_retina.keywords import labels_of
    from ltmlbench_retina.odir_sheet import read_sheets

    table = read_sheets(real_data / "odir5k")[0].table
    eyes = [labels_of(text) for side in ("left", "right") for text in table[f"{side}_keywords"]]
    fitted = RelationalSubsets(3, imbalance=0).fit(eyes, names=list("DGCAHM"))
    pairs = ["".join(fitted.labels_[c] for c in block) for block in fitted.subsets_]
    assert pairs == ["DM", "GC", "AH"]
    report = fitted.report()
    assert report["multi_label"].tolist() == [184, 8, 2, 5]
    np.testing.assert_allclose(report["imbalance"], [9.33, 6.72, 1.04, 1.45], atol=0.005)
