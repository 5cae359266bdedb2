"""`RelationalSubsets`: scikit-learn's manners, bad input, and properties of the answer."""

import warnings

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
from ltmlbench_subsets.datasets import make_long_tailed

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


class OnLabels(RelationalSubsets):
    """Scikit-learn's checks give numbers: what is above their mean is a label."""

    def fit(self, X, y=None):
        X = X if sparse.issparse(X) else np.asarray(X)
        mean = X.mean()
        return super().fit(mean < X)


DO_NOT_APPLY = {
    "check_complex_data": "no number reaches the labels",
    "check_dtype_object": "no number reaches the labels",
    "check_estimators_nan_inf": "no number reaches the labels",
    "check_estimators_empty_data_messages": "wants other words than ours",
    "check_fit2d_1feature": "wants other words than ours",
}


def test_it_passes_the_checks_of_scikit_learn_that_apply_to_label_matrices():
    pytest.importorskip("sklearn", minversion="1.6", reason="check_estimator reports from there on")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of checks that are skipped
        results = estimator_checks.check_estimator(OnLabels(), on_skip=None, on_fail=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert failed <= set(DO_NOT_APPLY)
    assert sum(result["status"] == "passed" for result in results) > 25


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
        pd.DataFrame(DENSE).astype("Int64"),
        pd.DataFrame(DENSE.astype(bool)).astype("boolean"),
        pd.DataFrame.sparse.from_spmatrix(sparse.csr_matrix(DENSE)),
        LabelMatrix(DENSE),
    ],
    ids=[
        *("uint8", "bool", "float", "lists", "csr_matrix", "coo_array"),
        *("Int64", "boolean", "sparse columns", "LabelMatrix"),
    ],
)
def test_every_form_of_a_label_matrix_gives_the_same_subsets(Y):
    expected = RelationalSubsets(2).fit(pd.DataFrame(DENSE, columns=list("abcd")))
    fitted = RelationalSubsets(2).fit(Y, list("abcd"))
    assert fitted.subsets_ == expected.subsets_
    assert fitted.labels_ == expected.labels_


@pytest.mark.parametrize(
    "tags",
    [TAGS, [set(row) for row in TAGS], pd.Series(TAGS), pd.Series(map(np.array, TAGS))],
    ids=["lists", "sets", "column of lists", "column of arrays"],
)
def test_every_form_of_tag_lists_gives_the_same_subsets(tags):
    assert RelationalSubsets(2).fit(tags).subsets_ == RelationalSubsets(2).fit(DENSE).subsets_


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
    "a string of tags": (["a|b", "c"], {}, "row 0 is 'a|b': give a list of tags"),
    "an empty tag": ([["a"], ["b", ""]], {}, "row 1: '' is no tag"),
    "a gap among tag lists": ([["a"], None], {}, "row 1 is None: give a list of tags"),
    "tags with values": ([["a"], {"b": 0}], {}, "row 1 is {'b': 0}: give a list of tags"),
    "text": (np.array([["a", "b"], ["c", "d"]]), {}, "only 0 and 1; <U1 found"),
    "complex numbers": (DENSE + 0j, {}, "only 0 and 1; complex128 found"),
    "dates": (np.zeros((2, 2), dtype="datetime64[s]"), {}, "only 0 and 1; datetime64[s] found"),
    "gaps": (pd.DataFrame(DENSE).astype("Int64").mask(DENSE == 1), {}, "gaps, text or rows"),
    "rows of different length": ([[1, 0], [1]], {}, "gaps, text or rows of different length"),
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
    "prototypes of text": (DENSE, {"prototypes": [["a"]] * 4}, "a table of numbers is needed"),
    "ragged prototypes": (
        DENSE,
        {"prototypes": [[1], [1, 2], [1], [1]]},
        "a table of numbers is needed",
    ),
    "groups with gaps": (DENSE, {"groups": [1, 2, 3, 4, 5, 6, np.nan, np.nan]}, "needs a group"),
    "groups of two kinds": (DENSE, {"groups": ["a", None, *range(6)]}, "not both, and no gaps"),
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
        ({"n_subsets": 5}, "n_subsets=5: 4 labels make at most 4 subsets"),
        ({"n_subsets": 3, "min_labels": 2}, "4 labels make at most 2 subsets of 2 labels or more"),
        ({"min_labels": 0}, "min_labels=0: has to be at least 1"),
        ({"min_labels": 3, "max_labels": 2}, "at most max_labels (2)"),
        ({"min_labels": 3, "max_labels": 3}, "cannot be divided into subsets of such sizes"),
        ({"min_labels": 1.5}, "min_labels=1.5: has to be an integer"),
        ({"n_subsets": 0}, "has to be 1 or more"),
        ({"n_subsets": 2.5}, "n_subsets=2.5: has to be an integer"),
        ({"n_subsets": "2"}, "n_subsets='2': has to be an integer"),
        ({"random_state": None}, "random_state=None: has to be an integer"),
        ({"random_state": -1}, "random_state=-1: has to be 0 or more"),
        ({"cooccurrence": "much"}, "cooccurrence='much': has to be a number"),
        ({"n_subsets": 2, "max_labels": 1}, "2 subsets of 1 cannot hold 4 labels"),
        ({"cooccurrence": -1}, "cooccurrence=-1: has to be a number, 0 or more"),
        ({"imbalance": float("nan")}, "imbalance=nan"),
        ({"min_samples": 100}, "of 4 labels 0 are left"),
    ],
)
def test_options_out_of_range_are_one_clear_error(options, message):
    with pytest.raises(ValueError, match=r".") as caught:
        RelationalSubsets(**options).fit(DENSE)
    assert message in str(caught.value)


