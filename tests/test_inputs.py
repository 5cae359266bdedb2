"""Truth and scores in every form people hold them: the right number, or one line."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.metrics import average_precision_score, roc_auc_score

from ltmlbench import LabelMatrix, load
from ltmlbench.errors import DataError
from ltmlbench.evaluation.ranking import average_precision, roc_auc

METRICS = [
    "map",
    "macro_auc",
    "micro_f1",
    "macro_f1",
    "odir_kappa",
    "odir_f1_micro",
    "odir_auc",
    "odir_final",
]
NAMES = ("rash", "fever", "cough")
RNG = np.random.default_rng(11)
Y = (RNG.random((30, 3)) < 0.4).astype(np.int64)
SCORES = RNG.integers(0, 65, (30, 3)) / 64  # exact also in bfloat16


@pytest.fixture(params=METRICS)
def metric(request):
    return load("metric", request.param)


TRUTHS = {
    "lists": Y.tolist(),
    "bool": Y.astype(bool),
    "float": Y.astype(float),
    "LabelMatrix": LabelMatrix(Y, NAMES),
    "DataFrame": pd.DataFrame(Y, columns=NAMES),
    "nullable DataFrame": pd.DataFrame(Y, columns=NAMES).astype("Int64"),
    "sparse matrix": sparse.csr_matrix(Y),
    "sparse array": sparse.coo_array(Y),
    "tensor": torch.tensor(Y),
    "bool tensor": torch.tensor(Y).bool(),
    "sparse tensor": torch.tensor(Y).to_sparse(),
}


@pytest.mark.parametrize("form", TRUTHS)
def test_the_form_of_the_truth_changes_no_number(metric, form):
    assert metric(TRUTHS[form], SCORES) == metric(Y, SCORES)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_type_of_the_scores_changes_no_number_also_with_gradients(metric, dtype):
    scores = torch.tensor(SCORES, dtype=dtype, requires_grad=True)
    assert metric(Y, scores) == metric(Y, SCORES)
    assert metric(LabelMatrix(Y), scores.tolist()) == metric(Y, SCORES)


def test_the_numbers_of_tensors_are_scikit_learns():
    scores = torch.tensor(SCORES, dtype=torch.bfloat16, requires_grad=True)
    matrix = LabelMatrix(Y)
    ap = [average_precision_score(Y[:, c], SCORES[:, c]) for c in range(3)]
    auc = [roc_auc_score(Y[:, c], SCORES[:, c]) for c in range(3)]
    np.testing.assert_allclose(average_precision(matrix, scores), ap)
    np.testing.assert_allclose(roc_auc(matrix, scores), auc)
    np.testing.assert_allclose(load("metric", "map").per_label(matrix, scores), ap)


def test_one_label_may_be_a_vector(metric):
    np.testing.assert_equal(metric(Y[:, 0], SCORES[:, 0]), metric(Y[:, :1], SCORES[:, :1]))


def test_without_rows_everything_is_undefined(metric):
    assert np.isnan(metric(Y[:0], SCORES[:0]))


@pytest.mark.parametrize(
    ("y", "scores", "message"),
    [
        (Y, SCORES * 12 - 6, "not in 0..1: a metric is given probabilities, so apply the sigmoid"),
        (Y, SCORES + 1e-3, "not in 0..1"),
        (Y, SCORES * 3, "lie in 0..3, not in 0..1"),
        (Y, np.where(SCORES > 0.9, np.nan, SCORES), "NaN or infinite"),
        (Y, np.where(SCORES > 0.9, np.inf, SCORES), "NaN or infinite"),
        (Y - 1, SCORES, r"only 0 and 1; -1 \(row \d+\)"),
        (Y * 255, SCORES, "only 0 and 1; 255"),
        (np.where(Y == 1, np.nan, 0), SCORES, "only 0 and 1; nan"),
        (Y * 0.5, SCORES, "only 0 and 1; 0.5"),
        (Y[:, 0], SCORES[:, :1], r"truth \(30,\) and scores \(30, 1\)"),
        (Y.T, SCORES, r"both have to be N, or both N×C"),
        (Y[:29], SCORES, r"both have to be N, or both N×C"),
        (Y[None], SCORES[None], r"both have to be N, or both N×C"),
        ([[1, 0], [1]], [[0.5, 0.5], [0.5]], "rows of different length"),
        (Y.astype(str), SCORES, "text"),
        (Y, SCORES.astype(complex), "complex"),
        (pd.DataFrame(Y).astype("Int64").mask(Y == 1), SCORES, "gaps"),
        (np.ma.masked_array(Y, Y == 0), SCORES, "masked"),
        (LabelMatrix(Y, NAMES), pd.DataFrame(SCORES, columns=NAMES[::-1]), "different labels"),
        (pd.DataFrame(Y, index=range(1, 31)), pd.DataFrame(SCORES, index=range(31, 1, -1)),
         "different samples: number 0 is 1 and 31"),
    ],
)  # fmt: skip
def test_anything_else_is_one_line(metric, y, scores, message):
    with pytest.raises(DataError, match=message) as caught:
        metric(y, scores)
    assert "\n" not in str(caught.value)


def test_rankings_need_no_probabilities():
    np.testing.assert_array_equal(roc_auc(Y, SCORES * 12 - 6), roc_auc(Y, SCORES))
