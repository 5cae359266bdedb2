"""Who makes the batches of a network, and how many of them."""

import pytest
import torch

from ltmlbench.training.views import feed_threads


@pytest.mark.parametrize(
    ("device", "share", "threads"),
    [("cpu", 16, 1), ("cuda", 1, 1), ("cuda", 2, 1), ("cuda", 4, 3), ("cuda:1", 64, 8)],
)
def test_cores_beside_a_gpu_feed_it_and_those_that_train_do_not(
    monkeypatch, device, share, threads
):
    monkeypatch.setattr(torch, "get_num_threads", lambda: share)
    assert feed_threads(device) == threads