def test_only_the_direction_of_prototypes_matters():
    prototypes = np.random.default_rng(0).normal(size=(4, 3))
    expected = RelationalSubsets(2).fit(DENSE, prototypes=prototypes)
    for scale in (1e-200, 1e200, np.array([[1], [1e150], [1e-150], [7]])):
        fitted = RelationalSubsets(2).fit(DENSE, prototypes=prototypes * scale)
        assert fitted.subsets_ == expected.subsets_
        assert fitted.score_ == pytest.approx(expected.score_)


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
    last = fitted.report().iloc[-1]
    assert (last["subset"], last["labels"]) == ("left out", ("0", "1"))


@settings(max_examples=12, deadline=None)
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


@settings(max_examples=12, deadline=None)
@given(label_matrices())
def test_doubling_the_data_changes_nothing(Y):
    once, twice = RelationalSubsets().fit(Y), RelationalSubsets().fit(np.vstack([Y, Y]))
    assert once.subsets_ == twice.subsets_
    assert once.shares_ == twice.shares_


@settings(max_examples=12, deadline=None)
@given(label_matrices(), st.integers(0, 16))
def test_a_label_that_never_occurs_changes_nothing_wherever_it_stands(Y, place):
    place = min(place, Y.shape[1])
    more = np.insert(Y, place, 0, axis=1)
    names = [f"label {c:02}" for c in range(Y.shape[1])]
    one = RelationalSubsets().fit(Y, names)
    two = RelationalSubsets().fit(more, [*names[:place], "ghost", *names[place:]])
    assert two.left_out_ == {place: "never occurs"}
    back = [tuple(c - (c > place) for c in block) for block in two.subsets_]
    assert back == list(one.subsets_)
    assert two.shares_ == one.shares_


@settings(max_examples=12, deadline=None)
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


def test_the_shares_are_those_of_the_report_and_the_score_their_weighted_sum():
    prototypes = np.random.default_rng(0).normal(size=(4, 3))
    fitted = RelationalSubsets(2, cooccurrence=2, semantics=0.5).fit(DENSE, prototypes=prototypes)
    row = fitted.report().set_index("subset").loc["all"]
    assert fitted.shares_ == pytest.approx((row["r_co"], row["r_im"], row["r_sem"]))
    assert fitted.score_ == pytest.approx(2 * row["r_co"] + row["r_im"] + 0.5 * row["r_sem"])
    assert RelationalSubsets(2).fit(DENSE).shares_[2] == 0


