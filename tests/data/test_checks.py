"""`Dataset.check` of any data set reads every sample and says what is wrong with it."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from ltmlbench.contracts import Dataset
from ltmlbench.data import checks
from ltmlbench.data.checks import check, problems
from ltmlbench.data.samples import Protocol, Samples
from ltmlbench.errors import DataError
from ltmlbench.labels import LabelMatrix

SEEN = []


def noise(row, size):
    SEEN.append(row)
    return np.random.default_rng(row).integers(0, 255, (size, size, 3), dtype=np.uint8)


@pytest.fixture
def samples():
    SEEN.clear()
    ids = tuple(f"card{row}" for row in range(6))
    labels = LabelMatrix(np.eye(6, 2, dtype=int), ["hearts", "spades"])
    return Samples(ids, ids, labels, content=ids, read=noise, notes=("one card is torn",))


def test_every_sample_of_any_data_set_is_read_at_the_size_it_suggests(samples):
    sizes = []

    class Cards(Dataset):
        defaults = {"image_size": 24}  # noqa: RUF012

        def load(self, folder):
            return replace(samples, read=lambda row, size: sizes.append(size) or noise(row, size))

    assert check(Cards(), None, Cards().load(None)) == ["one card is torn"]
    assert sorted(SEEN) == list(range(6))
    assert set(sizes) == {24}


def test_every_sample_that_is_no_picture_is_named(samples):
    def read(row, size):
        if row == 4:
            raise DataError("card4.png: truncated")
        return noise(row, size) / 255 if row in (1, 3) else noise(row, size)

    found = problems(replace(samples, read=read), 16)
    assert found[1:] == [
        "sample card1: read returned (16, 16, 3) float64, not HxWx3 uint8",
        "sample card3: read returned (16, 16, 3) float64, not HxWx3 uint8",
        "card4.png: truncated",
    ]


def test_masks_are_read_too(samples):
    marked = replace(samples, structures=("tear",), masks=lambda row, size: np.full((9, 9), row))
    assert len(problems(marked, 16)) == 1 + 6


def test_many_failures_are_counted(samples, monkeypatch):
    monkeypatch.setattr(checks, "MOST_LINES", 2)
    found = problems(replace(samples, read=lambda row, size: None), 16)
    assert len(found) == 1 + 2 + 1
    assert found[-1] == "and 4 more pictures"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"groups": tuple("aabbcc"), "official": ("train",) * 3 + ("test",) * 3},
            "1 groups are in",
        ),
        ({"content": tuple("abcdea")}, "2 samples of different groups are 1 files"),
        (
            {"protocol": Protocol(group_all=("clubs",))},
            "group_all names 'clubs', which is no label",
        ),
        ({"protocol": Protocol(apart=("clubs",))}, "apart names 'clubs'"),
        (
            {"protocol": Protocol(prior_subsets={"suit": {"red": ("hearts", "diamonds")}})},
            "prior_subsets 'suit' names 'diamonds'",
        ),
        ({"protocol": Protocol(evidence={"hearts": ("pip",)})}, "names 'pip', which no mask shows"),
    ],
)
def test_what_does_not_fit_together_is_said(samples, changes, said):
    found = problems(replace(samples, **changes), 16)
    assert len(found) == 2
    assert said in found[1]


def test_a_reader_that_no_worker_can_receive_is_said(samples):
    lock = threading.Lock()
    found = problems(replace(samples, read=lambda row, size: lock and noise(row, size)), 16)
    assert len(found) == 2
    assert "cannot be sent to worker processes" in found[1]


def test_a_slow_check_tells_how_far_it_is(samples, monkeypatch, capsys):
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr(checks.time, "monotonic", lambda: next(clock))
    problems(samples, 16)
    assert capsys.readouterr().err.splitlines() == [
        f"pictures: {done} of 6 read" for done in (2, 4, 6)
    ]


def test_vectors_are_read_too(samples):
    values = np.ones((6, 3))
    vectors = replace(samples, read=None, vectors=lambda: values, feed="vectors")
    assert problems(vectors) == ["one card is torn"]
    values[4, 1] = np.nan
    assert "hold gaps or infinite numbers, such as those of card4" in problems(vectors)[1]
    broken = replace(vectors, vectors=lambda: {}["columns"])
    assert "vectors raised KeyError" in problems(broken)[1]
