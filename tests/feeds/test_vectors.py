"""Vectors: standardised on the training rows alone, views that repeat, gaps refused."""

import numpy as np
import pytest
from scipy import stats

from ltmlbench import load
from ltmlbench.errors import DataError
from ltmlbench.feeds.ready import make_ready
from ltmlbench.store import Store
from ltmlbench.testing import vectors


class Table:
    def __init__(self, values):
        self.values = values

    def __call__(self):
        return self.values


@pytest.fixture
def samples():
    from dataclasses import replace

    values = np.random.default_rng(0).normal(3, 2, size=(60, 40))
    values[:, 1] = 7.0
    return replace(vectors(60), vectors=Table(values))


def opened(samples, tmp_path, spec="vectors"):
    return make_ready(load("feed", spec), samples, Store(tmp_path))


def batch(feed, rows, norm, epoch=None, occurrence=None):
    rows = np.asarray(rows)
    occurrence = np.zeros(len(rows), dtype=int) if occurrence is None else np.asarray(occurrence)
    return feed.batch(rows, occurrence, seed=0, epoch=epoch, norm=norm)


def test_features_are_standardised_on_the_training_rows_alone(samples, tmp_path):
    feed = opened(samples, tmp_path)
    train = np.arange(40)
    norm = feed.norm(train, None)
    raw = samples.vectors()
    expected = (raw - raw[:40].mean(axis=0)) / np.where(np.arange(40) == 1, 1, raw[:40].std(axis=0))
    found = batch(feed, np.arange(60), norm)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.delete(found, 1, 1), np.delete(expected, 1, 1), atol=1e-5)
    assert (found[:, 1] == 0).all(), "a constant feature says nothing"
    assert feed.shape == (40,)


def test_without_options_a_view_is_the_sample_itself(samples, tmp_path):
    feed = opened(samples, tmp_path)
    norm = feed.norm(np.arange(60), None)
    np.testing.assert_array_equal(batch(feed, [3, 4], norm, epoch=5), batch(feed, [3, 4], norm))


def test_noise_is_normal_and_some_features_are_dropped(samples, tmp_path):
    feed = opened(samples, tmp_path, "vectors[noise=0.5,drop=0.25]")
    norm = feed.norm(np.arange(60), None)
    rows = np.arange(60)
    view, plain = batch(feed, rows, norm, epoch=1), batch(feed, rows, norm)
    dropped = view == 0
    assert 0.2 < dropped.mean() < 0.3
    noise = (view - plain)[~dropped] / 0.5
    assert stats.kstest(noise, "norm").pvalue > 0.01


def test_a_view_depends_on_epoch_row_and_occurrence_alone(samples, tmp_path):
    feed = opened(samples, tmp_path, "vectors[noise=0.5]")
    norm = feed.norm(np.arange(60), None)
    whole = batch(feed, np.arange(60), norm, epoch=2)
    np.testing.assert_array_equal(batch(feed, [9, 2], norm, epoch=2), whole[[9, 2]])
    assert (batch(feed, [9], norm, epoch=3) != whole[[9]]).any()
    assert (batch(feed, [9], norm, epoch=2, occurrence=[1]) != whole[[9]]).any()


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (np.full((60, 3), np.nan), "gaps or infinite numbers, such as those of s0"),
        (np.zeros((59, 3)), r"shape \(59, 3\) for 60 samples"),
        (np.zeros((60, 0)), "at least one column"),
    ],
)
def test_vectors_that_are_none_are_refused(samples, tmp_path, broken, said):
    from dataclasses import replace

    with pytest.raises(DataError, match=said):
        opened(replace(samples, vectors=Table(broken)), tmp_path)


def test_samples_without_vectors_are_refused(tmp_path):
    from ltmlbench.testing import bars

    with pytest.raises(DataError, match="no vectors"):
        opened(bars(12), tmp_path)
