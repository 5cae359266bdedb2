"""Output folders as commands leave them, made without any training."""

import numpy as np
import pandas as pd
import pytest

from ltmlbench.data.samples import Protocol
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import BenchmarkRecord, RunRecord, SplitRecord

LABELS = ("a", "b", "c")
SETTING = {"schedule": {"epochs": 8, "lr": 0.001}, "data": {"samples": "s" * 64, "pixels": "p"}}


def split(fold, mark="f"):
    return SplitRecord(name=fold, fingerprint=f"{mark}-{fold}", train=30, val=10, test=20)


def run_record(method, fold, seed=0, *, backbone="net", row=None, **more):
    row = row or f"{method}|{backbone}"
    given = {
        "id": f"{method}-{backbone}-{fold.replace(' ', '_')}-s{seed}-{more.pop('end', 'abcd')}",
        "method": method,
        "backbone": backbone,
        "fold": fold,
        "seed": seed,
        "floor": False,
        "status": "done",
        "row": row,
        "setting": SETTING,
        "split": split(fold),
        "recorded": "2026-01-01T00:00:00Z",
    }
    return RunRecord(**{**given, **more})


def predictions(seed):
    """20 test and 10 validation rows; no column without positives and negatives."""
    rng = np.random.default_rng(seed)
    truth = rng.random((30, 3)) < 0.5
    truth[[0, 20]], truth[[1, 21]] = True, False
    columns = {
        "id": [f"s{i}" for i in range(30)],
        "group": [f"g{i // 2}" for i in range(30)],
        "part": ["test"] * 20 + ["val"] * 10,
    }
    columns |= {f"y:{name}": truth[:, c].astype(np.uint8) for c, name in enumerate(LABELS)}
    columns |= {f"p:{name}": rng.random(30) for name in LABELS}
    return pd.DataFrame(columns)


class Folder:
    """Writes what commands would write."""

    def __init__(self, root):
        self.root = root
        self.out = OutFolder(root)

    def add(self, *runs):
        for number, run in enumerate(runs):
            self.out.write_run(run, preimage={"fields": {"loss": run.method}, "seed": run.seed})
            path = self.out.run_folder(run.id) / "predictions.parquet"
            predictions([number, len(run.method), run.seed]).to_parquet(path, index=False)
        return runs

    def command(self, *runs, **more):
        """A command that asked for these runs: they are recorded, and the benchmark is theirs."""
        self.add(*runs)
        given = {
            "title": "toy",
            "dataset": "toy",
            "fingerprint": "s" * 64,
            "samples": 60,
            "groups": 30,
            "labels": LABELS,
            "counts": (30, 20, 10),
            "shots": ("head", "medium", "tail"),
            "protocol": Protocol(headline=("map",)),
            "metrics": ("map", "macro_f1"),
            "runs": [run.id for run in runs],
            "setting": SETTING,
            "splits": {run.fold: run.split.fingerprint for run in runs if run.split},
        }
        record = BenchmarkRecord(**{**given, **more})
        self.out.write_benchmark(record)
        return record


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "out")


@pytest.fixture
def make_folder():
    return Folder


@pytest.fixture
def make_run():
    return run_record


@pytest.fixture
def make_split():
    return split


@pytest.fixture
def setting():
    return SETTING
