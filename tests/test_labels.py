import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from ltmlbench import LabelMatrix
from ltmlbench.errors import DataError

MATRICES = arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 6)), elements=st.integers(0, 1)
)


@settings(max_examples=60, deadline=None)
@given(MATRICES)
def test_statistics_are_those_of_pandas(Y):
    labels, frame = LabelMatrix(Y), pd.DataFrame(Y).astype(int)
    assert labels.counts.tolist() == frame.sum().tolist()
    assert labels.per_sample.tolist() == frame.sum(axis=1).tolist()
    assert labels.cardinality == pytest.approx(frame.sum(axis=1).mean())
    assert labels.density == pytest.approx(frame.to_numpy().mean())
    for a in frame:
        for b in frame:
            assert labels.cooccurrence[a, b] == (frame[a] & frame[b]).sum()
    present = frame.sum()[frame.sum() > 0]
    ratio = present.max() / present.min() if len(present) else np.nan
    assert labels.imbalance_ratio == pytest.approx(ratio, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(MATRICES)
def test_all_forms_of_a_matrix_are_the_same(Y):
    names = [f"label {c}" for c in range(Y.shape[1])]
    forms = [
        LabelMatrix(Y, names),
        LabelMatrix(Y.astype(bool), names),
        LabelMatrix(Y.astype(float), names),
        LabelMatrix(Y.tolist(), names),
        LabelMatrix(sparse.csr_matrix(Y), names),
        LabelMatrix(sparse.coo_array(Y), names),
        LabelMatrix(sparse.csc_array(Y.astype(bool)), names),
        LabelMatrix(pd.DataFrame(Y, columns=names)),
    ]
    for labels in forms:
        np.testing.assert_array_equal(labels.dense, Y)
        np.testing.assert_array_equal(labels.sparse.toarray(), Y)
        assert labels.names == tuple(names)


def test_rows_and_labels_can_be_taken():
    Y = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 0]])
    labels = LabelMatrix(Y, ["a", "b", "c"])
    np.testing.assert_array_equal(labels.take([2, 0]).dense, Y[[2, 0]])
    np.testing.assert_array_equal(labels.take(np.array([True, False, True])).dense, Y[[0, 2]])
    chosen = labels.select([2, 0])
    assert chosen.names == ("c", "a")
    np.testing.assert_array_equal(chosen.dense, Y[:, [2, 0]])


def test_shots_by_number_and_by_share():
    Y = np.zeros((200, 4))
    for c, n in enumerate((150, 100, 20, 19)):
        Y[:n, c] = 1
    labels = LabelMatrix(Y)
    assert labels.shots() == ("head", "head", "medium", "tail")
    assert labels.shots(head=0.6, tail=0.2) == ("head", "medium", "tail", "tail")


def test_no_samples_and_no_labels_are_no_division_by_zero():
    empty = LabelMatrix(np.zeros((0, 3)))
    assert (len(empty), empty.n_labels, empty.density, empty.cardinality) == (0, 3, 0.0, 0.0)
    assert np.isnan(empty.imbalance_ratio)


@pytest.mark.parametrize(
    ("Y", "names", "message"),
    [
        ([1, 0], None, "2 dimensions"),
        ([[[1]]], None, "2 dimensions"),
        ([[0.5, 1]], None, "only 0 and 1"),
        ([[-1, 1]], None, "only 0 and 1"),
        ([[2, 1]], None, "only 0 and 1"),
        ([[np.nan, 1]], None, "only 0 and 1"),
        (sparse.csr_array(np.array([[3, 0]])), None, "only 0 and 1"),
        ([[0, 1]], ["a"], "1 names for 2"),
        ([[0, 1]], ["a", "a"], "repeat: a"),
    ],
)
def test_what_is_no_label_matrix_is_refused(Y, names, message):
    with pytest.raises(ValueError, match=message):
        LabelMatrix(Y, names)


def test_a_matrix_is_made_from_what_metrics_take_as_well():
    Y = np.array([[1, 0], [1, 1]])
    named = LabelMatrix(Y, ["a", "b"])
    assert LabelMatrix(named).names == ("a", "b")
    assert LabelMatrix(named, ["x", "y"]).names == ("x", "y")
    tensor = torch.tensor(Y)
    for form in (named, tensor.double().requires_grad_(), tensor.bfloat16(), tensor.to_sparse()):
        np.testing.assert_array_equal(LabelMatrix(form).dense, Y)


@pytest.mark.parametrize(("value", "shown"), [(-1, "-1"), (255, "255"), (np.nan, "nan")])
def test_what_is_neither_0_nor_1_is_named_with_its_row(value, shown):
    Y = np.array([[1, 0], [0, 0], [1, value]])
    for form in (Y, sparse.csr_array(Y)):
        with pytest.raises(DataError, match=rf"; {shown} \(row 2\) found"):
            LabelMatrix(form)


def test_masked_labels_are_refused():
    with pytest.raises(DataError, match="masked"):
        LabelMatrix(np.ma.masked_equal([[1, 0], [1, 9]], 9))
