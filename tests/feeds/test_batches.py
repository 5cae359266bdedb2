"""The feed: the right pictures in the right order, and no thread left behind."""

import threading
import time
from itertools import islice

import numpy as np
import pytest

from ltmlbench.contracts import Norm
from ltmlbench.feeds.batches import ahead, batches
from ltmlbench.feeds.pictures.feed import OpenedPictures
from ltmlbench.feeds.pictures.views import Augment, plain

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.25)


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (11, 8, 8, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert not [t for t in threading.enumerate() if t.name.startswith("ltmlbench-feed")]


def feed(pixels, order, batch_size, augment=None, *, drop_last=False, seed=0, epoch=0, **options):
    opened = InMemory(pixels, augment or Augment())
    return batches(
        opened,
        np.asarray(order, dtype=np.int64),
        batch_size,
        seed=seed,
        epoch=epoch if augment else None,
        norm=Norm(np.array(MEAN), np.array(STD)),
        drop_last=drop_last,
        **options,
    )


class InMemory(OpenedPictures):
    """Pictures that lie in no file."""

    def __init__(self, pixels, augment):
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "augment", augment)

    @property
    def array(self):
        return self.pixels


def joined(feed):
    rows, images = zip(*feed, strict=True)
    return np.concatenate(rows), np.concatenate(images)


class Watched:
    """Pictures that count how often they are asked for, and fail at the call ``fails``."""

    def __init__(self, pixels, fails=None):
        self.pixels, self.fails, self.calls = pixels, fails, 0

    def __getitem__(self, rows):
        self.calls += 1
        if self.calls == self.fails:
            raise OSError("the disk is gone")
        return self.pixels[rows]


ORDER = [3, 1, 1, 9, 0, 10, 3]


def test_pictures_come_in_the_given_order(pixels):
    rows, images = joined(feed(pixels, ORDER, 3))
    assert rows.tolist() == ORDER
    np.testing.assert_array_equal(images, plain(pixels[ORDER], MEAN, STD))


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [3, 3, 1]), (True, [3, 3])])
def test_the_last_short_batch_may_be_dropped(pixels, drop_last, sizes):
    assert [len(rows) for rows, _ in feed(pixels, ORDER, 3, drop_last=drop_last)] == sizes


def test_an_empty_order_gives_no_batch(pixels):
    assert list(feed(pixels, [], 3)) == []


def test_a_row_that_comes_again_is_seen_differently(pixels):
    _, images = joined(feed(pixels, [5, 5, 5], 2, Augment()))
    assert np.abs(images[0] - images[1]).max() > 0.1
    assert np.abs(images[1] - images[2]).max() > 0.1


def test_the_first_view_of_a_sample_is_the_same_in_every_order_and_batch_size(pixels):
    def first_views(order, batch_size):
        rows, images = joined(feed(pixels, order, batch_size, Augment(), seed=4, epoch=2))
        return np.stack([images[np.flatnonzero(rows == row)[0]] for row in range(11)])

    even = first_views(np.arange(11), 4)
    oversampled = first_views([7, 7, 7, *np.random.default_rng(0).permutation(11), 2, 2], 5)
    np.testing.assert_array_equal(even, oversampled)


def test_an_error_reaches_the_one_who_asked(pixels):
    running = feed(Watched(pixels, fails=2), ORDER, 2)
    next(running)
    with pytest.raises(OSError, match="the disk is gone"):
        list(running)


def test_no_more_than_the_asked_batches_are_prepared_ahead(pixels):
    watched = Watched(pixels)
    running = feed(watched, np.arange(11), 1, prefetch=2)
    next(running)
    time.sleep(0.3)
    assert watched.calls <= 1 + 2 + 1  # taken, waiting, and the one in hand
    running.close()


def test_closing_it_early_ends_its_thread(pixels):
    running = feed(pixels, np.arange(11), 1)
    next(running)
    running.close()


def slow_first(index):
    """Later ones are made first where several threads make them."""
    time.sleep(0.05 if index == 0 else 0)
    return index


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads_gives_the_batches_that_none_gives(pixels, threads):
    order = np.random.default_rng(1).integers(0, 11, 50)  # rows come several times
    given = {"seed": 4, "epoch": 2}
    rows, images = joined(feed(pixels, order, 4, Augment(), threads=threads, **given))
    before = np.array([list(order[:i]).count(row) for i, row in enumerate(order)])
    at_once = Augment()(pixels[order], order, before, mean=MEAN, std=STD, **given)
    assert rows.tolist() == order.tolist()
    assert images.tobytes() == at_once.tobytes()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_batch_that_is_ready_waits_for_its_turn(threads):
    assert list(ahead(slow_first, range(9), threads=threads)) == list(range(9))


def test_several_threads_are_at_work_at_once():
    together = threading.Barrier(3, timeout=10)
    list(ahead(lambda index: together.wait(), range(3), threads=3))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_an_error_comes_in_its_place_however_many_threads_there_are(threads):
    def make(index):
        if index == 3:
            raise OSError("the disk is gone")  # before the batches that it is due after
        return slow_first(index)

    taken = []
    with pytest.raises(OSError, match="the disk is gone"):
        taken.extend(iter(ahead(make, range(20), threads=threads)))
    assert taken == [0, 1, 2]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_whoever_stops_early_waits_for_no_batch_that_has_not_begun(threads):
    begun, gate = [], threading.Event()

    def make(index):
        begun.append(index)
        if index > 1:
            gate.wait(timeout=10)
        return index

    running = ahead(make, range(100), prefetch=50, threads=threads)
    assert list(islice(running, 2)) == [0, 1]
    threading.Timer(0.3, gate.set).start()  # what has begun ends while it is being closed
    running.close()
    assert len(begun) <= 2 + threads
