"""Who makes the batches of a network, and what the network is shown of them."""

import numpy as np
import pytest
import torch

from ltmlbench.contracts import ByteBatch, Norm
from ltmlbench.feeds.batches import feed_threads
from ltmlbench.feeds.pictures.feed import OpenedPictures, Pictures
from ltmlbench.feeds.pictures.views import Augment
from ltmlbench.training.views import on_device

NORM = Norm(np.array([0.5, 0.4, 0.3]), np.array([0.2, 0.3, 0.25]))


@pytest.mark.parametrize(
    ("device", "share", "threads"),
    [("cpu", 16, 1), ("cuda", 1, 1), ("cuda", 2, 1), ("cuda", 4, 3), ("cuda:1", 64, 8)],
)
def test_cores_beside_a_gpu_feed_it_and_those_that_train_do_not(
    monkeypatch, device, share, threads
):
    monkeypatch.setattr(torch, "get_num_threads", lambda: share)
    assert feed_threads(device) == threads


@pytest.fixture
def pixels(tmp_path):
    path = tmp_path / "pixels.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (9, 12, 12, 3), dtype=np.uint8))
    return path


@pytest.mark.parametrize("epoch", [None, 3])
def test_bytes_become_on_the_device_what_the_processor_makes_of_them(pixels, epoch):
    rows, first = np.array([3, 1, 3, 8]), np.array([0, 0, 1, 0])

    def batch(as_bytes):
        opened = OpenedPictures(pixels, Augment(), {}, as_bytes=as_bytes)
        return opened.batch(rows, first, seed=1, epoch=epoch, norm=NORM)

    made = batch(as_bytes=True)
    assert isinstance(made, ByteBatch)
    assert made.pictures.dtype == np.uint8, "a quarter of the bytes of float32 is copied"
    with torch.autocast("cpu", torch.bfloat16):
        shown = on_device(made, "cpu")
    assert shown.dtype == torch.float32
    assert shown.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(shown.numpy(), batch(as_bytes=False), rtol=0, atol=5e-6)


def test_bytes_change_the_last_digits_and_so_the_identity_but_only_when_asked_for():
    assert Pictures(as_bytes=True).views != Pictures().views
    assert "bytes" not in Pictures().views
