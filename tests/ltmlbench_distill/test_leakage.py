"""No sample of a test fold reaches pre-training, prototypes, subsets or teachers: whatever its
picture and labels are, all that is made before the student is the same."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.torch import load_file

from ltmlbench import LabelMatrix, load
from ltmlbench.data.samples import Protocol, Samples
from ltmlbench.data.splits import make_splits
from ltmlbench.engines.execute import execute
from ltmlbench.feeds.ready import make_ready
from ltmlbench.fit import Fit
from ltmlbench.grid import Row, build_grid
from ltmlbench.store import Store
from ltmlbench.task import Numerics, Schedule, Source, Task
from ltmlbench_distill.stages import Partition, Prototypes, SubsetExamples, TeacherLogits
from ltmlbench_vision.multitask import MultiTaskTrunk

N, SIDE = 90, 32


def pictures(seed):
    return np.random.default_rng(seed).integers(0, 255, (N, SIDE, SIDE, 3), dtype=np.uint8)


def the_samples(Y, seen, content):
    return Samples(
        ids=tuple(f"s{i}" for i in range(N)),
        groups=tuple(f"g{i // 2}" for i in range(N)),
        labels=LabelMatrix(Y, "abcdef"),
        read=lambda row, size: seen[row],
        content=tuple(f"{content}{i}" for i in range(N)),
        protocol=Protocol(apart=("f",)),
    )


@pytest.fixture(scope="module")
def tasks():
    """The same benchmark twice; in the second the test rows have other pictures and labels."""
    Y = (np.random.default_rng(0).random((N, 6)) < 0.3).astype(np.uint8)
    seen = pictures(2)
    samples = the_samples(Y, seen, "one")
    split = make_splits(samples, folds=3, validation=0.1, seed=0)[0]
    graded = replace(the_samples(Y, pictures(1), "x"), extras={"grade": np.arange(N) % 5})
    feed = load("feed", f"pictures[image_size={SIDE}]")
    source = Source("graded", graded, feed)
    one = Task(
        samples=samples,
        split=split,
        backbone=load("backbone", "test_resnet[weights=random]").resolve(),
        schedule=Schedule(epochs=1, batch_size=16),
        numerics=Numerics(),
        feed=feed,
        seed=0,
        sources=(source,),
    )
    other, changed = seen.copy(), Y.copy()
    other[split.test] = 255 - other[split.test]
    changed[split.test] = 1 - changed[split.test]
    two = replace(one, samples=the_samples(changed, other, "two"))
    return one, two


def made(task, root):
    """All artifacts of `ours`, by kind of stage and order in the grid."""
    store, found = Store(root), {}
    for given in (task, *task.sources):
        make_ready(given.feed, given.samples, store)
    row = Row("ours", load("method", "ours"))
    for node in build_grid([row], [(task.backbone, task.numerics)], [task]).nodes.values():
        outcome = execute(node, store, lambda *_, **__: None)
        assert not outcome.failure, outcome.trace
        found.setdefault(type(node.stage), []).append(store.folder(node.identity))
    return found


@pytest.mark.slow
def test_test_samples_reach_nothing_before_the_student(tasks, tmp_path):
    one, two = (made(task, tmp_path / name) for task, name in zip(tasks, "ab", strict=True))
    assert one.keys() == two.keys() >= {Partition, Prototypes, SubsetExamples, TeacherLogits}
    compared = 0
    for kind, names in (
        (MultiTaskTrunk, ["trunk.safetensors"]),
        (Prototypes, ["prototypes.npy"]),
        (Partition, ["subsets.json"]),
        (SubsetExamples, ["examples.npz"]),
        (TeacherLogits, ["logits.npy", "labels.npy", "prior.npy"]),
    ):
        for a, b in zip(one[kind], two[kind], strict=True):
            for name in names:
                assert content(a / name) == content(b / name), (kind.__name__, name)
                compared += 1
    assert compared > 10
    students = [load_file(folders[Fit][-1] / "model.safetensors") for folders in (one, two)]
    assert all((students[0][name] == students[1][name]).all() for name in students[0])


def content(path):
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return {name: arrays[name].tolist() for name in arrays}
    return path.read_bytes()
