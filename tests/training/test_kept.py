"""The weights that are kept in place of the last ones."""

import math

import pytest
import torch
from torch import nn

from ltmlbench.training.checkpoint import load_checkpoint, save_checkpoint
from ltmlbench.training.kept import Best


def at(network, value):
    with torch.no_grad():
        network.weight.fill_(value)


def kept_after(scores):
    """The weight that is kept of a network whose weight is the number of the epoch."""
    network = nn.Linear(1, 1)
    best = Best(network)
    for epoch, score in enumerate(scores, start=1):
        at(network, epoch)
        best.judged(score)
    with best.applied():
        return float(network.weight.detach())


@pytest.mark.parametrize(
    ("scores", "epoch"),
    [
        ([0.2, 0.5, 0.4], 2),
        ([0.5, 0.5, 0.5], 1),
        ([0.1, math.nan, 0.3], 3),
        ([0.4, math.nan, 0.3], 1),
        ([math.nan, math.nan], 2),
        ([0.0, -0.0], 1),
    ],
)
def test_the_best_epoch_is_kept_the_first_of_equals_the_last_without_scores(scores, epoch):
    assert kept_after(scores) == epoch


def test_the_training_goes_on_from_its_own_weights():
    network = nn.Linear(1, 1)
    best = Best(network)
    at(network, 1)
    best.judged(0.9)
    at(network, 2)
    best.judged(0.1)
    with best.applied():
        assert float(network.weight.detach()) == 1
    assert float(network.weight.detach()) == 2


def test_a_stopped_training_remembers_the_best_weights_and_their_score(tmp_path):
    network = nn.Linear(1, 1)
    best = Best(network)
    at(network, 1)
    best.judged(0.9)
    at(network, 2)
    optimizer = torch.optim.AdamW(network.parameters())
    save_checkpoint(tmp_path / "checkpoint", best, optimizer, [{"epoch": 1}])

    again = nn.Linear(1, 1)
    resumed = Best(again)
    load_checkpoint(tmp_path / "checkpoint", resumed, torch.optim.AdamW(again.parameters()))
    assert float(again.weight.detach()) == 2
    resumed.judged(0.5)
    with resumed.applied():
        assert float(again.weight.detach()) == 1
