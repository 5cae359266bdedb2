"""The picture of co-occurrence: always one that can be read, whatever the labels are."""

import io
from functools import cache

import numpy as np
import pytest
from PIL import Image

from ltmlbench import LabelMatrix
from ltmlbench.division import Division
from ltmlbench_subsets.picture import CELLS, LISTED, MOST, NAMED, cooccurrence_picture, pooled


def long_tailed(n_labels, n_samples=600, names=None):
    generator = np.random.default_rng(n_labels)
    rarity = 0.4 / np.arange(1, n_labels + 1) ** 0.7
    Y = generator.random((n_samples, n_labels)) < rarity
    Y[np.arange(n_labels) % n_samples, np.arange(n_labels)] = True
    return LabelMatrix(Y, names)


def dealt(n_labels, n_subsets):
    return tuple(tuple(range(k, n_labels, n_subsets)) for k in range(n_subsets))


@cache
def drawn_of_eight():
    return drawn(long_tailed(8), dealt(8, 2))


def drawn(labels, members, title="f.csv: relational"):
    picture = cooccurrence_picture(Division(labels, members), title)
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "PNG"
        assert 1000 <= image.width <= 2000
        assert 600 <= image.height <= 1200
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.std() > 10
    return picture


@pytest.mark.parametrize("n_labels", [2, 12, NAMED, NAMED + 1, 2 * CELLS + 7])
def test_it_is_a_png_for_few_and_many_labels(n_labels):
    drawn(long_tailed(n_labels), dealt(n_labels, max(1, min(4, n_labels // 2))))


def test_it_is_the_same_bytes_for_the_same_labels():
    assert drawn(long_tailed(8), dealt(8, 2)) == drawn_of_eight()


def test_it_shows_which_labels_stand_in_which_subset():
    halves = (tuple(range(4)), tuple(range(4, 8)))
    assert drawn(long_tailed(8), halves) != drawn_of_eight()


def test_of_more_labels_than_fit_only_the_most_frequent_ones_are_drawn():
    labels = long_tailed(MOST + 10, n_samples=4000)
    order = np.argsort(-labels.counts, kind="stable").tolist()
    drawn(labels, (tuple(order[:9]), tuple(order[9 : MOST + 5]), tuple(order[MOST + 5 :])))


@pytest.mark.parametrize("n_labels", [5, CELLS, CELLS + 1, 3 * CELLS + 7])
def test_a_rare_meeting_is_seen_among_many_labels(n_labels):
    pairs = np.zeros((n_labels, n_labels), dtype=np.int64)
    pairs[3, n_labels - 1] = 4
    shown = pooled(pairs)
    assert shown.shape == (min(n_labels, CELLS),) * 2
    assert shown[:, -1].max() == 4
    assert np.count_nonzero(shown) == 1


def test_more_subsets_than_can_be_listed_are_drawn_without_numbers():
    drawn(long_tailed(60), dealt(60, LISTED + 1))


def test_labels_left_out_are_drawn_after_the_subsets():
    labels = long_tailed(10)
    some = drawn(labels, ((0, 4), (1, 3, 5)))
    assert some != drawn(labels, ((0, 4), (1, 3, 5), (2, 6, 7, 8, 9)))


def test_labels_that_never_occur_or_always_meet_do_no_harm():
    Y = np.zeros((30, 5), dtype=int)
    Y[:20, 0] = Y[:20, 1] = Y[5:, 2] = 1
    drawn(LabelMatrix(Y), ((0, 1), (2,)))
    drawn(LabelMatrix(Y), ((0, 3), (1, 4)))


@pytest.mark.parametrize(
    "names",
    [
        ["$", "a$b", "$_$", "x^2$"],
        ["狗", "貓", "ж", "🐦"],
        ["a" * 300, "b" * 300, "c" * 300, "d" * 300],
        ["two\nlines", "a\tb", "_hidden", "\\frac"],
    ],
    ids=["dollars", "other scripts", "long", "control characters"],
)
def test_label_names_and_titles_may_hold_anything(names):
    labels = long_tailed(4, names=names)
    drawn(labels, ((0, 1), (2, 3)), title=f"{names[2]}.csv: random")


def test_many_long_names_leave_room_for_the_picture():
    names = [f"a label with a very long name, such as taxonomies have, {c}" for c in range(NAMED)]
    drawn(long_tailed(NAMED, names=names), dealt(NAMED, 4))
