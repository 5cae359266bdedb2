"""Numbers of today, held: a change of structure must not change one of them.

Whoever changes a number here on purpose raises the version of the stage it belongs to, so that
stored results of the old kind are not taken for the new.
"""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ltmlbench import LabelMatrix, load
from ltmlbench.contracts import Backbone
from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import make_splits
from ltmlbench.feeds.draws import uniform
from ltmlbench.feeds.pictures.views import Augment, plain
from ltmlbench.fit import Fit, Predict
from ltmlbench.store import Store
from ltmlbench.task import Numerics, Schedule, Task
from ltmlbench.testing import made, work_for
from ltmlbench.training.network import Trunk

HELD = json.loads((Path(__file__).parent / "numbers.json").read_text())
SIZE = 32


class TwoConvolutions(Backbone):
    """A network of our own: what other packages change does not change it."""

    def resolve(self):
        return self

    def build(self, shape):
        return _Trunk()


class _Trunk(Trunk):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.num_features = 16
        self.mean = self.std = (0.5, 0.5, 0.5)
        self.provenance = {"weights": "random"}

    def forward(self, images):
        return self.layers(images)


class Stripes:
    """A stripe of its own colour per label, on noise."""

    def __init__(self, Y):
        self.Y = Y

    def __call__(self, row, size):
        image = np.random.default_rng(row).integers(0, 60, (size, size, 3)).astype(np.uint8)
        for c in np.flatnonzero(self.Y[row]):
            image[8 * c + 2 : 8 * c + 8, 4:28, c] = 250
        return image


@pytest.fixture(scope="module")
def samples():
    Y = (np.random.default_rng(0).random((60, 3)) < [0.6, 0.4, 0.2]).astype(np.uint8)
    return Samples(
        ids=tuple(f"s{i}" for i in range(60)),
        groups=tuple(f"g{i // 2}" for i in range(60)),
        labels=LabelMatrix(Y, ["a", "b", "c"]),
        read=Stripes(Y),
        content=tuple(map(str, range(60))),
    )


@pytest.fixture(scope="module")
def task(samples):
    return Task(
        samples=samples,
        split=make_splits(samples, folds=3, validation=0.2, seed=0)[0],
        backbone=TwoConvolutions(),
        schedule=Schedule(epochs=3, batch_size=8, lr=3e-3),
        numerics=Numerics(),
        feed=load("feed", f"pictures[image_size={SIZE}]"),
        seed=0,
    )


def _fit(loss, sampler):
    return Fit(
        loss=load("loss", loss), sampler=load("sampler", sampler), head=load("head", "linear")
    )


@pytest.mark.parametrize(("loss", "sampler"), [("bce", "ib"), ("db", "cb")])
def test_a_fit_gives_the_losses_and_logits_it_gave(task, tmp_path, loss, sampler):
    stage = _fit(loss, sampler)
    folder = made(stage, task, Store(tmp_path))
    work = work_for(stage, task, Store(tmp_path), tmp_path / "work")
    with open(folder / "history.csv", newline="") as file:
        losses = [float(row["train_loss"]) for row in csv.DictReader(file)]
    logits = stage.logits(work, folder, task.split.test[:4])
    held = HELD["fit"][f"{loss}, {sampler}"]
    # other processors add in another order: the last digits are theirs
    assert losses == pytest.approx(held["losses"], rel=1e-4)
    np.testing.assert_allclose(logits, np.array(held["logits"]), rtol=1e-3, atol=1e-4)


def test_a_view_is_the_view_it_was():
    rows, occurrence = np.array([0, 7, 7]), np.array([0, 0, 1])
    draws = uniform(3, 2, rows, occurrence, 4)
    np.testing.assert_allclose(draws, np.array(HELD["uniform"]), rtol=0, atol=1e-15)
    pictures = np.stack([Stripes(np.ones((9, 3)))(row, SIZE) for row in rows])
    options = {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4)}
    views = Augment()(pictures, rows, occurrence, seed=3, epoch=2, **options)
    np.testing.assert_allclose(views[:, :, 8:20:4, 8:20:4], np.array(HELD["views"]), atol=2e-2)
    as_they_are = plain(pictures[:1], **options)
    np.testing.assert_allclose(
        as_they_are[:, :, 8:20:4, 8:20:4], np.array(HELD["plain"]), atol=1e-5
    )


def test_folds_are_the_folds_they_were(samples):
    splits = make_splits(samples, folds=3, validation=0.2, seed=0)
    assert [split.fingerprint for split in splits] == HELD["splits"]


def test_an_identity_is_made_of_what_it_was_made_of(task):
    task = replace(task, backbone=load("backbone", "resnet18[weights=random,digest=random]"))
    model = _fit("focal[gamma=3]", "cb")
    assert model.preimage(task) == HELD["fit preimage"]
    assert Predict(model=model).preimage(task) == HELD["predict preimage"]


def test_the_head_starts_where_it_started():
    torch.manual_seed(5)
    head = load("head", "linear").build(4, 2)
    np.testing.assert_allclose(head[3].weight.detach(), np.array(HELD["head"]), atol=1e-7)
