"""What a plugin's reader returns is a picture, or one line names data set and sample."""

import errno
import os
import pickle
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ltmlbench.contracts import Dataset
from ltmlbench.data.reading import ReaderError, checked, load_samples, repeated_content
from ltmlbench.data.samples import Protocol, Samples
from ltmlbench.errors import DataError
from ltmlbench.feeds.pictures.feed import Pictures
from ltmlbench.feeds.pictures.fill import FEW
from ltmlbench.feeds.ready import make_ready
from ltmlbench.labels import LabelMatrix
from ltmlbench.store import Store

SIZE = 16


def grey(row, size):
    return np.full((size, size + row, 3), 10 * row, dtype=np.uint8)


def samples_with(read, n=4, **options):
    ids = tuple(f"{row:03}" for row in range(n))
    labels = LabelMatrix(np.ones((n, 1), dtype=int))
    return Samples(ids, ids, labels, content=ids, read=read, **options)


def from_row_2(value):
    """Reads three good pictures' worth of grey, but ``value`` for row 2."""
    return lambda row, size: value if row == 2 else grey(row, size)


def ready(samples, cache, **options):
    feed = Pictures(image_size=SIZE, masks=True)
    return make_ready(feed, samples, Store(cache), **options)


class Shapes(Dataset):
    """A data set of an outsider."""

    def load(self, folder):
        return samples_with(from_row_2(grey(2, 8) / 255))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.zeros((48, 64, 3)), r"\(48, 64, 3\) float64"),
        (np.zeros((48, 64), np.uint8), r"\(48, 64\) uint8"),
        (np.zeros((3, 48, 64), np.uint8), r"\(3, 48, 64\) uint8"),
        (np.zeros((48, 64, 4), np.uint8), r"\(48, 64, 4\) uint8"),
        (np.zeros((0, 64, 3), np.uint8), r"\(0, 64, 3\) uint8"),
        (np.zeros((48, 64, 3), np.int32), r"\(48, 64, 3\) int32"),
        (None, "None"),
        ("a.jpg", "'a.jpg'"),
    ],
)
def test_what_is_no_picture_ends_the_decoding_with_one_line(tmp_path, value, said):
    samples = checked(samples_with(from_row_2(value)), "shapes")
    wanted = f"shapes: sample 002: read returned {said}, not HxWx3 uint8"
    with pytest.raises(ReaderError, match=wanted) as caught:
        ready(samples, tmp_path)
    assert "\n" not in str(caught.value)
    assert ready(samples, tmp_path, make=False) is None


def test_what_a_reader_raises_names_data_set_and_sample(tmp_path):
    def read(row, size):
        return {}[f"no\nkey {row}"]

    samples = checked(samples_with(read), "shapes")
    with pytest.raises(ReaderError, match=r"shapes: sample 000: read raised KeyError: .*key 0"):
        ready(samples, tmp_path)


def test_a_reader_that_says_a_picture_is_damaged_loses_that_picture_alone(tmp_path):
    def read(row, size):
        if row == 1:
            raise OSError("image file is truncated")  # as Pillow does: no error number
        return grey(row, size)

    pixels = ready(checked(samples_with(read), "shapes"), tmp_path)
    assert pixels.failed == {1: "shapes: sample 001: read: image file is truncated"}


def test_a_reader_that_meets_a_dead_disk_stores_nothing(tmp_path):
    def read(row, size):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    samples = checked(samples_with(read), "shapes")
    with pytest.raises(DataError, match=r"4 of the pictures .* sample 000"):
        ready(samples, tmp_path)
    assert ready(samples, tmp_path, make=False) is None


def test_a_lambda_reaches_worker_processes(tmp_path):
    n = FEW + 10
    samples = samples_with(lambda row, size: np.full((size, size, 3), row % 251, np.uint8), n)
    pixels = ready(samples, tmp_path)
    np.testing.assert_array_equal(pixels.array[:, 0, 0, 0], np.arange(n) % 251)
    again = pickle.loads(pickle.dumps(checked(samples).read))
    assert again(7, SIZE)[0, 0, 0] == 7


def test_a_reader_that_cannot_be_sent_is_one_line(tmp_path):
    lock = threading.Lock()

    def read(row, size):
        with lock:
            return grey(row, size)

    samples = checked(samples_with(read, FEW + 10), "shapes")
    with pytest.raises(ReaderError, match=r"shapes: read cannot be sent to worker processes"):
        ready(samples, tmp_path)


