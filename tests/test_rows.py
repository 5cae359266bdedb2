"""The methods that were asked for, as rows."""

import pytest

from ltmlbench.config import make_config
from ltmlbench.grid import build_grid
from ltmlbench.rows import asked_rows, suited_rows
from ltmlbench.testing import task_of, vectors


@pytest.mark.parametrize(
    ("asked", "called"),
    [
        ("rlkd", "ours[pretrain=none,attention=none]"),
        ("ours", "ours[pretrain=none,attention=none]"),
        ("focal[gamma=1]", "focal[gamma=1]"),
    ],
)
def test_trials_are_told_of_the_row_whatever_the_table_calls_it(asked, called):
    task = task_of(vectors(n=60))
    config = make_config({"methods": f"ib,{asked}".split(","), "trials": {asked: 6}})
    rows = suited_rows(asked_rows(config), task)
    runs = build_grid(rows, [(task.backbone, task.numerics)], [task]).runs
    assert {run.method: run.trials for run in runs if not run.floor} == {"ib": 0, called: 6}
