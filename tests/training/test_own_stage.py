"""A stage of one's own, written with public names, trains what `Fit` trains to the last digit."""

import numpy as np
import torch

from ltmlbench.plugin import (
    Fit,
    ModelStage,
    autocast,
    epoch_batches,
    epoch_order,
    initial_network,
    lesson_of,
    load,
    network_logits,
    read_model,
    train,
    validate,
    write_model,
)
from ltmlbench.store import Store
from ltmlbench.testing import bars, made, task_of, work_for


class Own(ModelStage):
    """The loop of an outside author: its own step, everything else from the fold."""

    decay: float = 0.0

    def run(self, work):
        head, sampler = load("head", work.task.head), load("sampler", "ib")
        lesson = lesson_of(work)
        network = initial_network(work, head, lesson.n_labels)
        loss = load("loss", "bce").bind(lesson.labels)
        average = {k: v.clone() for k, v in network.state_dict().items()}

        def losses(epoch):
            order = epoch_order(work, sampler, lesson, epoch)
            for batch in epoch_batches(work, network, lesson, order, epoch):
                with autocast(work.task.numerics):
                    logits = network(batch.inputs)
                yield loss(logits, batch.targets), len(batch.rows)

        def stepped():
            for name, value in network.state_dict().items():
                if value.is_floating_point():
                    average[name].lerp_(value, 1 - self.decay)
                else:
                    average[name].copy_(value)

        steps = max(1, len(lesson.rows) // work.task.schedule.batch_size)
        history = train(
            network,
            losses,
            work,
            schedule=work.task.schedule,
            steps=steps,
            seed=work.task.seed,
            stepped=stepped,
            after=lambda: validate(work, network, lesson),
        )
        network.load_state_dict(average)
        write_model(work, network, history)

    def scores(self, work, folder, rows):
        network = read_model(work, load("head", work.task.head), 3, folder)
        return 1 / (1 + np.exp(-network_logits(work, network, rows).astype(np.float64)))


def test_an_average_that_keeps_nothing_equals_the_fit_to_the_last_digit(tmp_path):
    from safetensors.torch import load_file

    task, store = task_of(bars(60)), Store(tmp_path)
    fit = Fit(loss=load("loss", "bce"), sampler=load("sampler", "ib"), head=load("head", "linear"))
    one, two = (load_file(made(s, task, store) / "model.safetensors") for s in (fit, Own()))
    assert one.keys() == two.keys()
    assert all(torch.equal(value, two[name]) for name, value in one.items())
    own = Own()
    rows = task.split.test
    scores = [
        s.scores(work_for(s, task, store, tmp_path / "w"), made(s, task, store), rows)
        for s in (fit, own)
    ]
    np.testing.assert_array_equal(*scores)
