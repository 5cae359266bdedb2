"""One step of each reduced row, against the gradient of its loss written out in float64."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from ltmlbench import load
from ltmlbench.plugin import Covariate, Schedule, initial_network, initial_trunk, views
from ltmlbench.store import Store
from ltmlbench.task import Source
from ltmlbench.testing import bars, made, task_of, vectors, work_for
from ltmlbench_reduced.pairs import pair_labels, pairs_of

RATE = 0.1
ONE_STEP = Schedule(epochs=1, batch_size=64, lr=RATE, weight_decay=0, warmup=0, clip=1e9,
                    optimizer="sgd", momentum=0, decay="constant")  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


def stepped(network, loss):
    """Weights after one step of plain gradient descent."""
    torch.autograd.backward(loss)
    return {
        name: (p - RATE * p.grad if p.grad is not None else p).detach()
        for name, p in network.named_parameters()
    }


def same_weights(folder, expected):
    found = load_file(folder / "model.safetensors")
    for name, value in expected.items():
        torch.testing.assert_close(
            found[name].double(), value.double(), rtol=2e-4, atol=2e-6, msg=name
        )


class TestScfkd:
    @pytest.fixture
    def task(self):
        samples = vectors(60)
        covariates = {"age": Covariate(np.arange(60.0)), "words": Covariate(samples.labels.dense)}
        plain = load("backbone", "mlp[width=8,depth=1,dropout=0]")
        return task_of(replace(samples, covariates=covariates), backbone=plain, schedule=ONE_STEP)

    @pytest.fixture
    def model(self, task):
        return load("method", "scfkd[width=4,feature_weight=0.3,kd_weight=0.7]").plan(task)

    def shown(self, work, task):
        """Of every training pair: inputs of both, what both are known to be, what they have."""
        pairs = pairs_of(task.samples.groups, task.split.train)
        rows = pairs.ravel()
        batches = views(work, initial_trunk(work), rows, 0, batch_size=len(rows))
        inputs = torch.cat([part for _, part in batches]).double()
        values = np.column_stack([c.values for c in task.samples.covariates.values()])
        seen = values[task.split.train]
        known = torch.from_numpy((values - seen.mean(axis=0)) / seen.std(axis=0))
        targets = torch.from_numpy(pair_labels(task.samples, pairs).dense.astype(float))
        return inputs, torch.cat([known[pairs[:, 0]], known[pairs[:, 1]]], dim=1), targets

    def test_the_teacher_learns_from_pairs_and_covariates(self, task, model, store, tmp_path):
        from ltmlbench_reduced.pair_training import initial_teacher

        teacher = model.teacher
        assert teacher.features == ("age", "words")
        work = work_for(teacher, task, store, tmp_path)
        network = initial_teacher(work, 8, 4).double()
        inputs, known, targets = self.shown(work, task)
        f = network.trunk(inputs)
        h = torch.cat([f[0::2], f[1::2], network.encode(known)], dim=1)
        loss = F.binary_cross_entropy(network.head(h).sigmoid(), targets)
        same_weights(made(teacher, task, store), stepped(network, loss))

    def test_the_student_learns_as_its_formula_says(self, task, model, store, tmp_path):
        from ltmlbench_reduced.pair_training import initial_student

        work = work_for(model, task, store, tmp_path)
        network = initial_student(work, 4).double()
        inputs, known, targets = self.shown(work, task)
        teacher = model.teacher.network(work, made(model.teacher, task, store)).double()
        with torch.no_grad():
            f = teacher.trunk(inputs)
            m = teacher.encode(known)
            t = teacher.head(torch.cat([f[0::2], f[1::2], m], dim=1))
        f = network.trunk(inputs)
        f = torch.cat([f[0::2], f[1::2]], dim=1)
        g = network.guess(f)
        z = network.head(torch.cat([f, g], dim=1))
        kd = F.binary_cross_entropy((z / 2).sigmoid(), (t / 2).sigmoid())
        loss = (
            F.binary_cross_entropy(z.sigmoid(), targets)
            + 0.3 * (g - m).square().sum() / len(g)
            + 0.7 * 4 * kd
        )
        same_weights(made(model, task, store), stepped(network, loss))


def test_collab_learns_as_its_formula_says(store, tmp_path):
    from ltmlbench.plugin import epoch_batches, epoch_order, lesson_of

    plain = load("backbone", "mlp[width=8,depth=2,dropout=0]")
    task = task_of(vectors(60), backbone=plain, schedule=ONE_STEP)
    model = load("method", "collab[weight=0.4]").plan(replace(task, head="linear[dropout=0]"))
    work = work_for(model, task, store, tmp_path)
    lesson = lesson_of(work)
    network = initial_network(work, model.head, 3)
    batches = [
        next(epoch_batches(work, network, lesson, epoch_order(work, s, lesson, 0, i), 0))
        for i, s in enumerate((model.first, model.second))
    ]
    x_u, x_r = (batch.inputs.double() for batch in batches)
    y_u, y_r = (batch.targets.double() for batch in batches)
    # layer by layer: the first is shared, the second and the head are there twice
    shared, own = network.double().trunk.layers[:4], network.trunk.layers[4:]
    u = torch.nn.ModuleList([own, network.head])
    r = copy.deepcopy(u)

    def said(branch):
        return branch[1](branch[0](shared(torch.cat([x_u, x_r]))))

    a, b = said(u), said(r)
    n = len(x_u)
    loss = (
        F.binary_cross_entropy(a[:n].sigmoid(), y_u)
        + F.binary_cross_entropy(b[n:].sigmoid(), y_r)
        + 0.4 * ((a - b) ** 2).mean()
    )
    expected = stepped(torch.nn.ModuleDict({"shared": shared, "u": u, "r": r}), loss)
    found = {}
    for name, value in expected.items():
        part, _, rest = name.partition(".")
        place, _, inner = rest.partition(".")
        number, _, leaf = inner.partition(".")
        found[
            f"trunk.layers.{rest}" if part == "shared"
            else f"head.{inner}" if (part, place) == ("u", "1")
            else f"second_head.{inner}" if place == "1"
            else f"trunk.layers.{number}.{leaf}" if part == "u"
            else f"second_stage.{int(number) - 4}.{leaf}"
        ] = value  # fmt: skip
    same_weights(made(model, task, store), found)
    scores = model.scores(work, made(model, task, store), task.split.test)
    trained = model._network(work, made(model, task, store))
    _, inputs = next(views(work, trained.trunk, task.split.test, None))
    with torch.no_grad():
        both = [
            trained.head(trained.trunk(inputs)),
            trained.second_head(
                torch.nn.Sequential(*trained.trunk.layers[:4], *trained.second_stage).eval()(inputs)
            ),
        ]
    np.testing.assert_allclose(scores, (sum(both) / 2).sigmoid().numpy(), rtol=1e-5)


def test_cct_net_learns_from_labels_and_source_as_its_formula_says(store, tmp_path):
    from ltmlbench.plugin import epoch_batches, epoch_order, lesson_of
    from ltmlbench_reduced.cct_training import initial_cct, source_batches

    own = bars(24)
    graded = replace(
        bars(20),
        ids=tuple(f"z{i}" for i in range(20)),
        content=tuple(f"z{i}" for i in range(20)),
        extras={"grade": np.arange(20) % 4 - 1},
    )
    task = task_of(own, schedule=ONE_STEP.model_copy(update={"batch_size": 8}))
    task = replace(task, sources=(Source("graded", graded, task.feed),))
    method = load("method", "cct-net[width=4,domain_weight=0.2]")
    assert method.suited(task) == method
    model = method.plan(task)
    work = work_for(model, task, store, tmp_path)
    network, lesson = initial_cct(work, 4), lesson_of(work)
    assert max(1, len(lesson.rows) // 8) == 1, "the test is of one step"
    order = epoch_order(work, load("sampler", "ib"), lesson, 0)
    target = next(epoch_batches(work, network, lesson, order, 0))
    source = next(source_batches(work, network, {0: np.flatnonzero(np.arange(20) % 4)}, 0, 1))
    network = network.double()
    F_all = network.trunk(torch.cat([target.inputs, source.inputs]).double())
    head, c = network.head, 3
    H, A = head.maps(F_all), head.confidence(F_all).sigmoid()
    y = (A * H).sum(dim=(2, 3)) / A.sum(dim=(2, 3))
    refined = [
        torch.relu(head.refine(F_all * H[:, [k]].sigmoid()) + head.shift[:, None, None])
        .mean(dim=(2, 3))
        for k in range(c + 1)
    ]  # fmt: skip
    r = torch.cat([head.classify(f) for f in refined], dim=1)
    n, ill = len(target.rows), source.ill.double()

    def bce(z, truth):
        return F.binary_cross_entropy(z.sigmoid(), truth)

    learnt = (
        bce(y[:n, :c], target.targets.double())
        + bce(r[:n, :c], target.targets.double())
        + bce(y[n:, c:], ill)
        + bce(r[n:, c:], ill)
    )
    guess = torch.cat([head.domain(f) for f in refined], dim=1)
    confusion = (bce(guess[:n, :c], torch.zeros(n, c).double())
                 + bce(guess[n:, c:], torch.ones(len(ill), 1).double())) / 2  # fmt: skip
    # who tells the domains apart goes down its loss, whoever makes the features goes up
    apart = [p for name, p in network.named_parameters() if name.startswith("head.domain")]
    rest = [p for name, p in network.named_parameters() if not name.startswith("head.domain")]
    slope = dict(zip(apart, torch.autograd.grad(confusion, apart, retain_graph=True), strict=True))
    up = torch.autograd.grad(confusion, rest, retain_graph=True, allow_unused=True)
    down = torch.autograd.grad(learnt, rest, allow_unused=True)
    for p, a, b in zip(rest, down, up, strict=True):
        slope[p] = (0 if a is None else a) - 0.2 * (0 if b is None else b)
    expected = {
        name: (p - RATE * (0.2 * slope[p] if p in set(apart) else slope[p])).detach()
        for name, p in network.named_parameters()
    }
    same_weights(made(model, task, store), expected)
