"""benchmarks/choose.py: the same number of trials for every row, on validation rows alone."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from ltmlbench import load
from ltmlbench.errors import RequestError

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "choose.py"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT), run_name="choose")


@pytest.mark.parametrize("row", ["ours", "rskd", "db", "focal", "cb"])
def test_every_row_has_as_many_different_trials_its_defaults_first(script, row):
    specs = script["trials"](row, 6)
    assert specs[0] == row
    methods = [load("method", spec) for spec in specs]
    assert len({repr(method) for method in methods}) == len(specs) == 6
    assert specs == script["trials"](row, 6), "drawn alike every time"
    assert script["trials"](row, 3) == specs[:3], "more trials go on where fewer ended"
    with pytest.raises(RequestError, match=f"{row}: .* asked for"):
        script["trials"](row, 10_000)


def test_the_choice_is_the_best_mean_over_folds_and_each_fold_has_its_own(script):
    def result(fold, score):
        return {"fold": fold, "scores": {"map": score}}

    tried = {
        "a": [result("1", 0.5), result("2", 0.1)],
        "b": [result("1", 0.4), result("2", 0.3)],
        "c": [result("1", 0.4), result("2", 0.3)],
    }
    assert script["chosen"](tried) == {
        "chosen": "b",
        "chosen_per_fold": {"1": "a", "2": "b"},
    }


@pytest.mark.slow
def test_a_whole_choice_scores_no_test_row(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "ltmlbench.fit.Predict.run", lambda *_: pytest.fail("test rows are not scored")
    )
    arguments = {
        "--methods": "focal,db",
        "--trials": "2",
        "--folds": "1",
        "--out": str(tmp_path / "choice.json"),
        "--dataset": "fundus-sim[patients=40]",
        "--backbones": "test_resnet[weights=random]",
        "--image-size": "32",
        "--epochs": "1",
        "--validation": "0.4",
        "--cache-dir": str(tmp_path / "cache"),
    }
    monkeypatch.setattr(sys, "argv", ["choose.py", *np.array(list(arguments.items())).ravel()])
    script["main"]()
    found = json.loads((tmp_path / "choice.json").read_text())
    assert found["trials"] == 2
    assert {len(entry["tried"]) for entry in found["rows"].values()} == {2}
    assert "chosen for db" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "choice.json"]


def test_rows_are_compared_fold_by_fold_and_folds_share_training_rows(script):
    def judged(values):
        return [{"scores": {"map": v}, "ap": {"N": 2 * v}, "share": 0.25} for v in values]

    found = script["differences"](judged([0.5, 0.4, 0.6]), judged([0.4, 0.4, 0.4]))
    d = np.array([0.1, 0.0, 0.2])
    half = 4.302653 * np.sqrt((1 / 3 + 0.25) * d.var(ddof=1))
    np.testing.assert_allclose(found["map"], (0.1, 0.1 - half, 0.1 + half), rtol=1e-6)
    np.testing.assert_allclose(found["AP N"], np.multiply(2, found["map"]))
