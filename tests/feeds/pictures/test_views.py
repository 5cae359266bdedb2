"""Random views: the same for every method of a fold, within their ranges, normalised."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import ndimage, stats

from ltmlbench.feeds.draws import occurrences, uniform
from ltmlbench.feeds.pictures.views import Augment, plain

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
STILL = {name: 0 for name in Augment.model_fields if name != "flip"} | {"flip": False}
"""Options that change nothing."""


def views(augment, images, rows=None, occurrence=None, *, seed=0, epoch=0, mean=MEAN, std=STD):
    rows = np.arange(len(images)) if rows is None else np.asarray(rows)
    occurrence = np.zeros(len(rows), dtype=np.int64) if occurrence is None else occurrence
    return augment(images, rows, occurrence, seed=seed, epoch=epoch, mean=mean, std=std)


def raw(augment, images, **options):
    """Views B×S×S×3 in 0..1."""
    result = views(augment, images, mean=(0, 0, 0), std=(1, 1, 1), **options)
    return result.transpose(0, 2, 3, 1)


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).integers(0, 256, (12, 20, 20, 3), dtype=np.uint8)


def normalised(images):
    values = (images / 255 - np.array(MEAN)) / np.array(STD)
    return values.transpose(0, 3, 1, 2)


def test_plain_pictures_are_normalised_per_channel(noise):
    result = plain(noise, MEAN, STD)
    assert result.dtype == np.float32
    assert result.shape == (12, 3, 20, 20)
    np.testing.assert_allclose(result, normalised(noise), atol=1e-5)


def test_an_augmentation_without_any_range_changes_nothing(noise):
    result = views(Augment(**STILL), noise)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, normalised(noise), atol=1e-5)


def test_batches_lie_channels_last_in_memory(noise):
    for batch in (plain(noise, MEAN, STD), views(Augment(), noise)):
        assert batch.transpose(0, 2, 3, 1).flags.c_contiguous


def test_half_of_the_views_are_mirrored():
    images = np.random.default_rng(0).integers(0, 256, (400, 6, 6, 3), dtype=np.uint8)
    result = raw(Augment(**STILL | {"flip": True}), images)
    same = np.isclose(result, images / 255, atol=1e-5).all(axis=(1, 2, 3))
    mirrored = np.isclose(result, images[:, :, ::-1] / 255, atol=1e-5).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    assert stats.binomtest(int(mirrored.sum()), len(images)).pvalue > 1e-4


def dots(n, side=101, arm=30):
    """Two soft dots left (dim) and right (bright) of the middle."""
    y, x = np.mgrid[:side, :side] - side // 2
    left, right = (np.exp(-((x - at) ** 2 + y**2) / 18) for at in (-arm, arm))
    image = np.stack([255 * left, 255 * right, 0 * left], axis=2)
    return np.repeat(image.round().astype(np.uint8)[None], n, axis=0)


def measured(result):
    """Angle (degrees), zoom and shift (share of the side) of views of `dots`, by centroids."""
    side, arm = result.shape[1], 30
    found = []
    for view in result:
        (y0, x0), (y1, x1) = (ndimage.center_of_mass(view[:, :, c]) for c in (0, 1))
        angle = np.rad2deg(np.arctan2(y1 - y0, x1 - x0))
        zoom = np.hypot(y1 - y0, x1 - x0) / (2 * arm)
        middle = (side - 1) / 2
        shift = max(abs((x0 + x1) / 2 - middle), abs((y0 + y1) / 2 - middle)) / side
        found.append((angle, zoom, shift))
    return np.array(found).T


def test_rotation_scale_and_shift_fill_their_ranges_and_keep_to_them():
    options = STILL | {"rotate": 15, "scale": 0.1, "shift": 0.05}
    angle, zoom, shift = measured(raw(Augment(**options), dots(300)))
    assert 14 < np.abs(angle).max() < 15.2
    assert 0.09 < np.abs(zoom - 1).max() < 0.105
    assert 0.045 < shift.max() < 0.0505
    for values in (angle, zoom - 1):
        assert (values > 0).mean() == pytest.approx(0.5, abs=0.1)


def test_a_rotation_turns_about_the_middle_and_bends_nothing():
    image = np.random.default_rng(0).normal(size=(64, 64, 3))
    smooth = ndimage.gaussian_filter(image, (5, 5, 0))
    smooth = (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)
    images = np.repeat(smooth[None], 6, axis=0)
    turned = raw(Augment(**STILL | {"rotate": 15}), images)
    angles = 15 * (uniform(0, 0, np.arange(6), np.zeros(6, dtype=np.int64), 8)[:, 0] * 2 - 1)
    for view, angle in zip(turned, angles, strict=True):
        expected = ndimage.rotate(smooth / 255, -angle, order=1, reshape=False)
        inner = slice(12, -12)
        np.testing.assert_allclose(view[inner, inner], expected[inner, inner], atol=0.02)


def test_colours_change_linearly_and_grey_stays_grey():
    grey = np.full((50, 4, 4, 3), 128, dtype=np.uint8)
    result = raw(Augment(**STILL | {"contrast": 0.3, "saturation": 0.5}), grey)
    np.testing.assert_allclose(result, 128 / 255, atol=2e-3)  # both turn about mid-grey
    brighter = raw(Augment(**STILL | {"brightness": 0.2}), grey) - 128 / 255
    assert np.ptp(brighter, axis=(1, 2, 3)).max() < 1e-5
    assert 0.17 < np.abs(brighter).max() <= 0.2 + 1e-5


def test_saturation_keeps_the_luma_and_scales_the_distance_from_grey():
    colour = np.full((50, 4, 4, 3), (200, 90, 40), dtype=np.uint8)
    result = raw(Augment(**STILL | {"saturation": 0.5}), colour)[:, 0, 0]
    luma = np.array([0.299, 0.587, 0.114])
    original = np.array([200, 90, 40]) / 255
    np.testing.assert_allclose(result @ luma, original @ luma, atol=1e-5)
    factors = (result - (result @ luma)[:, None]) / (original - original @ luma)
    assert np.ptp(factors, axis=1).max() < 1e-4
    assert 0.5 <= factors.min() < 0.6
    assert 1.4 < factors.max() <= 1.5


def test_a_view_depends_on_seed_epoch_sample_and_occurrence():
    image = np.random.default_rng(0).integers(0, 256, (1, 20, 20, 3), dtype=np.uint8)
    ask = [
        {},
        {"seed": 1},
        {"epoch": 1},
        {"rows": [1]},
        {"occurrence": np.array([1])},
    ]
    seen = [views(Augment(), image, **options) for options in ask]
    for i, first in enumerate(seen):
        np.testing.assert_array_equal(first, views(Augment(), image, **ask[i]))
        for second in seen[:i]:
            assert np.abs(first - second).max() > 0.1


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(12)), cut=st.integers(0, 12))
def test_neither_order_nor_batches_change_a_view(noise, order, cut):
    expected = views(Augment(), noise)
    order = np.array(order)
    for part in (order[:cut], order[cut:]):
        np.testing.assert_array_equal(views(Augment(), noise[part], part), expected[part])


def test_the_pictures_themselves_are_left_alone(noise):
    before = noise.copy()
    views(Augment(), noise)
    np.testing.assert_array_equal(noise, before)


@pytest.mark.parametrize(
    "options", [{"rotate": -1}, {"scale": 1.0}, {"shift": -0.1}, {"hue": 0.1}, {"flip": "perhaps"}]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(ValidationError):
        Augment(**options)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=30))
def test_occurrences_count_what_came_before(order):
    expected = [order[:i].count(value) for i, value in enumerate(order)]
    assert occurrences(np.array(order, dtype=np.int64)).tolist() == expected


def splitmix(x):
    """Steele, Lea & Flood 2014, in Python's own integers."""
    z = (x + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def test_the_reference_generator_gives_its_published_values():
    assert splitmix(1234567) == 6457827717110365317
    assert splitmix(1234567 + 0x9E3779B97F4A7C15) == 3203168211198807973


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    epoch=st.integers(0, 1000),
    row=st.integers(0, 2**31),
    repeat=st.integers(0, 100),
)
def test_the_draws_are_a_hash_of_their_arguments(seed, epoch, row, repeat):
    expected = []
    for column in range(4):
        state = seed
        for part in (epoch, row, repeat, column):
            state = splitmix(state ^ splitmix(part))
        expected.append((state >> 11) / 2**53)
    assert uniform(seed, epoch, np.array([row]), np.array([repeat]), 4).tolist() == [expected]


def test_the_draws_are_uniform_and_independent():
    rows, zeros = np.arange(5000), np.zeros(5000, dtype=np.int64)
    draws = uniform(3, 0, rows, zeros, 8)
    assert min(stats.kstest(column, "uniform").pvalue for column in draws.T) > 1e-4
    beside = np.c_[draws, uniform(3, 1, rows, zeros, 8), uniform(4, 0, rows, zeros, 8)]
    beside = np.c_[beside, np.roll(draws, 1, axis=0)]
    correlation = np.corrcoef(beside.T) - np.eye(beside.shape[1])
    assert np.abs(correlation).max() < 5 / np.sqrt(len(rows))
