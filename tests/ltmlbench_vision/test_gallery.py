"""A gallery is a PNG: a panel for every map, captions that fit, outlines where they belong."""

import io

import numpy as np
import pytest
from PIL import Image

from ltmlbench_vision import gallery
from ltmlbench_vision.cam import Looks
from ltmlbench_vision.gallery import BETWEEN, CAPTION, GAP, HEADER, SIDE, draw_gallery


def maps(n, attention=False, value=1.0):
    cams = np.full((n, 2, 2), value, dtype=np.float32)
    return Looks(cams, np.linspace(0, 1, n, dtype=np.float32), cams / 2 if attention else None)


def pixels(data):
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        return np.asarray(image)


def row_with(task, *labels):
    wanted = [name in labels for name in task.samples.labels.names]
    return int(np.flatnonzero((task.samples.labels.dense == wanted).all(axis=1))[0])


def panel(image, place):
    x, y = BETWEEN + place * (SIDE + GAP), HEADER + CAPTION
    return image[y : y + SIDE, x : x + SIDE]


def test_a_sample_is_followed_by_its_attention_and_a_map_per_label(task):
    row = row_with(task, "a", "b")
    pairs = np.array([row, row]), np.array([0, 1])
    image = pixels(draw_gallery(task, np.array([row]), pairs, maps(2, attention=True)))
    assert image.shape == (HEADER + CAPTION + SIDE + BETWEEN, 2 * BETWEEN + 4 * SIDE + 3 * GAP, 3)
    np.testing.assert_array_equal(panel(image, 0), task.samples.read(row, SIDE))
    for place in (1, 2, 3):
        assert panel(image, place).std() > 0
    gap = image[HEADER + CAPTION :, BETWEEN + SIDE : BETWEEN + SIDE + GAP]
    assert (gap == 255).all()


def test_the_outline_is_that_of_the_label_and_only_where_it_is_known(task):
    row = row_with(task, "a", "b", "c")
    pairs = np.array([row] * 3), np.array([0, 1, 2])
    image = pixels(draw_gallery(task, np.array([row]), pairs, maps(3, value=0.0)))
    layers = task.samples.masks(row, SIDE)
    for label in range(2):
        white = (panel(image, 1 + label) > 250).all(axis=2)
        assert white.any()
        y, x = np.nonzero(white)
        inside = layers[:, :, label]
        assert inside[y, x].mean() > 0.9
    assert not (panel(image, 3) > 250).all(axis=2).any()  # c has no known evidence


def test_samples_flow_into_rows_of_equal_height(task):
    rows = np.arange(9)
    pairs = rows, np.zeros(9, dtype=np.int64)
    image = pixels(draw_gallery(task, rows, pairs, maps(9)))
    assert (len(image) - HEADER) % (CAPTION + SIDE + BETWEEN) == 0
    assert len(image) > HEADER + 2 * (CAPTION + SIDE)
    assert image.shape[1] < 2000


def test_nothing_to_show_is_still_a_picture(task):
    nothing = np.zeros(0, dtype=np.int64)
    assert pixels(draw_gallery(task, nothing, (nothing, nothing), maps(0))).size > 0


@pytest.mark.parametrize("row", ["train", "test"])
def test_captions_say_probability_label_and_whether_it_was_trained_on(task, monkeypatch, row):
    said = []
    text = gallery._Canvas.text

    def listen(self, at, words, *rest):
        said.append(words)
        text(self, at, words, *rest)

    monkeypatch.setattr(gallery._Canvas, "text", listen)
    Y = task.samples.labels.dense
    part = getattr(task.split, row)
    chosen = int(part[(Y[part, 0] == 1) & (Y[part, 2] == 0)][0])
    pairs = np.array([chosen, chosen]), np.array([0, 2])
    draw_gallery(task, np.array([chosen]), pairs, maps(2))
    assert task.samples.ids[chosen] in said
    assert "a   p = 0.00" in said
    assert "c   p = 1.00" in said
    assert "not a label of this picture" in said
    assert any(words.endswith("a training picture") for words in said) == (row == "train")
    assert any("in the lesion" in words for words in said)


def test_names_too_long_for_a_panel_are_cut(task):
    canvas = gallery._Canvas(200, 60)
    canvas.text((0, 0), "diabetic retinopathy " * 9, gallery._font(14), (0, 0, 0), 150)
    drawn = np.asarray(canvas.image)
    assert (drawn[:, 152:] == 255).all()
    assert (drawn[:, 100:150] < 255).any()
