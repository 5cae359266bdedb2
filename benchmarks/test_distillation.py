"""An epoch of a student taught by three teachers, beside a plain epoch: what they say read from
the store, as `ours` does it, and the teachers run beside the student.

pytest benchmarks/test_distillation.py --benchmark-only

The stored scheme runs every teacher once per picture and view as well, but once for all students
of a fold (`ours`, `ours+focal`, the ablations of the loss), and with `views=0` once in all.
"""

import numpy as np
import pytest
import torch

from ltmlbench import load
from ltmlbench.benchmark import configure, make_benchmark
from ltmlbench.feeds.ready import Ready
from ltmlbench.testing import work_for
from ltmlbench.training.network import autocast, build_network
from ltmlbench.training.optimiser import make_optimizer
from ltmlbench.training.views import views

BLOCKS = [np.array([1, 6]), np.array([2, 3]), np.array([4, 5])]  # columns of D M, G C, A H


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    given = {
        "dataset": "fundus-sim[patients=240]",
        "methods": "ib",
        "floors": "none",
        "image_size": 96,
        "batch_size": 32,
        "folds": 2,
        "backbones": "tf_efficientnet_lite0[weights=random]",
        "cache_dir": tmp_path_factory.mktemp("cache"),
    }
    benchmark = make_benchmark(*configure(given), decode=True)
    node = next(iter(benchmark.grid.nodes.values()))
    return work_for(node.stage, node.task, benchmark.store, tmp_path_factory.mktemp("work"))


def network(work, n_labels, seed):
    task, shape = work.task, Ready().opened(work).shape
    head = load("head", "linear")
    return build_network(task.backbone, shape, head, n_labels, task.numerics, seed)


@pytest.mark.benchmark(group="an epoch of the student, three teachers")
@pytest.mark.parametrize("teachers", ["none", "stored", "beside the student"])
def test_student_epoch(benchmark, work, teachers):
    task = work.task
    student = network(work, 8, 0)
    optimizer = make_optimizer(student, task.schedule)
    frozen = [network(work, len(block), k + 1).eval() for k, block in enumerate(BLOCKS)]
    rows = task.split.train
    stored = [np.zeros((len(task.samples), len(block)), np.float32) for block in BLOCKS]
    priors = [np.full(len(block), 0.5) for block in BLOCKS]
    hard = load("loss", "bce").bind(task.labels)
    distil = load("distillation", "class-balanced").bind(task.labels, BLOCKS, priors)
    targets = torch.from_numpy(task.samples.labels.dense.astype(np.float32))

    def epoch():
        student.train()
        for batch, images in views(work, student.trunk, rows, 0, drop_last=True):
            with autocast(task.numerics):
                logits = student(images)
            if teachers == "none":
                loss = hard(logits, targets[batch])
            elif teachers == "stored":
                said = [torch.from_numpy(logits_[batch]) for logits_ in stored]
                against = hard(logits, targets[batch], reduction="none")
                loss = distil(against, logits, targets[batch], said)
            else:
                with torch.inference_mode(), autocast(task.numerics):
                    said = [teacher(images) for teacher in frozen]
                against = hard(logits, targets[batch], reduction="none")
                loss = distil(against, logits, targets[batch], [t.clone() for t in said])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    benchmark.pedantic(epoch, rounds=3, warmup_rounds=1)
