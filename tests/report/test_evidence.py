"""What a comparison reads from an output folder."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ltmlbench.contracts import Metric
from ltmlbench.report import evidence
from ltmlbench.report.evidence import read_evidence

STORED = Path(__file__).parents[1] / "historic/0.1.0"


@pytest.fixture
def out(tmp_path):
    shutil.copytree(STORED, tmp_path / "out")
    return tmp_path / "out"


class Tuned(Metric):
    """Says how many validation rows it was tuned on."""

    seen: int = 0

    def tuned(self, Y_val, scores_val):
        return Tuned(seen=len(Y_val))

    def __call__(self, Y, scores):
        return float(self.seen)


def test_a_metric_takes_from_the_validation_rows_what_it_takes_for_the_table(out, monkeypatch):
    for path in out.glob("runs/*/predictions.parquet"):
        table = pd.read_parquet(path)
        validation = table.head(6).assign(part="val")
        pd.concat([table, validation]).to_parquet(path)
    monkeypatch.setattr(evidence, "load", lambda kind, name: Tuned())
    found = read_evidence(out)
    (folds,) = found.splits.values()
    draws = found.draws("eye", "tuned", folds, 3)
    assert {tuple(values) for values in draws[""].values()} == {(6.0, 6.0, 6.0)}


def test_resamples_are_the_same_for_all_rows_and_every_part_is_there(out):
    found = read_evidence(out)
    (folds,) = found.splits.values()
    assert found.test_share == 1
    draws, again = (found.draws("patient", "map", folds, 5) for _ in range(2))
    assert {"", "head labels", *found.labels} <= set(draws)
    assert set(draws[""]) == set(found.rows) == {"ib", "focal[gamma=3]"}
    np.testing.assert_array_equal(draws[""]["ib"], again[""]["ib"])


def test_a_run_without_predictions_leaves_the_folds_to_decide(out):
    results = pd.read_csv(out / "results.csv")
    results.loc[results["method"] == "ib", "run"] = "elsewhere"
    results.to_csv(out / "results.csv", index=False)
    found = read_evidence(out)
    (folds,) = found.splits.values()
    assert found.draws("eye", "map", folds, 5) == {}
