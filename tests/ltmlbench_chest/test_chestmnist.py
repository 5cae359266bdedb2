"""ChestMNIST: one npz file."""

import numpy as np
import pytest

from ltmlbench import load
from ltmlbench.errors import DataError

SIZES = {"train": 6, "val": 2, "test": 3}


def arrays(side=28):
    rng = np.random.default_rng(0)
    made = {}
    for part, n in SIZES.items():
        made[f"{part}_images"] = rng.integers(0, 255, (n, side, side)).astype(np.uint8)
        made[f"{part}_labels"] = (rng.random((n, 14)) < 0.2).astype(np.uint8)
    return made


def write(path, **made):
    np.savez_compressed(path, **made)
    return path


def loaded(path):
    return load("dataset", "chestmnist").load(path)


def test_pictures_labels_and_parts_are_those_of_the_file(tmp_path):
    made = arrays()
    write(tmp_path / "chestmnist.npz", **made)
    samples = loaded(tmp_path)
    assert [samples.official.count(part) for part in SIZES] == list(SIZES.values())
    for row, name in enumerate(samples.ids):
        part, number = name.split("/")
        grey = made[f"{part}_images"][int(number)]
        np.testing.assert_array_equal(samples.read(row, 28), np.stack([grey] * 3, axis=2))
        np.testing.assert_array_equal(
            samples.labels.dense[row], made[f"{part}_labels"][int(number)]
        )


def test_it_says_that_patients_are_not_known(tmp_path):
    samples = loaded(write(tmp_path / "any.npz", **arrays()))
    (note,) = samples.notes
    assert "names no patients" in note
    assert "not NIH's official lists" in note
    assert samples.protocol.group_unit is None
    assert len(set(samples.groups)) == 11


def test_of_several_sizes_one_has_to_be_named(tmp_path):
    write(tmp_path / "chestmnist.npz", **arrays())
    large = write(tmp_path / "chestmnist_64.npz", **arrays(64))
    with pytest.raises(DataError, match=r"several files .*chestmnist\.npz, chestmnist_64\.npz"):
        loaded(tmp_path)
    assert loaded(large).read(0, 64).shape == (64, 64, 3)


def test_another_file_of_the_family_is_refused(tmp_path):
    made = arrays() | {"test_labels": np.zeros((3, 1), dtype=np.uint8)}
    with pytest.raises(DataError, match=r"test_labels has the shape \(3, 1\), N×14 is needed"):
        loaded(write(tmp_path / "a.npz", **made))
    del made["val_images"]
    with pytest.raises(DataError, match="no val_images in it"):
        loaded(write(tmp_path / "b.npz", **made))


def test_pickles_inside_the_file_are_not_opened(tmp_path):
    made = arrays() | {"train_labels": np.array([{"a": 1}], dtype=object)}
    with pytest.raises(DataError, match="cannot be read"):
        loaded(write(tmp_path / "c.npz", **made))


def test_a_folder_without_the_file_and_a_damaged_file_are_one_line(tmp_path):
    with pytest.raises(DataError, match=r"no chestmnist\.npz is in it"):
        loaded(tmp_path)
    (tmp_path / "chestmnist.npz").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(DataError, match="cannot be read"):
        loaded(tmp_path)