@settings(max_examples=12, deadline=None)
@given(label_matrices(), st.integers(1, 2), st.booleans())
def test_the_number_of_subsets_is_the_smallest_that_leaves_a_fifth(Y, min_labels, with_prototypes):
    prototypes = np.random.default_rng(0).normal(size=(Y.shape[1], 3)) if with_prototypes else None
    fitted = RelationalSubsets(min_labels=min_labels).fit(Y, prototypes=prototypes)
    k = len(fitted.subsets_)
    assert k == RelationalSubsets(min_labels=min_labels).count(Y)  # whatever the prototypes
    most = min(16, Y.shape[1] // min_labels)
    assert 2 <= k <= most
    left = [
        max(RelationalSubsets(n, min_labels=min_labels).fit(Y).shares_[:2]) for n in range(2, k + 1)
    ]
    assert all(share > 0.2 for share in left[:-1])
    assert left[-1] <= 0.2 or k == most


def test_max_labels_asks_for_as_many_subsets_as_it_needs():
    Y = np.eye(40, dtype=int)
    assert len(RelationalSubsets().fit(Y).subsets_) == 2  # nothing meets, all are as frequent
    sizes = [len(block) for block in RelationalSubsets(max_labels=2).fit(Y).subsets_]
    assert sizes == [2] * 20


def test_a_frequent_label_that_meets_all_others_stands_alone():
    generator = np.random.default_rng(0)
    Y = (generator.random((400, 7)) < 0.1).astype(int)
    Y[:, 3] = generator.random(400) < 0.9
    assert (3,) in RelationalSubsets(3).fit(Y).subsets_
    assert all(len(block) > 1 for block in RelationalSubsets(3, min_labels=2).fit(Y).subsets_)


def test_many_labels_are_divided_as_the_order_of_columns_does_not_matter():
    """Beyond the dense search: other code, the same promises."""
    Y = make_long_tailed(8000, 1700, random_state=4).toarray()
    columns = np.random.default_rng(0).permutation(1700)
    names = [f"label {i}" for i in range(1700)]
    first = RelationalSubsets(5).fit(Y, names)
    second = RelationalSubsets(5).fit(Y[:, columns], [names[c] for c in columns])
    assert [{int(columns[c]) for c in block} for block in second.subsets_] == [
        set(block) for block in first.subsets_
    ]
    assert max(first.shares_[:2]) < 0.25  # by chance .2 and .997


@pytest.mark.realdata
def test_on_odir_the_diseases_fall_into_three_subsets(real_data):
    """{D} {A, H, M} {G, C}; eyes with several of the six labels 184 -> 9."""
    from ltmlbench_retina.keywords import labels_of
    from ltmlbench_retina.odir_sheet import read_sheets

    table = read_sheets(real_data / "odir5k")[0].table
    eyes = [labels_of(text) for side in ("left", "right") for text in table[f"{side}_keywords"]]
    fitted = RelationalSubsets().fit(eyes, names=list("DGCAHM"))
    found = ["".join(fitted.labels_[c] for c in block) for block in fitted.subsets_]
    assert found == ["D", "GC", "AHM"]
    np.testing.assert_allclose(fitted.shares_[:2], [0.05, 0.03], atol=0.005)
    report = fitted.report().set_index("subset")
    assert report["several"].tolist()[:5] == [184, 0, 2, 7, 9]
    assert report.loc["all", "imbalance"] == pytest.approx(1.45, abs=0.005)


MULAN = {
    "yeast": (5, {4: (0.23, 0.22), 6: (0.12, 0.06)}),
    "medical": (4, {4: (0.05, 0.13)}),
    "enron": (5, {2: (0.43, 0.56), 3: (0.35, 0.25), 4: (0.19, 0.22), 6: (0.11, 0.09)}),
    "corel5k": (5, {4: (0.24, 0.19), 6: (0.12, 0.13)}),
}
"""Shares left by K, of a plain relocation search; the smallest K is ours."""


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("name", MULAN)
def test_on_mulan_sets_no_more_is_left_than_the_first_measurement_found(name, real_data):
    n_subsets, measured = MULAN[name]
    Y = np.load(real_data / "mulan" / f"{name}.npz")["Y"]
    assert RelationalSubsets().count(Y) == n_subsets
    for k, left in measured.items():
        assert RelationalSubsets(k).fit(Y).score_ <= sum(left) + 0.01  # two decimals each
