"""Where the time of a run went: phases add up, and nothing is counted twice."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from ltmlbench.cli import main
from ltmlbench.results.spent import PHASES
from ltmlbench.spent import spending, timed


def test_a_phase_inside_another_is_taken_from_it_and_the_rest_is_other():
    with spending() as spent:
        with timed("train"):
            time.sleep(0.05)
            with timed("feed"):
                time.sleep(0.1)
        time.sleep(0.03)
    assert spent["feed"] == pytest.approx(0.1, abs=0.03)
    assert spent["train"] == pytest.approx(0.05, abs=0.03)
    assert spent["other"] == pytest.approx(0.03, abs=0.03)


def test_what_is_spent_before_does_not_count():
    with timed("feed"):
        pass
    with spending() as spent:
        pass
    assert set(spent) == {"other"}


def test_the_profile_is_printed_and_kept_and_changes_no_identity(tmp_path, capsys):
    rng = np.random.default_rng(0)
    labels = (rng.random((60, 2)) < [0.5, 0.3]).astype(int)
    frame = pd.DataFrame({"a": labels[:, 0], "b": labels[:, 1], "x": rng.normal(size=60)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    flags = ["--dataset=table", f"--data-dir={tmp_path / 't.csv'}", "--methods=ib", "--folds=2"]
    flags += ["--backbones=mlp", "--epochs=2", f"--out={tmp_path / 'out'}"]
    flags += [f"--cache-dir={tmp_path / 'cache'}"]
    assert main(["run", *flags]) == 0
    capsys.readouterr()
    assert main(["run", *flags, "--profile"]) == 0
    said = capsys.readouterr()
    assert "everything is stored already" in said.err
    header = next(x for x in said.out.splitlines() if x.startswith("method") and "feed" in x)
    assert header.split()[2:4] == ["feed", "train"]
    for path in (tmp_path / "out" / "runs").glob("ib*/run.json"):
        run = json.loads(path.read_text())
        assert set(run["spent"]) <= set(PHASES)
        whole = sum(run["spent"].values())
        assert whole == pytest.approx(sum(run["seconds"].values()), abs=0.05)