def test_samples_of_a_selection_are_named_by_their_own_ids(tmp_path):
    samples = checked(samples_with(from_row_2(None)), "shapes").take(np.array([3, 2]))
    with pytest.raises(ReaderError, match="shapes: sample 002"):
        ready(samples, tmp_path)


@pytest.mark.parametrize(
    "value",
    [
        np.zeros((SIZE, SIZE), np.uint8),
        np.zeros((SIZE, SIZE, 3), np.uint8),
        np.zeros((SIZE, SIZE, 2), bool),
        np.full((SIZE, SIZE, 2), 255, np.uint8),
    ],
)
def test_what_is_no_mask_is_one_line(tmp_path, value):
    def masks(row, size):
        return value

    samples = checked(samples_with(grey, structures=("MA", "HE"), masks=masks), "shapes")
    with pytest.raises(
        ReaderError, match=r"shapes: sample 000: masks returned .* not \(16, 16, 2\)"
    ):
        ready(samples, tmp_path)


def test_the_bench_gives_the_readers_of_a_data_set_its_name():
    samples = load_samples(Shapes(), None, "my-shapes")
    assert samples.read(1, 8).shape == (8, 9, 3)
    with pytest.raises(ReaderError, match=r"my-shapes: sample 002: read returned .*float64"):
        samples.read(2, 8)


def test_a_load_that_returns_no_samples_is_one_line():
    class Nothing(Shapes):
        def load(self, folder):
            return []

    with pytest.raises(DataError, match="nothing: load returned list, not Samples"):
        load_samples(Nothing(), None, "nothing")


FILE = "ab" * 32


def test_identical_pictures_of_different_groups_are_told_with_numbers_and_examples():
    content = (FILE, "cd" * 32, f"{FILE}:mirrored", "ef" * 32)
    protocol = Protocol(unit="eye", group_unit="patient")
    samples = replace(samples_with(grey), content=content, protocol=protocol)
    (note,) = repeated_content(samples)
    assert note.startswith(
        "2 eyes of different patients are 1 files, byte for byte (000 = 002): one may be trained on"
    )
    assert repeated_content(replace(samples, groups=("a", "b", "a", "c"))) == []
    assert repeated_content(replace(samples, content=tuple("abcd"))) == []


def test_only_a_digest_is_told_from_how_it_is_turned():
    samples = replace(samples_with(grey), content=("a:1", "a:2", f"{FILE}:left", f"{FILE}x:1"))
    assert samples.files == ("a:1", "a:2", FILE, f"{FILE}x:1")


def test_samples_given_as_lists_are_the_samples_given_as_tuples():
    given = samples_with(grey, official=("train",) * 4)
    lists = replace(given, ids=list(given.ids), content=list(given.content), official=["train"] * 4)
    assert lists.fingerprint == given.fingerprint


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ids": tuple("abca")}, "ids repeat, such as 'a'"),
        ({"content": tuple("abc")}, r"differ in length: \[3, 4\]"),
        ({"labels": np.ones((4, 1))}, "a LabelMatrix is needed"),
    ],
)
def test_samples_that_do_not_fit_together_are_one_line(options, said):
    with pytest.raises(DataError, match=said):
        replace(samples_with(grey), **options)


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"no array")])
def test_damaged_masks_are_made_again(tmp_path, damage):
    layers = np.random.default_rng(0).integers(0, 2, (4, SIZE, SIZE, 2)).astype(np.uint8)
    samples = samples_with(grey, structures=("MA", "HE"), masks=lambda row, size: layers[row])
    opened = ready(samples, tmp_path)
    np.testing.assert_array_equal(opened.masks, layers)
    damage(opened.masks_path)
    np.testing.assert_array_equal(ready(samples, tmp_path).masks, layers)


def test_a_mask_that_cannot_be_read_is_told_and_no_mask_is_absent_for_it(tmp_path):
    def masks(row, size):
        raise DataError("002_MA.png: broken")

    samples = samples_with(grey, structures=("MA",), masks=masks)
    with pytest.raises(DataError, match=r"4 masks cannot be read: 002_MA\.png"):
        ready(samples, tmp_path)
    assert ready(samples_with(grey), tmp_path).masks is None
