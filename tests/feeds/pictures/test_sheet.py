"""Contact sheets: every picture in its place, and simulated data say so."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ltmlbench.data.samples import Protocol, Samples
from ltmlbench.feeds.pictures.decode import squared
from ltmlbench.feeds.pictures.sheet import contact_sheet, save_sheet
from ltmlbench.labels import LabelMatrix

SIZE = 40


def disc(row, size):
    y, x = np.mgrid[:60, :80]
    inside = (x - 40) ** 2 + (y - 30) ** 2 < 28**2
    return (inside[:, :, None] * np.array([200, 40 * row, 60])).astype(np.uint8)


@pytest.fixture
def samples():
    ids = tuple(f"eye{i}" for i in range(5))
    labels = LabelMatrix(np.eye(5, 2, dtype=int), ["DR", "glaucoma"])
    return Samples(ids, ids, labels, ids, read=disc, border=10)


def places(sheet, picture):
    """Where a picture stands on a sheet, pixel by pixel."""
    windows = np.lib.stride_tricks.sliding_window_view(sheet, picture.shape)[:, :, 0]
    corner = np.argwhere((windows[:, :, 0, 0] == picture[0, 0]).all(axis=-1))
    return [tuple(at) for at in corner if np.array_equal(windows[tuple(at)], picture)]


def test_every_picture_stands_once_on_the_sheet_in_reading_order(samples):
    sheet = contact_sheet(samples, np.array([4, 0, 2]), SIZE, columns=2)
    assert sheet.dtype == np.uint8
    found = [places(sheet, squared(disc(row, SIZE), SIZE, 10)) for row in (4, 0, 2)]
    assert [len(at) for at in found] == [1, 1, 1]
    (first,), (second,), (third,) = found
    assert first[0] == second[0] < third[0]
    assert first[1] == third[1] < second[1]


def test_labels_and_ids_are_written_below(samples):
    rows = np.array([0])
    sheet = contact_sheet(samples, rows, SIZE)
    other_label = replace(samples, labels=samples.labels.take([1, 0, 2, 3, 4]))
    other_id = replace(samples, ids=("another", *samples.ids[1:]))
    for changed in (other_label, other_id):
        differs = (contact_sheet(changed, rows, SIZE) != sheet).any(axis=(1, 2))
        assert differs.any()
        ((top, _),) = places(sheet, squared(disc(0, SIZE), SIZE, 10))
        assert not differs[: top + SIZE].any()


def test_the_title_of_simulated_data_differs_and_nothing_else(samples):
    simulated = replace(samples, protocol=Protocol(simulated=True))
    rows = np.arange(5)
    differs = contact_sheet(samples, rows, 80) != contact_sheet(simulated, rows, 80)
    assert differs.any()
    ((top, _),) = places(contact_sheet(samples, rows, 80), squared(disc(1, 80), 80, 10))
    assert not differs[top:].any()


def test_simulated_is_said_on_the_narrowest_sheet_and_behind_no_long_title(samples):
    simulated = replace(samples, protocol=Protocol(simulated=True))
    rows = np.array([1])
    said = [contact_sheet(simulated, rows, 16, title=title) for title in ("", "long " * 20)]
    only = contact_sheet(samples, rows, 16)
    words = slice(0, 270)  # where "SIMULATED data, no real photographs" is written
    assert (said[0] != only)[:30, words].any()
    np.testing.assert_array_equal(said[0][:30, 8:200], said[1][:30, 8:200])


def test_a_sheet_is_written_as_png(samples, tmp_path):
    sheet = contact_sheet(samples, np.arange(5), SIZE, columns=3, title="five eyes")
    save_sheet(sheet, tmp_path / "deep" / "sheet.png")
    with Image.open(tmp_path / "deep" / "sheet.png") as file:
        assert file.format == "PNG"
        np.testing.assert_array_equal(np.asarray(file), sheet)


def corner(row, size):
    """Lesion 0 of every picture is a square in the upper left, lesion 1 is nowhere."""
    layers = np.zeros((size, size, 2), dtype=np.uint8)
    layers[10:14, 10:14, 0] = 1
    return layers


def test_lesions_are_outlined_and_named_in_one_colour(samples):
    marked = replace(samples, structures=("MA", "HE"), masks=corner)
    rows = np.array([1])
    sheet = contact_sheet(marked, rows, SIZE, structures=True)
    plain = squared(disc(1, SIZE), SIZE, 10)
    top, left = 3 * 15, 8
    picture = sheet[top : top + SIZE, left : left + SIZE]
    ring = np.zeros((SIZE, SIZE), dtype=bool)
    ring[9:15, 9:15] = True
    ring[10:14, 10:14] = False
    np.testing.assert_array_equal(picture[~ring], plain[~ring])
    (colour,) = np.unique(picture[ring], axis=0)
    assert (sheet[:top] == colour).all(axis=2).any()


def test_lesions_are_shown_only_where_they_are_asked_for(samples):
    marked = replace(samples, structures=("MA", "HE"), masks=corner)
    rows = np.arange(5)
    np.testing.assert_array_equal(
        contact_sheet(marked, rows, SIZE), contact_sheet(samples, rows, SIZE)
    )
