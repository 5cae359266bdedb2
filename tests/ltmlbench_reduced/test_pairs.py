"""Two samples of a group at a time."""

from dataclasses import replace

import numpy as np
import pytest

from ltmlbench import LabelMatrix
from ltmlbench.data.groups import to_groups
from ltmlbench.data.samples import Protocol
from ltmlbench.plugin import Covariate, DataError
from ltmlbench.testing import vectors
from ltmlbench_reduced.pairs import known_of, pair_labels, pairs_of


def test_every_row_is_in_one_pair_of_its_own_group():
    groups = [str(g) for g in np.random.default_rng(0).integers(0, 9, 40)]
    rows = np.random.default_rng(1).permutation(40)[:31]
    pairs = pairs_of(groups, rows)
    assert all(groups[a] == groups[b] for a, b in pairs)
    seen = [row for a, b in pairs for row in {a, b}]
    assert sorted(seen) == sorted(rows)


def test_a_sample_without_a_partner_is_paired_with_itself():
    assert pairs_of("ab", np.arange(2)).tolist() == [[0, 0], [1, 1]]


def test_pairs_have_what_groups_of_two_have():
    samples = vectors(40)
    names = samples.labels.names
    samples = replace(samples, protocol=Protocol(group_all=(names[1],)))
    pairs = pairs_of(samples.groups, np.arange(40))
    truth, _ = to_groups(
        samples.labels, np.zeros((40, 3)), [f"{int(g[1:]):03d}" for g in samples.groups],
        samples.protocol,
    )  # fmt: skip
    np.testing.assert_array_equal(pair_labels(samples, pairs).dense, truth.dense)


def test_covariates_are_scaled_by_the_training_rows_and_unknown_is_their_mean():
    age = Covariate([10.0, 20.0, np.nan, 900.0])
    constant = Covariate(np.ones((4, 2)))
    known = known_of([age, constant], np.array([0, 1, 2]))
    assert known[:, 0].tolist() == pytest.approx([-1, 1, 0, (900 - 15) / 5])
    assert not known[:, 1:].any()


def test_a_covariate_nobody_knows_in_training_is_nothing(recwarn):
    known = known_of([Covariate([np.nan, np.nan, 3.0])], np.array([0, 1]))
    assert known.tolist() == [[0], [0], [0]]


class TestCovariates:
    def samples(self):
        oracle = Covariate(np.arange(12.0).reshape(6, 2), oracle=True)
        plain = replace(vectors(6), labels=LabelMatrix(np.eye(6, 3, dtype=np.uint8)))
        return replace(plain, covariates={"age": Covariate(np.arange(6.0)), "words": oracle})

    def test_an_oracle_is_hidden_with_the_truth_and_an_age_is_not(self):
        samples = self.samples()
        hidden = samples.without_truth(np.array([4, 5]))
        assert np.isnan(hidden.covariates["words"].values[4:]).all()
        assert not np.isnan(hidden.covariates["words"].values[:4]).any()
        np.testing.assert_array_equal(hidden.covariates["age"].values[:, 0], np.arange(6))
        assert hidden.covariates_fingerprint == samples.covariates_fingerprint

    def test_the_fingerprint_notices_every_value_and_none_of_it_is_in_the_samples_own(self):
        samples = self.samples()
        older = replace(samples, covariates={"age": Covariate(np.arange(6.0) + 1)})
        assert older.covariates_fingerprint != samples.covariates_fingerprint
        assert older.fingerprint == samples.fingerprint

    def test_they_follow_their_samples(self):
        taken = self.samples().take(np.array([5, 0]))
        assert taken.covariates["age"].values[:, 0].tolist() == [5, 0]
        assert taken.covariates["words"].oracle

    def test_another_number_of_values_is_refused(self):
        with pytest.raises(DataError, match="covariate 'age' is of 5 samples, there are 6"):
            replace(self.samples(), covariates={"age": Covariate(np.zeros(5))})
