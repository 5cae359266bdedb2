"""A mask lies on its decoded picture where a lesion painted into the picture would lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltmlbench.feeds.pictures.decode import squared, squared_mask

FRAME = (60, 80)
CONTENT = (slice(6, 54), slice(10, 70))  # 48×60: padded by 6 rows above and below
BORDER = 10
GREY, PAINT = 60, 250


def lesions(*boxes):
    """A mask of rectangles (top, bottom, left, right) in pixels of the frame."""
    mask = np.zeros(FRAME, dtype=bool)
    for top, bottom, left, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def finer(values, high, wide):
    return values.repeat(high, axis=0).repeat(wide, axis=1)


def picture(mask=None):
    """Grey on a black border, the mask's pixels painted."""
    image = np.zeros((*FRAME, 3), dtype=np.uint8)
    image[CONTENT] = GREY
    if mask is not None:
        image[mask] = PAINT
    return image


def painted_share(mask, scale, size):
    """How much of every decoded pixel is paint, 0 to 1: the picture goes through `squared`."""
    plain = squared(finer(picture(), scale, scale), size, BORDER).astype(float)
    painted = squared(finer(picture(mask), scale, scale), size, BORDER).astype(float)
    return (painted - plain)[:, :, 0] / (PAINT - GREY)


SCENE = lesions((8, 14, 12, 30), (20, 41, 33, 37), (50, 54, 60, 70), (30, 31, 50, 51))


@pytest.mark.parametrize("size", [12, 30, 60, 100, 240])
@pytest.mark.parametrize("picture_scale", [1, 3])
@pytest.mark.parametrize("mask_scale", [(1, 1), (2, 2), (4, 4), (1, 4), (4, 1)])
def test_a_mask_of_any_resolution_lies_where_its_paint_lies(size, picture_scale, mask_scale):
    share = painted_share(SCENE, picture_scale, size)
    mask = finer(SCENE, *mask_scale)
    found = squared_mask(mask, finer(picture(), picture_scale, picture_scale), size, BORDER)
    assert found.shape == (size, size)
    assert set(np.unique(found)) == {0, 1}
    assert (found[share > 0.99] == 1).all()
    assert (found[share < 0.001] == 0).all()
    assert (found[share > 0.5].mean()) > 0.9


def test_at_the_resolution_of_the_result_a_mask_is_cut_and_padded_and_nothing_else():
    mask = np.random.default_rng(0).random(FRAME) > 0.7
    expected = np.zeros((60, 60), dtype=np.uint8)
    expected[6:54] = mask[CONTENT]
    np.testing.assert_array_equal(squared_mask(mask, picture(), 60, BORDER), expected)


def test_without_a_border_the_whole_frame_is_kept():
    mask = np.random.default_rng(0).random(FRAME) > 0.7
    found = squared_mask(mask, picture(), 80, None)
    np.testing.assert_array_equal(found[10:70], mask)
    assert not found[:10].any()
    assert not found[70:].any()


@settings(max_examples=60, deadline=None)
@given(y=st.integers(0, 191), x=st.integers(0, 239), size=st.sampled_from([12, 15, 30, 60]))
def test_a_lesion_of_one_pixel_is_one_pixel_where_its_paint_lies(y, x, size):
    """A mask 4 times finer than the frame, up to 20 times finer than the result."""
    mask = np.zeros((240, 320), dtype=bool)
    mask[4 * 6 + y, 4 * 10 + x] = True
    found = squared_mask(mask, picture(), size, BORDER)
    scene = finer(picture(), 4, 4)
    plain = squared(scene, size, BORDER).astype(int)
    scene[mask] = 255 if size > 15 else (255, 255, 255)
    paint = np.abs(squared(scene, size, BORDER).astype(int) - plain).sum(axis=2)
    assert found.sum() == 1
    if paint.any():  # one part in 400 is less than a grey level
        assert found.flat[paint.argmax()] == 1


@pytest.mark.parametrize("mask_scale", [(1, 1), (4, 1), (1, 4)])
@pytest.mark.parametrize("size", [20, 60, 150])
def test_no_lesion_of_one_pixel_is_lost(mask_scale, size):
    high, wide = mask_scale
    for y, x in ((6, 10), (53, 69), (30, 41), (17, 58)):
        mask = np.zeros((FRAME[0] * high, FRAME[1] * wide), dtype=bool)
        mask[y * high, x * wide] = True
        assert squared_mask(mask, picture(), size, BORDER).any()


def test_what_is_marked_in_the_border_is_cut_away():
    mask = ~lesions((6, 54, 10, 70))
    assert not squared_mask(mask, picture(), 60, BORDER).any()
    assert not squared_mask(finer(mask, 4, 4), picture(), 30, BORDER).any()


def test_a_picture_decoded_at_reduced_scale_takes_the_mask_of_the_whole_one(tmp_path):
    from PIL import Image

    from ltmlbench.feeds.pictures.decode import read_rgb

    Image.fromarray(finer(picture(), 10, 10)).save(tmp_path / "a.jpg", quality=95)
    small = read_rgb(tmp_path / "a.jpg", 40)
    assert small.shape[0] < 10 * FRAME[0]
    found = squared_mask(finer(SCENE, 10, 10), small, 40, BORDER)
    share = painted_share(SCENE, 10, 40)
    assert (found[share > 0.99] == 1).mean() > 0.97  # JPEG moves the border by a pixel
    assert (found[share < 0.001] == 0).mean() > 0.99
