"""Picture files become square pictures; a bad file is one clear line."""

import errno
import io
import os
import socket
import struct
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ltmlbench.data.files import may_pass
from ltmlbench.errors import DataError
from ltmlbench.feeds.pictures import decode
from ltmlbench.feeds.pictures.decode import read_rgb, squared


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
    ours = squared(read_rgb(path, 96), 96, 10).astype(int)
    assert np.abs(ours - squared(whole, 96, 10)).mean() < 1.5


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


def deep(path, values):
    """A 16-bit file of H×W or H×W×3 values in RGB order, written by OpenCV."""
    cv2.imwrite(str(path), values if values.ndim == 2 else values[:, :, ::-1])
    return path


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [10, 12, 16])
def test_deep_pictures_fill_8_bits_whatever_their_own_depth_is(tmp_path, kind, channels, bits):
    ramp = np.linspace(0, 2**bits - 1, 8 * 32 * channels).round().astype(np.uint16)
    values = ramp.reshape((8, 32) if channels == 1 else (8, 32, 3))
    expected = (values * (255 / (2**bits - 1))).round()
    image = read_rgb(deep(tmp_path / f"a.{kind}", values), 4)
    assert image.shape == (8, 32, 3)
    expected = expected if channels == 3 else expected[:, :, None]
    assert np.abs(image - expected).max() <= 1  # a half may be rounded either way


def test_the_lowest_value_of_a_deep_picture_becomes_black_and_colours_keep_their_order(tmp_path):
    values = np.full((6, 8, 3), 700, dtype=np.uint16)
    values[2:4, 2:4] = (3100, 1900, 1100)  # red before green before blue
    image = read_rgb(deep(tmp_path / "a.png", values), 4)
    assert tuple(image[0, 0]) == (0, 0, 0)
    assert tuple(image[2, 2]) == (255, round(1200 * 255 / 2400), round(400 * 255 / 2400))


def test_float_pictures_are_not_black_and_those_with_holes_are_refused(tmp_path):
    values = np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8)
    image = read_rgb(deep(tmp_path / "a.tif", values), 4)
    np.testing.assert_array_equal(image[:, :, 0], (values * 255).round())
    values[1, 1] = np.nan
    with pytest.raises(DataError, match=r"a\.tif: .*not finite"):
        read_rgb(deep(tmp_path / "a.tif", values), 4)


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
        (b"<html>not found</html>", "not a picture"),
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


def no_reading(monkeypatch, number):
    """From now on the system refuses to open any picture."""

    def refuse(path, *args, **options):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Image, "open", refuse)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES, errno.ENOMEM])
def test_what_the_system_refuses_may_pass_and_damage_does_not(tmp_path, monkeypatch, number):
    path = saved(tmp_path / "a.png", fundus(20, 30, 9))
    (tmp_path / "b.png").write_bytes(path.read_bytes()[:-30])
    for name, passes in (("b.png", False), ("nowhere.png", True)):
        with pytest.raises(DataError) as caught:
            read_rgb(tmp_path / name, 16)
        assert may_pass(caught.value) == passes
    no_reading(monkeypatch, number)
    with pytest.raises(DataError, match=os.strerror(number)) as caught:
        read_rgb(path, 16)
    assert may_pass(caught.value)
    assert str(caught.value).startswith(f"{path}: cannot be read")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "a named pipe"),
        (os.mkdir, "a folder"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), "a socket"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_is_no_file_is_refused_and_never_opened(tmp_path, monkeypatch, make, said):
    monkeypatch.chdir(tmp_path)  # the name of a socket has to be short
    make(Path("a.jpg"))
    with pytest.raises(DataError, match=f"{said}, not a file"):
        read_rgb(Path("a.jpg"), 16)


def test_more_pixels_than_are_read_are_refused_from_the_head_of_the_file(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", np.zeros((30, 40, 3), dtype=np.uint8))
    monkeypatch.setattr(decode, "MOST_PIXELS", 1200)
    assert read_rgb(path, 16).shape == (30, 40, 3)
    monkeypatch.setattr(decode, "MOST_PIXELS", 1199)
    with pytest.raises(DataError, match="40×30 pixels"):
        read_rgb(path, 16)


def test_a_decompression_bomb_is_one_line(tmp_path):
    head = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\1\0IDAT")
    with pytest.raises(DataError, match="100 million pixels"):
        read_rgb(tmp_path / "a.png", 16)


def test_formats_whose_decoders_start_other_programs_are_not_tried(tmp_path):
    saved(tmp_path / "a.eps", fundus(20, 30, 9), format="EPS")
    with pytest.raises(DataError, match="known format"):
        read_rgb(tmp_path / "a.eps", 16)


@pytest.mark.parametrize("shape", [(65_500, 1), (1, 900_000), (3, 40_000)])
def test_a_strip_is_made_small_before_it_is_padded(shape):
    tracemalloc.start()
    square = squared(np.full((*shape, 3), 90, dtype=np.uint8), 32, 10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
    line = square if shape[0] > shape[1] else square.transpose(1, 0, 2)
    np.testing.assert_array_equal(line[:, 15], np.full((32, 3), 90))
    assert not line[:, :15].any()
    assert not line[:, 16:].any()


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
    assert (squared(image, 60, 10) == (5, 180, 5)).all()


def test_no_threshold_keeps_the_frame():
    image = np.zeros((80, 80, 3), dtype=np.uint8)
    image[30:50, 30:50] = 200
    np.testing.assert_array_equal(squared(image, 80, None), image)


def test_a_few_hot_pixels_do_not_move_the_border():
    image = fundus(400, 600, 150)
    clean = squared(image, 64, 10)
    image[5, 9] = image[390, 590] = image[395, 12] = 255
    np.testing.assert_array_equal(squared(image, 64, 10), clean)


def test_a_black_picture_is_kept_whole():
    assert (squared(np.full((30, 50, 3), 3, dtype=np.uint8), 25, 10)[6:19] == 3).all()


def test_the_short_side_is_padded_with_black_on_both_ends():
    image = np.full((20, 60, 3), 90, dtype=np.uint8)
    square = squared(image, 60, 10)
    assert (square[20:40] == 90).all()
    assert (square[:20] == 0).all()
    assert (square[40:] == 0).all()


def test_shrinking_averages_areas():
    image = np.random.default_rng(0).integers(50, 255, (64, 64, 3), dtype=np.uint8)
    means = image.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    assert np.abs(squared(image, 16, None) - means).max() <= 0.5 + 1e-6


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    size=st.integers(1, 40),
    border=st.none() | st.integers(0, 255),
)
def test_any_picture_becomes_a_square_of_the_size(height, width, size, border):
    image = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)
    square = squared(image, size, border)
    assert square.shape == (size, size, 3)
    assert square.dtype == np.uint8


def test_enlarging_interpolates_linearly():
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    expected = cv2.resize(image, (20, 20), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(squared(image, 20, None), expected)
