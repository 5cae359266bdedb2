"""A head on stored features learns what it learns behind its trunk, and the trunk is not asked."""

import csv
import errno
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ltmlbench import load
from ltmlbench.errors import DataError, RequestError
from ltmlbench.fit import Fit
from ltmlbench.frozen import FrozenTrunk
from ltmlbench.store import Store
from ltmlbench.task import Schedule
from ltmlbench.testing import bars, made, task_of, vectors, work_for
from ltmlbench.training.features import StoredFeatures
from ltmlbench.training.fold import initial_trunk
from ltmlbench.training.views import views

EPOCHS = 3
TASKS = {kind.__name__: task_of(kind(60)) for kind in (bars, vectors)}
SECOND = Schedule(epochs=EPOCHS, batch_size=8, lr=3e-3)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


def fit(head="linear", **given):
    return Fit(loss=load("loss", "bce"), sampler=load("sampler", "ib"),
               **{"head": load("head", head), **given})  # fmt: skip


def of_head(init, head, **given):
    return fit(head, init=init, trains="head", schedule=SECOND, **given)


def frozen(n_views=EPOCHS, pooled=True, init=None):
    return FrozenTrunk(init=init or fit(), views=n_views, pooled=pooled)


def history(folder):
    with open(folder / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return [(float(row["train_loss"]), float(row["val_map"])) for row in rows]


@pytest.mark.parametrize(
    ("data", "head", "given"),
    [
        ("bars", "linear", {"average": 0.9}),
        ("bars", "csra", {"keep": "best"}),
        ("vectors", "linear", {}),
    ],
)
def test_a_head_on_as_many_views_as_epochs_is_the_one_on_views_made_anew(
    data, head, given, store, tmp_path
):
    task = TASKS[data]
    pooled = load("head", head).pools
    anew = of_head(fit(), head, **given)
    stored = of_head(frozen(pooled=pooled), head, **given)
    one, two = (made(stage, task, store) for stage in (anew, stored))
    np.testing.assert_allclose(history(two), history(one), rtol=1e-6)
    first, second = (load_file(folder / "model.safetensors") for folder in (one, two))
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-5, atol=1e-6)
    start = made(fit(), task, store)
    trunks = {n: v for n, v in load_file(start / "model.safetensors").items() if "trunk." in n}
    assert all(torch.equal(value, second[name]) for name, value in trunks.items())
    logits = [
        stage.logits(work_for(stage, task, store, tmp_path), folder, task.split.test)
        for stage, folder in ((anew, one), (stored, two))
    ]
    np.testing.assert_allclose(*logits, rtol=1e-4, atol=1e-5)


def test_the_trunk_is_not_asked_while_its_head_learns(store, tmp_path, monkeypatch):
    task, stage = TASKS["bars"], of_head(frozen(n_views=1), "linear")
    work = work_for(stage, task, store, tmp_path)
    made(stage.init, task, store)

    def never(*_):
        raise AssertionError("a forward pass of the trunk")

    monkeypatch.setattr("ltmlbench_vision.trunk.TimmTrunk.forward", never)
    stage.run(work)
    assert len(history(tmp_path)) == EPOCHS


@pytest.mark.parametrize("n_views", [0, 2])
def test_what_is_stored_is_what_the_trunk_says_of_each_view(n_views, store, tmp_path):
    task, stage = TASKS["bars"], frozen(n_views, pooled=False)
    folder = made(stage, task, store)
    work = work_for(stage, task, store, tmp_path)
    trunk = initial_trunk(work, fit()).eval()
    shown = StoredFeatures.of(task, folder / "features.npy", n_views)
    order = task.split.train[[5, 0, 5, 3, 5]]  # one row comes three times
    norm = shown.norm(task.split.train, None)

    def said(rows, epoch):
        with torch.inference_mode():
            return np.concatenate([trunk(x).numpy() for _, x in views(work, trunk, rows, epoch)])

    for epoch in range(3):
        found = shown.batch(order, np.array([0, 0, 1, 0, 2]), seed=9, epoch=epoch, norm=norm)
        turns = [(epoch + k) % n_views if n_views else None for k in (0, 0, 1, 0, 2)]
        each = [said(order[[i]], turn) for i, turn in enumerate(turns)]
        assert found.shape[1:] == shown.shape
        np.testing.assert_allclose(found, np.concatenate(each), rtol=1e-4, atol=1e-5)
    rows = task.split.val[::-1]
    plain = shown.batch(rows, np.zeros(len(rows), int), seed=9, epoch=None, norm=norm)
    np.testing.assert_allclose(plain, said(rows, None), rtol=1e-4, atol=1e-5)
    for absent, epoch in ((task.split.test, 0), (task.split.val, 0), (task.split.test, None)):
        with pytest.raises(IndexError):
            shown.batch(absent, np.zeros(len(absent), int), seed=9, epoch=epoch, norm=norm)


def test_a_head_that_was_stopped_goes_on_from_its_checkpoint(store, tmp_path, monkeypatch):
    monkeypatch.setattr("ltmlbench.training.loop.CHECKPOINT_SECONDS", 0.0)
    task, stage = TASKS["vectors"], of_head(frozen(), "linear")
    work = work_for(stage, task, store, tmp_path)

    def stopped(epoch, of, values):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage.run(replace(work, epoch=stopped))
    again = []
    stage.run(replace(work, epoch=lambda epoch, of, values: again.append(epoch)))
    assert again == [2, 3]
    ended, whole = (
        load_file(folder / "model.safetensors") for folder in (tmp_path, made(stage, task, store))
    )
    assert all(torch.equal(value, whole[name]) for name, value in ended.items())


def test_means_of_maps_take_the_room_of_vectors_and_are_no_maps(store, tmp_path):
    task = TASKS["bars"]
    maps, means = (
        np.load(made(frozen(1, pooled), task, store) / "features.npy") for pooled in (False, True)
    )
    assert len(means) == len(task.split.train) + len(task.split.val)
    np.testing.assert_allclose(means, maps.mean(axis=(1, 2)), rtol=1e-4, atol=1e-6)
    stage = of_head(frozen(1), "csra")
    with pytest.raises(RequestError, match="looks at feature maps") as caught:
        stage.run(work_for(stage, task, store, tmp_path))
    assert "\n" not in str(caught.value)


def test_schedules_share_the_features_and_views_do_not():
    task = TASKS["bars"]
    shorter = replace(task, schedule=task.schedule.model_copy(update={"batch_size": 4}))
    own = FrozenTrunk(views=2, pooled=True)
    assert own.identity(task) == own.identity(shorter)
    others = (FrozenTrunk(views=1, pooled=True), FrozenTrunk(views=2, pooled=False), frozen(2))
    assert len({stage.identity(task) for stage in (own, *others)}) == 4


def test_nothing_held_out_is_nothing_stored_of_it(store, tmp_path):
    task = TASKS["vectors"]
    task = replace(task, split=replace(task.split, val=np.empty(0, dtype=np.int64)))
    stage = of_head(FrozenTrunk(views=0, pooled=True), "linear")
    folder = made(stage, task, store)
    assert len(np.load(made(stage.init, task, store) / "features.npy")) == len(task.split.train)
    assert "val_map" not in (folder / "history.csv").read_text()


def test_a_full_disk_is_one_line_before_anything_is_written(store, tmp_path, monkeypatch):
    task, stage = TASKS["vectors"], FrozenTrunk(views=7, pooled=True)
    work = work_for(stage, task, store, tmp_path)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DataError, match=r"no room for the features .*fewer views") as caught:
        stage.run(work)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("*.npy"))
