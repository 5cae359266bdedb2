"""The training loop: deterministic, resumable to the last digit, honest about divergence."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ltmlbench import LabelMatrix, load
from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import make_splits
from ltmlbench.errors import Diverged
from ltmlbench.feeds.ready import Ready
from ltmlbench.fit import Fit, Predict
from ltmlbench.seeding import derive_seed
from ltmlbench.store import SCRATCH, Store
from ltmlbench.task import Numerics, Schedule, Task
from ltmlbench.testing import work_for
from ltmlbench.training import loop
from ltmlbench.training.network import build_network
from ltmlbench.training.optimiser import learning_rate, make_optimizer

SIZE = 32
SHAPE = (3, SIZE, SIZE)


class Blobs:
    """Pictures with a bright square per label: easy to learn, made without files."""

    def __init__(self, Y):
        self.Y = Y

    def __call__(self, row, size):
        image = np.random.default_rng(row).integers(0, 60, (size, size, 3)).astype(np.uint8)
        for c in np.flatnonzero(self.Y[row]):
            image[8 * c + 2 : 8 * c + 8, 4:28, c] = 250
        return image


@pytest.fixture(scope="module")
def task():
    Y = (np.random.default_rng(0).random((72, 3)) < [0.6, 0.4, 0.2]).astype(np.uint8)
    samples = Samples(
        ids=tuple(f"s{i}" for i in range(72)),
        groups=tuple(f"g{i // 2}" for i in range(72)),
        labels=LabelMatrix(Y, ["a", "b", "c"]),
        read=Blobs(Y),
        content=tuple(map(str, range(72))),
    )
    return Task(
        samples=samples,
        split=make_splits(samples, folds=3, validation=0.2, seed=0)[0],
        backbone=load("backbone", "test_resnet[weights=random]").resolve(),
        schedule=Schedule(epochs=4, batch_size=8, lr=3e-3),
        numerics=Numerics(),
        feed=load("feed", f"pictures[image_size={SIZE}]"),
        seed=0,
    )


def stage(loss="bce", sampler="ib"):
    return Fit(
        loss=load("loss", loss), sampler=load("sampler", sampler), head=load("head", "linear")
    )


def run(stage, task, folder, epoch=lambda i, of, values: None):
    work = work_for(stage, task, Store(folder.parent / "store"), folder)
    stage.run(
        replace(
            work, input=lambda s: work.input(s) if isinstance(s, Ready) else folder, epoch=epoch
        )
    )
    return folder


def history(folder):
    with open(folder / "history.csv", newline="") as file:
        timing = ("seconds", "images_per_second")
        return [{k: v for k, v in row.items() if k not in timing} for row in csv.DictReader(file)]


def assert_same_artifacts(a, b):
    one, two = load_file(a / "model.safetensors"), load_file(b / "model.safetensors")
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert torch.equal(value, two[name]), name
    assert history(a) == history(b)


def test_it_learns(task, tmp_path):
    longer = replace(task, schedule=Schedule(epochs=8, batch_size=8, lr=3e-3))
    folder = run(stage(), longer, tmp_path)
    rows = history(folder)
    assert float(rows[-1]["train_loss"]) < 0.6 * float(rows[0]["train_loss"])
    assert float(rows[-1]["val_map"]) > 0.8


def test_the_same_task_gives_the_same_network(task, tmp_path):
    one, two = (run(stage("db", "cb"), task, tmp_path / name) for name in "ab")
    assert_same_artifacts(one, two)


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_stopped_fit_goes_on_and_ends_with_the_same_numbers(
    task, tmp_path, monkeypatch, stop_after
):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", float("inf"))
    whole = run(stage(), task, tmp_path / "whole")
    seen = []

    def stop(index, of, values):
        seen.append(index)
        if index == stop_after + 1:  # the checkpoint of the epoch before is on disk
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stage(), task, tmp_path / "stopped", stop)
    assert not (tmp_path / "stopped" / "model.safetensors").exists()
    run(stage(), task, tmp_path / "stopped", lambda i, of, values: seen.append(i))
    assert seen == [*range(1, stop_after + 2), *range(stop_after + 1, 5)]
    assert_same_artifacts(whole, tmp_path / "stopped")


@pytest.mark.parametrize(
    ("takes", "intervals"),
    [
        (1 / 128, [10, 10, 10]),  # a fast disk: one every ten seconds
        (1 / 8, [10, 26, 26]),
        (3, [10, 600]),  # a slow one: as seldom as it has to be
    ],
)
def test_checkpoints_take_a_two_hundredth_of_a_training_at_most(
    task, tmp_path, monkeypatch, takes, intervals
):
    """With a clock of its own: an epoch takes two seconds, a checkpoint ``takes``."""
    clock, began = [0.0], []

    def save(*given):
        began.append(clock[0])
        clock[0] += takes

    monkeypatch.setattr(loop.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(loop, "save_checkpoint", save)
    network = torch.nn.Linear(1, 1)
    loop.train(
        network,
        lambda epoch: iter([(network(torch.ones(1, 1)).sum(), 1)]),
        work_for(stage(), task, Store(tmp_path), tmp_path),
        schedule=Schedule(epochs=400),
        steps=1,
        seed=0,
        after=lambda: clock.append(clock.pop() + 2) or {},
    )
    ends = [0, *(start + takes for start in began)]
    waited = [start - end for start, end in zip(began, ends, strict=False)]
    assert waited[: len(intervals)] == pytest.approx(intervals)
    assert takes * (len(began) - 1) <= clock[0] / 200


def test_a_damaged_checkpoint_means_starting_over(task, tmp_path):
    (tmp_path / SCRATCH).mkdir()
    (tmp_path / SCRATCH / "checkpoint.safetensors").write_bytes(b"half a checkpoint")
    assert len(history(run(stage(), task, tmp_path))) == 4


def test_all_methods_of_a_fold_start_from_the_same_network(task):
    networks = [
        build_network(
            task.backbone, SHAPE, load("head", "linear"), 3, task.numerics, derive_seed(0, "init")
        )
        for _ in range(2)
    ]
    for a, b in zip(networks[0].parameters(), networks[1].parameters(), strict=True):
        assert torch.equal(a, b)
    other = build_network(task.backbone, SHAPE, load("head", "linear"), 3, task.numerics, seed=1)
    assert not torch.equal(other.head[-1].weight, networks[0].head[-1].weight)


def test_a_loss_that_is_not_finite_is_divergence(task, tmp_path):
    wild = replace(task, schedule=Schedule(epochs=3, batch_size=8, lr=1e12))
    with pytest.raises(Diverged, match="no longer finite in epoch"):
        run(stage("focal[gamma=0]"), wild, tmp_path)


def test_the_learning_rate_warms_up_and_falls_to_zero():
    schedule, steps = Schedule(lr=0.5, warmup=0.2), 50
    rates = [learning_rate(schedule, step, steps) for step in range(steps)]
    np.testing.assert_allclose(rates[:10], 0.5 * np.arange(1, 11) / 10)
    cosine = 0.25 * (1 + np.cos(np.pi * np.arange(40) / 40))
    np.testing.assert_allclose(rates[10:], cosine)
    assert rates[-1] < 0.01 * 0.5


def test_norms_and_biases_do_not_decay(task):
    network = build_network(task.backbone, SHAPE, load("head", "linear"), 3, task.numerics, 0)
    decayed, kept = make_optimizer(network, Schedule(weight_decay=0.3)).param_groups
    assert (decayed["weight_decay"], kept["weight_decay"]) == (0.3, 0.0)
    assert all(p.ndim > 1 for p in decayed["params"])
    assert all(p.ndim <= 1 for p in kept["params"])


def test_predictions_are_those_of_the_stored_network(task, tmp_path):
    fit = stage()
    run(fit, task, tmp_path)
    run(Predict(model=fit), task, tmp_path)
    import pandas as pd

    table = pd.read_parquet(tmp_path / "predictions.parquet")
    assert list(table["part"].unique()) == ["val", "test"]
    rows = np.concatenate([task.split.val, task.split.test])
    assert list(table["id"]) == [task.samples.ids[row] for row in rows]
    np.testing.assert_array_equal(table[["y:a", "y:b", "y:c"]], task.samples.labels.dense[rows])

    network = build_network(task.backbone, SHAPE, fit.head, 3, task.numerics, 0).eval()
    network.load_state_dict(load_file(tmp_path / "model.safetensors"))
    mean, std = (np.array(v, dtype=np.float32) for v in (network.trunk.mean, network.trunk.std))
    pictures = [task.samples.read(row, SIZE) for row in rows]
    pixels = np.stack(pictures).astype(np.float32) / 255
    images = torch.from_numpy((pixels - mean) / std).permute(0, 3, 1, 2).contiguous()
    with torch.no_grad():
        expected = network(images).sigmoid().numpy()
    np.testing.assert_allclose(table[["p:a", "p:b", "p:c"]], expected, atol=1e-5)


def test_it_says_where_the_weights_came_from(task, tmp_path):
    run(stage(), task, tmp_path)
    network = json.loads((tmp_path / "network.json").read_text())
    assert network["weights"]["sha256"] == "random"
    assert network["numerics"] == {"device": "cpu", "dtype": "float32", "channels_last": True}


def test_a_batch_larger_than_the_data_is_one_batch(task, tmp_path):
    large = replace(task, schedule=Schedule(epochs=1, batch_size=500))
    rows = history(run(stage(), large, tmp_path))
    assert math.isfinite(float(rows[0]["train_loss"]))


def test_bfloat16_trains_too(task, tmp_path):
    half = replace(
        task,
        schedule=Schedule(epochs=2, batch_size=8, lr=3e-3),
        numerics=Numerics(dtype="bfloat16"),
    )
    rows = history(run(stage(), half, tmp_path))
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])
