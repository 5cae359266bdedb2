"""`Fit` and `Predict`: what a method can ask for, and what a model may not do."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from ltmlbench import LabelMatrix, load
from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import make_splits
from ltmlbench.errors import DataError, Diverged, RequestError
from ltmlbench.feeds.ready import Ready
from ltmlbench.fit import Fit, Predict
from ltmlbench.stages import ModelStage
from ltmlbench.store import Store
from ltmlbench.task import Numerics, Schedule, Task
from ltmlbench.testing import work_for

SIZE = 32


class Bars:
    """A bright bar per label."""

    def __init__(self, Y):
        self.Y = Y

    def __call__(self, row, size):
        image = np.random.default_rng(row).integers(0, 60, (size, size, 3)).astype(np.uint8)
        for c in np.flatnonzero(self.Y[row]):
            image[8 * c + 2 : 8 * c + 8, 4:28, c] = 250
        return image


@pytest.fixture(scope="module")
def task():
    Y = (np.random.default_rng(1).random((48, 3)) < [0.6, 0.4, 0.3]).astype(np.uint8)
    samples = Samples(
        ids=tuple(f"s{i}" for i in range(48)),
        groups=tuple(f"g{i}" for i in range(48)),
        labels=LabelMatrix(Y, ["a", "b", "c"]),
        read=Bars(Y),
        content=tuple(map(str, range(48))),
    )
    return Task(
        samples=samples,
        split=make_splits(samples, folds=3, validation=0.2, seed=0)[0],
        backbone=load("backbone", "test_resnet[weights=random]").resolve(),
        schedule=Schedule(epochs=2, batch_size=8, lr=3e-3),
        numerics=Numerics(),
        feed=load("feed", f"pictures[image_size={SIZE}]"),
        seed=0,
    )


def fit(**given):
    parts = {"loss": "bce", "sampler": "ib", "head": "linear"}
    return Fit(**{**{kind: load(kind, name) for kind, name in parts.items()}, **given})


def run(stage, task, folder, inputs=None):
    work = work_for(stage, task, Store(folder.parent / "store"), folder)
    given = inputs or (lambda stage: folder)
    stage.run(replace(work, input=lambda s: work.input(s) if isinstance(s, Ready) else given(s)))
    return folder


def weights(folder):
    return load_file(folder / "model.safetensors")


def equal(a, b):
    return all(torch.equal(value, b[name]) for name, value in a.items())


@pytest.fixture(scope="module")
def plain(task, tmp_path_factory):
    return weights(run(fit(), task, tmp_path_factory.mktemp("plain")))


class TestFit:
    def test_an_average_that_keeps_nothing_is_the_network_to_the_last_digit(
        self, task, plain, tmp_path
    ):
        assert equal(plain, weights(run(fit(average=0.0), task, tmp_path)))

    def test_an_average_of_few_steps_is_not_held_back_by_the_initial_weights(
        self, task, plain, tmp_path
    ):
        averaged = weights(run(fit(average=0.9999), task, tmp_path))
        assert not equal(plain, averaged)
        start = dict(task.backbone.build((3, SIZE, SIZE)).named_parameters())
        name = next(iter(start))
        moved = (plain[f"trunk.{name}"] - averaged[f"trunk.{name}"]).abs().max()
        assert moved < 0.05, "an average without warm-up would still be the start"

    def test_the_best_epoch_is_the_one_a_shorter_training_would_have_ended_with(
        self, task, tmp_path, monkeypatch
    ):
        """With a constant rate an epoch is what it is in a shorter training."""
        scores = iter([0.1, 0.7, 0.3, 0.2])
        validate = "ltmlbench.training.fold.validate"
        steady = task.schedule.model_copy(update={"decay": "constant", "warmup": 0.0})

        def trained(epochs, **given):
            schedule = steady.model_copy(update={"epochs": epochs})
            return weights(run(fit(schedule=schedule, **given), task, tmp_path / f"{epochs}"))

        with monkeypatch.context() as patched:
            patched.setattr(validate, lambda *_: {"val_map": next(scores)})
            best = trained(4, keep="best")
        assert equal(best, trained(2))
        assert not equal(best, trained(3))

    def test_the_best_epoch_needs_rows_to_choose_it_on(self, task, tmp_path):
        split = replace(task.split, val=np.empty(0, dtype=np.int64))
        with pytest.raises(RequestError, match="validation"):
            run(fit(keep="best"), replace(task, split=split), tmp_path / "none")
        with pytest.raises(RequestError, match="not both"):
            run(fit(keep="best", average=0.9), task, tmp_path / "both")

    def test_a_schedule_of_its_own_replaces_that_of_the_task(self, task, plain, tmp_path):
        same = fit(schedule=task.schedule)
        assert equal(plain, weights(run(same, task, tmp_path / "same")))
        longer = fit(schedule=task.schedule.model_copy(update={"epochs": 3, "optimizer": "sgd"}))
        folder = run(longer, task, tmp_path / "longer")
        assert len((folder / "history.csv").read_text().splitlines()) == 1 + 3

    def test_what_is_not_asked_for_is_not_in_the_identity(self, task):
        fields = fit().preimage(task)["fields"]
        assert fields.keys() == {"loss", "sampler", "head"}
        assert "optimizer" not in fit().preimage(task)["task"]["schedule"]
        assert fit(average=0.99).identity(task) != fit().identity(task)
        assert fit(keep="best").identity(task) != fit().identity(task)

    def test_only_the_head_is_trained_and_the_norms_of_the_trunk_stay(self, task, plain, tmp_path):
        first = fit()
        start = run(first, task, tmp_path / "first")
        second = fit(init=first, trains="head", sampler=load("sampler", "cb"))
        end = weights(run(second, task, tmp_path / "second", inputs=lambda s: start))
        trunk = {k: v for k, v in end.items() if k.startswith("trunk.")}
        assert any("running_mean" in name for name in trunk)
        assert equal(trunk, plain)
        assert not torch.equal(end["head.3.weight"], plain["head.3.weight"])

    def test_two_samplers_give_two_batches_a_step(self, task, plain, tmp_path):
        samplers = load("sampler", "ib"), load("sampler", "cb")
        folder = run(fit(sampler=samplers), task, tmp_path)
        assert not equal(plain, weights(folder))
        one = fit().preimage(task)["fields"]["sampler"]
        assert fit(sampler=samplers).preimage(task)["fields"]["sampler"][0] == one

    def test_a_loss_may_follow_the_progress_of_the_training(self, task, tmp_path):
        run(fit(loss=Deferred()), task, tmp_path)
        steps = max(1, len(task.split.train) // task.schedule.batch_size)
        seen = Deferred.progress[-2 * steps :]
        assert seen == sorted(seen)
        assert seen[0] == 0.0
        assert seen[steps] == 0.5
        assert seen[-1] < 1


class Deferred(load("loss", "bce").__class__):
    """Remembers when it was asked."""

    progress: ClassVar[list] = []

    def bind(self, labels):
        return _Deferred(super().bind(labels))


class _Deferred:
    def __init__(self, loss):
        self.loss = loss

    def at(self, progress, epoch):
        Deferred.progress.append(progress)
        return self.loss

    def __call__(self, logits, targets, weights=None, *, reduction="mean"):
        return self.loss(logits, targets, weights, reduction=reduction)


class Says(ModelStage):
    """Scores that are given, whatever the sample."""

    value: str

    def run(self, work):
        pass

    def scores(self, work, folder, rows):
        labels = work.task.samples.labels
        shape = (len(rows), labels.n_labels)
        made = {
            "half": lambda: np.full(shape, 0.5),
            "nan": lambda: np.where(np.arange(shape[1]) == 1, np.nan, np.full(shape, 0.5)),
            "three": lambda: np.full(shape, 3.0),
            "narrow": lambda: np.full((shape[0], 1), 0.5),
            "text": lambda: np.full(shape, "yes"),
            "truth": lambda: labels.take(rows).dense.astype(float),
        }
        return made[self.value]()


class TestPredict:
    def predict(self, value, task, folder):
        run(Predict(model=Says(value=value)), task, folder)
        return pd.read_parquet(folder / "predictions.parquet")

    @pytest.mark.parametrize(
        ("value", "error", "said"),
        [
            ("nan", Diverged, "NaN or infinite"),
            ("three", DataError, "in 3..3, not in 0..1"),
            ("narrow", DataError, "have shape"),
            ("text", DataError, "no numbers"),
        ],
    )
    def test_scores_that_are_none_are_never_stored(self, task, tmp_path, value, error, said):
        with pytest.raises(error, match=said):
            self.predict(value, task, tmp_path)
        assert not (tmp_path / "predictions.parquet").exists()

    def test_a_model_cannot_look_up_the_truth_of_the_test_rows(self, task, tmp_path):
        table = self.predict("truth", task, tmp_path)
        test, val = table[table["part"] == "test"], table[table["part"] == "val"]
        assert (test.filter(like="p:") == 0).all(axis=None)
        assert (test.filter(like="y:") == 1).any(axis=None), "the judge sees it"
        np.testing.assert_array_equal(val.filter(like="p:"), val.filter(like="y:"))

    def test_hiding_the_truth_changes_no_identity(self, task):
        stage = Predict(model=fit())
        assert stage.identity(task) == stage.identity(task.blind())
        others = replace(task, samples=task.samples.take(np.arange(47)))
        assert stage.identity(others) != stage.identity(task)
