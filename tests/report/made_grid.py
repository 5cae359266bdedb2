"""A made-up grid as an output folder: rows that differ in quality and cost, a long tail of labels,
everything a page draws."""

import json

import numpy as np
import pandas as pd

from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import BenchmarkRecord, RunRecord

NASTY = '</script><img src=x onerror="document.title=1">'
"""The name of a row and of a label: what no page may take for markup."""


def make_grid(out, rows=20, labels=45, folds=3, samples=240, seeds=1, stages=True):
    """Writes ``out`` as a run would leave it, without models and pictures.

    Args:
        stages: also what divides the labels and what teachers knew.
    """
    rng = np.random.default_rng(0)
    names = [f"label number {c}" for c in range(labels - 1)] + [NASTY]
    shares = 0.4 * 0.93 ** np.arange(labels)
    Y = rng.random((samples, labels)) < shares
    Y[:, 1] |= Y[:, 0] & (rng.random(samples) < 0.6)
    counts = Y.sum(axis=0)
    methods = [f"method-{row}[mu=0.{row},kappa=1]" for row in range(rows - 2)] + ["ib", NASTY]
    methods = methods[:rows]
    folder = OutFolder(out)
    runs = []
    for number, method in enumerate(["majority", *methods]):
        skill, floor = 0.9 * number / rows, number == 0
        for fold in range(folds):
            for seed in range(seeds):
                test = np.arange(samples) % folds == fold
                run = _record(len(runs), method, fold, seed, floor, (folds, samples), number)
                runs.append(run)
                folder.write_run(run)
                truth = Y[test]
                noise = np.random.default_rng([fold, seed, number]).normal(0, 1, truth.shape)
                scores = 1 / (1 + np.exp(-(2 * (2 * truth - 1) * skill + noise - 1)))
                _write(folder, run, truth, scores, names, fold)
    shots = ["head" if n >= 40 else "medium" if n >= 12 else "tail" for n in counts]
    left = [_division(folder, labels, fold) for fold in range(folds)] if stages else []
    left += [_teachers(folder, names)] if stages else []
    folder.write_benchmark(
        BenchmarkRecord(
            title="a grid", dataset="made-up", fingerprint="f" * 64, samples=samples,
            groups=samples // 2, labels=names, counts=counts.tolist(), shots=shots,
            protocol={"unit": "eye", "group_unit": "patient", "headline": ["map", "micro_f1"]},
            metrics=["map", "micro_f1", "macro_auc"], runs=[run.id for run in runs],
            stages=left,
        )
    )  # fmt: skip
    return out


def _record(place, method, fold, seed, floor, sizes, number):
    folds, samples = sizes
    split = {"name": "", "fingerprint": f"{fold}" * 64, "train": samples - samples // folds}
    cost = {"seconds": 60 + 40 * number, "trained": 3000, "scored": 0, "parameters": 10**6 * number}
    cost |= {"memory": 10**9} if number % 3 else {}
    return RunRecord(
        id=f"run-{place}", method=method, backbone="none" if floor else "net", seed=seed,
        fold=f"fold {fold + 1} of {folds}", floor=floor, status="done", recorded="2026",
        split=split | {"val": 0, "test": samples // folds}, cost=None if floor else cost,
    )  # fmt: skip


def _write(folder, run, truth, scores, names, fold):
    where = folder.run_folder(run.id)
    groups = [f"p{fold}-{i // 2}" for i in range(len(truth))]
    table = {"part": ["test"] * len(truth), "group": groups}
    table |= {f"y:{name}": truth[:, c] for c, name in enumerate(names)}
    table |= {f"p:{name}": scores[:, c] for c, name in enumerate(names)}
    pd.DataFrame(table).to_parquet(where / "predictions.parquet")
    epochs = np.arange(1, 6)
    curve = {"epoch": epochs, "train_loss": 1 / epochs, "val_map": 0.5 - 0.4 / epochs}
    curve["train_loss"] = np.where(epochs == 5, np.nan, curve["train_loss"])
    pd.DataFrame(curve).to_csv(where / "history.csv", index=False)


def _division(folder, labels, fold):
    name = f"subsets-{fold}"
    blocks = [list(range(k, labels - 1, 4)) for k in range(4)]
    folder.write_stage(name, {"title": f"subsets · fold {fold + 1}", "summary": "four"})
    path = folder.stage_folder(name) / "subsets.json"
    path.write_text(json.dumps([{"labels": [], "columns": block} for block in blocks]))
    return name


def _teachers(folder, names):
    folder.write_stage("teachers", {"title": "teachers", "summary": "some are better"})
    rng = np.random.default_rng(1)
    table = {"label": names, "positives": 3, "ap_teacher": rng.random(len(names))}
    table["ap_plain"] = rng.random(len(names))
    path = folder.stage_folder("teachers") / "teachers.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    return "teachers"
