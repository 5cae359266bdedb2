"""What is stored of a teacher is what it would say beside the student, step by step."""

import numpy as np
import torch

from ltmlbench.registry import load
from ltmlbench.store import Store
from ltmlbench.task import Schedule
from ltmlbench.testing import bars, made, task_of, work_for
from ltmlbench.training.fold import epoch_batches, epoch_order, lesson_of
from ltmlbench_distill.stages import TeacherLogits


def test_at_every_step_the_stored_outputs_are_those_of_a_forward_pass(tmp_path):
    task = task_of(bars(36), schedule=Schedule(epochs=2, batch_size=8))
    store = Store(tmp_path / "store")
    teacher = load("method", "ib").plan(task)
    stage = TeacherLogits(teacher=teacher, views=2)
    said = np.load(made(stage, task, store) / "logits.npy")
    assert said.shape == (2, len(task.split.train), task.labels.n_labels)
    assert not np.allclose(said[0], said[1], atol=1e-3), "every epoch has views of its own"
    work = work_for(stage, task, store, tmp_path / "work")
    network = teacher.network(work, made(teacher, task, store))
    position = {row: i for i, row in enumerate(task.split.train)}
    steps = 0
    for epoch in range(2):
        lesson = lesson_of(work)
        order = epoch_order(work, teacher.sampler, lesson, epoch)
        for batch in epoch_batches(work, network, lesson, order, epoch):
            with torch.inference_mode():
                forward = network(batch.inputs).float().numpy()
            stored = said[epoch][[position[row] for row in batch.rows]]
            np.testing.assert_allclose(stored, forward, rtol=1e-4, atol=1e-4)
            steps += 1
    assert steps == 2 * (len(task.split.train) // 8)
