"""Picture files become square pictures; a bad file is one clear line."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ltmlbench.errors import DataError
from ltmlbench.feeds.pictures.decode import prepare, read_rgb


def fundus(height, width, radius, noise=0.0):
    """A soft red disc on black, with texture: what a camera's frame looks like from afar."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    y, x = y - (height - 1) / 2, x - (width - 1) / 2
    inside = (x**2 + y**2 <= radius**2)[:, :, None]
    waves = 20 * np.sin(x / 23) * np.cos(y / 31)
    image = np.stack([170 + waves, 80 + waves / 2, 40 + waves / 4], axis=2) * inside
    image += np.random.default_rng(0).normal(0, noise, image.shape)
    return image.clip(0, 255).astype(np.uint8)


def saved(path, image, **options):
    Image.fromarray(image).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("size", "expected"),
    [(50, (75, 100)), (51, (150, 200)), (100, (150, 200)), (101, (300, 400)), (400, (600, 800))],
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_keeps_one_and_a_half_times_the_size(
    tmp_path, size, expected
):
    path = saved(tmp_path / "a.jpg", fundus(600, 800, 290))
    assert read_rgb(path, size).shape == (*expected, 3)


def test_a_grey_jpeg_is_decoded_at_reduced_scale_too(tmp_path):
    path = saved(tmp_path / "a.jpg", fundus(600, 800, 290)[:, :, 0])
    image = read_rgb(path, 50)
    assert image.shape == (75, 100, 3)
    assert (np.ptp(image, axis=2) == 0).all()


def test_the_reduced_scale_costs_about_one_grey_level(tmp_path):
    path = saved(tmp_path / "a.jpg", fundus(1200, 1600, 590, noise=4), quality=90)
    whole = np.asarray(Image.open(path).convert("RGB"))
    ours = prepare(read_rgb(path, 96), 96, 10).astype(int)
    assert np.abs(ours - prepare(whole, 96, 10)).mean() < 1.5


def test_what_the_border_crop_leaves_still_has_the_size(tmp_path):
    path = saved(tmp_path / "a.jpg", fundus(1200, 1800, 450), quality=90)
    image = read_rgb(path, 224)
    assert (image.max(axis=2) > 10).any(axis=0).sum() >= 224


@pytest.mark.parametrize(
    ("mode", "given_colour", "expected"),
    [
        ("1", 1, (255, 255, 255)),
        ("L", 100, (100, 100, 100)),
        ("LA", (100, 255), (100, 100, 100)),
        ("RGB", (10, 20, 30), (10, 20, 30)),
        ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("I;16", 257 * 100, (100, 100, 100)),
    ],
)
def test_every_kind_of_png_becomes_rgb(tmp_path, mode, given_colour, expected):
    Image.new(mode, (6, 5), given_colour).save(tmp_path / "a.png")
    image = read_rgb(tmp_path / "a.png", 4)
    assert image.dtype == np.uint8
    assert image.shape == (5, 6, 3)
    assert (image == expected).all()


def test_palette_pictures_become_rgb(tmp_path):
    picture = Image.fromarray(np.full((5, 6, 3), (10, 200, 30), dtype=np.uint8))
    picture.convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "a.gif")
    assert (read_rgb(tmp_path / "a.gif", 4) == (10, 200, 30)).all()


def test_cmyk_jpegs_become_rgb(tmp_path):
    Image.new("CMYK", (64, 48), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    image = read_rgb(tmp_path / "a.jpg", 4)
    assert image.shape == (48, 64, 3)
    assert np.abs(image.astype(int) - (255, 0, 0)).max() <= 4


def test_the_orientation_in_exif_is_not_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by a quarter
    path = saved(tmp_path / "a.jpg", fundus(48, 64, 20), exif=exif)
    assert read_rgb(path, 48).shape == (48, 64, 3)


def cut(image):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG")
    return buffer.getvalue()[: len(buffer.getvalue()) // 2]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "empty file"),
        (b"<html>not found</html>", "cannot identify"),
        (cut(fundus(60, 80, 28, noise=20)), "truncated"),
        (None, "No such file"),
    ],
)
def test_a_bad_file_is_one_line_that_says_which_and_why(tmp_path, content, cause):
    path = tmp_path / "eye.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=cause) as caught:
        read_rgb(path, 16)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message


def picture_or_message(path):
    try:
        return read_rgb(path, 16)
    except DataError as error:
        return str(error)


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from(["JPEG", "PNG", "BMP", "WEBP"]), data=st.data())
def test_a_damaged_file_is_a_picture_or_a_data_error_and_nothing_else(tmp_path_factory, kind, data):
    buffer = io.BytesIO()
    Image.fromarray(fundus(40, 50, 18, noise=10)).save(buffer, format=kind)
    raw = bytearray(buffer.getvalue())
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=5)):
        raw[place] ^= 0x5A
    path = tmp_path_factory.mktemp("damaged") / "a"
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    result = picture_or_message(path)
    if isinstance(result, str):
        assert "\n" not in result
    else:
        assert result.dtype == np.uint8
        assert result.shape[2] == 3


def test_the_black_border_is_cut_away():
    image = np.full((100, 200, 3), 7, dtype=np.uint8)  # a JPEG's black is not 0
    image[20:80, 50:110] = (5, 180, 5)
    assert (prepare(image, 60, 10) == (5, 180, 5)).all()


def test_no_threshold_keeps_the_frame():
    image = np.zeros((80, 80, 3), dtype=np.uint8)
    image[30:50, 30:50] = 200
    np.testing.assert_array_equal(prepare(image, 80, None), image)


def test_a_few_hot_pixels_do_not_move_the_border():
    image = fundus(400, 600, 150)
    clean = prepare(image, 64, 10)
    image[5, 9] = image[390, 590] = image[395, 12] = 255
    np.testing.assert_array_equal(prepare(image, 64, 10), clean)


def test_a_black_picture_is_kept_whole():
    assert (prepare(np.full((30, 50, 3), 3, dtype=np.uint8), 25, 10)[6:19] == 3).all()


def test_the_short_side_is_padded_with_black_on_both_ends():
    image = np.full((20, 60, 3), 90, dtype=np.uint8)
    square = prepare(image, 60, 10)
    assert (square[20:40] == 90).all()
    assert (square[:20] == 0).all()
    assert (square[40:] == 0).all()


def test_shrinking_averages_areas():
    image = np.random.default_rng(0).integers(50, 255, (64, 64, 3), dtype=np.uint8)
    means = image.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    assert np.abs(prepare(image, 16, None) - means).max() <= 0.5 + 1e-6


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    size=st.integers(1, 40),
    border=st.none() | st.integers(0, 255),
)
def test_any_picture_becomes_a_square_of_the_size(height, width, size, border):
    image = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)
    square = prepare(image, size, border)
    assert square.shape == (size, size, 3)
    assert square.dtype == np.uint8


def test_enlarging_interpolates_linearly():
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    expected = cv2.resize(image, (20, 20), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(prepare(image, 20, None), expected)
