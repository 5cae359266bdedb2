"""The MLP: right shapes, refuses pictures, learns from vectors what there is to learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from ltmlbench import load
from ltmlbench.errors import RequestError
from ltmlbench.store import Store
from ltmlbench.task import Schedule
from ltmlbench.testing import made, task_of, vectors, work_for


@pytest.mark.parametrize(("width", "depth"), [(8, 1), (5, 3)])
def test_it_gives_as_many_features_as_it_is_wide(width, depth):
    trunk = load("backbone", f"mlp[width={width},depth={depth}]").build((11,)).eval()
    assert trunk(torch.zeros(2, 11)).shape == (2, width)
    assert trunk.num_features == width
    assert sum(isinstance(layer, torch.nn.Linear) for layer in trunk.modules()) == depth


def test_it_takes_no_pictures():
    with pytest.raises(RequestError, match="takes vectors"):
        load("backbone", "mlp").build((3, 32, 32))


def test_two_settings_are_two_rows_of_the_table():
    labels = {load("backbone", f"mlp[width={width}]").label for width in (8, 512)}
    assert len(labels) == 2


def test_a_fit_on_vectors_learns_them(tmp_path):
    task = task_of(vectors(160), schedule=Schedule(epochs=30, batch_size=16, lr=1e-2))
    model = load("method", "ib").plan(task)
    store = Store(tmp_path)
    work = work_for(model, task, store, tmp_path / "work")
    scores = model.scores(work, made(model, task, store), task.split.test)
    truth = task.samples.labels.dense[task.split.test]
    features = task.samples.vectors()[task.split.test, :3]
    best = roc_auc_score(truth, features, average="macro")  # each label has its feature
    assert roc_auc_score(truth, scores, average="macro") > best - 0.08
    assert np.isfinite(scores).all()
