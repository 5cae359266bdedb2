"""Shares and hits of maps that can be counted by hand."""

import numpy as np
import pytest

from ltmlbench import load
from ltmlbench.store import Store
from ltmlbench.testing import work_for
from ltmlbench_vision.pointing import holding, pointing_game, score

SEEN = np.ones((8, 8), dtype=bool)


def box(y, x, height, width, size=8):
    mask = np.zeros((size, size), dtype=bool)
    mask[y : y + height, x : x + width] = True
    return mask


def test_a_map_in_one_cell_hits_what_lies_in_that_cell_alone():
    cam = np.zeros((4, 4), dtype=np.float32)
    cam[1, 2] = 3.0
    for mask, hit in ((box(2, 4, 2, 2), 1), (box(3, 5, 1, 1), 1), (box(4, 4, 2, 2), 0)):
        assert score(cam, mask, SEEN)[2] == hit


def test_the_energy_of_a_map_as_fine_as_the_picture_is_a_plain_share():
    cam = np.arange(16, dtype=np.float32).reshape(4, 4)
    mask = box(0, 2, 2, 2, size=4)  # 2 + 3 + 6 + 7 of 120
    energy, uniform, hit, chance = score(cam, mask, SEEN[:4, :4])
    assert energy == pytest.approx(18 / 120)
    assert uniform == pytest.approx(4 / 16)
    assert (hit, chance) == (0, pytest.approx(4 / 16))


def test_an_even_map_scores_what_the_uniform_map_does():
    mask = box(1, 1, 3, 4)
    energy, uniform, _, _ = score(np.full((2, 2), 0.7, dtype=np.float32), mask, SEEN)
    assert energy == pytest.approx(uniform) == pytest.approx(12 / 64)


def test_the_uniform_map_is_spread_over_what_the_picture_shows():
    mask, seen = box(0, 0, 2, 2), box(0, 0, 4, 8)
    _, uniform, _, chance = score(np.ones((4, 4), dtype=np.float32), mask, seen)
    assert uniform == pytest.approx(4 / 32)
    assert chance == pytest.approx(1 / 8)  # of the cells of the upper half


def test_an_empty_map_scores_nothing_but_the_uniform_map_does():
    energy, uniform, hit, chance = score(np.zeros((2, 2), dtype=np.float32), box(0, 0, 4, 4), SEEN)
    assert np.isnan(energy)
    assert np.isnan(hit)
    assert (uniform, chance) == (0.25, 0.25)


def test_pixels_belong_to_the_cell_that_holds_their_centre():
    mask = box(3, 3, 1, 1, size=7)  # the middle of 7 pixels, with cells of 3.5
    assert holding(mask, (2, 2)).tolist() == [[False, False], [False, True]]
    assert holding(box(2, 2, 1, 1, size=7), (2, 2)).tolist() == [[True, False], [False, False]]


def test_labels_are_averaged_apart_and_empty_maps_counted(task, tmp_path):
    masks = [box(0, 0, 32, 32, 64), box(32, 32, 32, 32, 64), box(0, 0, 64, 32, 64)]
    packed = np.array([np.packbits(mask, axis=1) for mask in masks])
    cams = np.zeros((3, 2, 2), dtype=np.float32)
    cams[0, 0, 0] = cams[2, 1, 0] = 1
    stage = load("method", "ib").plan(task)
    work = work_for(stage, task, Store(tmp_path / "store"), tmp_path / "work")
    table = pointing_game(work, np.array([0, 1, 2]), np.array([1, 1, 0]), packed, cams)
    assert table["label"].tolist() == ["a", "b"]
    table = table.set_index("label")
    assert table["samples"].tolist() == [1, 2]
    assert table["empty"].tolist() == [0, 1]
    assert table["hits"].tolist() == [1.0, 1.0]
    assert table.loc["b", "energy"] == score(cams[0], masks[0], SEEN.repeat(8, 0).repeat(8, 1))[0]
    assert table["energy_uniform"].tolist() == [0.5, 0.25]
    assert table["hits_uniform"].tolist() == [0.5, 0.25]
    assert set(table["cells"]) == {"2×2"}
