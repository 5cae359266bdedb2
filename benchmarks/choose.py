"""Chooses options of rows on validation rows alone, with as many trials for every row.

    python benchmarks/choose.py --out choose.json --trials 6 --dataset odir5k \
        --data-dir /path/to/ODIR-5K --source idrid=/path/to/idrid --image-size 96 --epochs 5

The rules, the same for every row (ours; what a result says of them is the file of ``--out``):

- The space of a row is `SPACE`. Trial 0 is the row with its defaults, the others are drawn from
  the space without repetition, seeded by the row's name. Every row has the same number of trials.
- A trial is judged by the mean of mAP over the folds asked for, on validation rows alone. No test
  row is scored: stages are made up to the model, and only its validation scores are computed.
- With K folds the validation rows of one fold are test rows of another. ``chosen`` is therefore
  given per fold as well: a fold's own choice has seen none of its test rows.
- Stopped, it goes on: what is trained lies in the store (``--cache-dir``).

Printed per trial: validation scores; what the row cost over all of its stages, those shared with
other rows or folds included: minutes, and passes: samples forward and backward (3) or only forward
(1), in thousands. ``--rows "ib;ours[views=1]"`` prints given rows and chooses nothing; from two
folds on, each of them minus the first as well: the mean difference over folds and its 95 %
interval, corrected for the training rows that folds share (`ltmlbench.evaluation.paired`).
Enter the choice with ``trials: {...}`` in the configuration of the table.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ltmlbench.benchmark import configure, make_benchmark
from ltmlbench.errors import LtmlbenchError, RequestError
from ltmlbench.evaluation.paired import corrected_t
from ltmlbench.grid import Grid, Run
from ltmlbench.registry import load
from ltmlbench.results.cost import cost_of
from ltmlbench.seeding import derive_seed
from ltmlbench.stages import ModelStage, Stage, Work
from ltmlbench.store import Store, write_json
from ltmlbench.testing import made

SPACE: dict[str, dict[str, list[str]]] = {
    "ours": {
        "alpha": ["0.3", "0.5", "0.7"],
        "temperature": ["1", "2"],
        "kd_weight": ["db", "uniform"],
        "teacher_epoch": ["subset", "data"],
        "rest": ["labels", "teacher"],
    },
    "rskd": {
        "alpha": ["0.3", "0.5", "1.0", "2.0"],
        "temperature": ["2", "5", "10"],
        "negatives": ["1", "2"],
    },
    "db": {
        "mu": ["0.1", "0.2", "0.3", "0.5"],
        "gamma": ["0", "1", "2"],
        "sampler": ["cb", "ib"],
    },
    "focal": {"gamma": ["0.5", "1", "1.5", "2", "2.5", "3", "4", "5"]},
    "cb": {
        "loss": ["bce", "focal", "focal[gamma=1]"],
        "sampler": ["cb[samples_per_class=1]", "cb", "cb[samples_per_class=5]"],
    },
}
SCORE = "map"


class Validated(Stage):
    """Scores of a model on the validation rows alone: ``validation.json``."""

    stored_as: ClassVar[str] = "benchmarks.choose:Validated"

    model: ModelStage

    def run(self, work: Work) -> None:
        rows = work.task.split.val
        if not len(rows):
            raise RequestError("there are no validation rows to choose on: set validation above 0")
        truth = work.task.samples.labels.take(rows).dense
        scores = self.model.scores(work, work.input(self.model), rows)
        names = dict.fromkeys([SCORE, "macro_auc", *work.task.samples.protocol.headline])
        found = {name: float(load("metric", name)(truth, scores)) for name in names}
        ap = load("metric", "map").per_label(truth, scores)
        write_json(
            work.folder / "validation.json",
            {"scores": found, "ap": dict(zip(work.task.labels.names, map(float, ap), strict=True))},
        )


def trials(row: str, number: int) -> list[str]:
    """The specifications to try for a row, its defaults first.

    Raises:
        RequestError: the space of the row holds fewer.
    """
    method, space = load("method", row), SPACE[row]
    drawn = [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]
    specs = [f"{row}[{','.join(f'{k}={v}' for k, v in options.items())}]" for options in drawn]
    specs = [spec for spec in specs if load("method", spec) != method]
    np.random.default_rng(derive_seed(0, "choose", row)).shuffle(specs)
    if len(specs) + 1 < number:
        raise RequestError(f"{row}: {len(specs) + 1} trials in its space, {number} asked for")
    return [row, *specs[: number - 1]]


def judged(run: Run, grid: Grid, store: Store) -> dict[str, Any]:
    """Validation scores and cost of a run; its stages are made where they are not stored."""
    node = grid.nodes[run.model]
    assert isinstance(node.stage, ModelStage)
    folder = made(Validated(model=node.stage), node.task, store)
    found: dict[str, Any] = json.loads((folder / "validation.json").read_text())
    spent = cost_of(run.model, grid, store)
    assert spent is not None, "what was made is stored"
    passes = (3 * spent.trained + spent.scored) / 1000
    cost = {"minutes": round(spent.seconds / 60, 2), "kpasses": round(passes, 1)}
    split = node.task.split
    return {"fold": run.fold, "share": len(split.val) / len(split.train), **found, "cost": cost}


def show(name: str, results: list[dict[str, Any]]) -> None:
    """Means over folds; of a label without a positive in some folds, over the others."""
    values = pd.DataFrame([r["scores"] | r["cost"] for r in results]).mean().round(3)
    print(name, *(f"{k} {v:g}" for k, v in values.items()), sep="  ", flush=True)
    ap = pd.DataFrame([r["ap"] for r in results]).mean().round(3)
    print("    AP", *(f"{k} {v:g}" for k, v in ap.items()), flush=True)


def choose(arguments: argparse.Namespace, settings: dict[str, Any]) -> None:
    """Makes and judges every trial, and writes what was found after each."""
    rows = arguments.methods.split(",")
    plan = {row: trials(row, arguments.trials) for row in rows}
    if arguments.rows:
        plan = {spec: [spec] for spec in arguments.rows.split(";")}
    record: dict[str, Any] = {
        "score": SCORE,
        "trials": arguments.trials if not arguments.rows else None,
        "space": {row: SPACE[row] for row in plan if row in SPACE},
        "settings": {
            name: [text.partition("=")[0] for text in value] if name == "sources" else str(value)
            for name, value in settings.items()
            if name not in ("data_dir", "cache_dir")
        },
        "rows": {},
    }
    for row, specs in plan.items():
        tried: dict[str, Any] = {}
        for spec in specs:
            benchmark = make_benchmark(*configure({**settings, "methods": [spec]}), decode=True)
            runs = benchmark.grid.runs[: arguments.folds or None]
            tried[spec] = [judged(run, benchmark.grid, benchmark.store) for run in runs]
            show(spec, tried[spec])
            record["rows"][row] = {"tried": tried, **chosen(tried)}
            write_json(Path(arguments.out), record)
        if len(tried) > 1:
            best = chosen(tried)["chosen"]
            print(f"chosen for {row}: {best}  trials: {{{best!r}: {len(tried)}}}", flush=True)
    judgements = [next(iter(entry["tried"].values())) for entry in record["rows"].values()]
    if arguments.rows and len(judgements[0]) > 1:
        record["differences"] = {
            row: differences(found, judgements[0])
            for row, found in zip(list(plan)[1:], judgements[1:], strict=True)
        }
        write_json(Path(arguments.out), record)
        for row in list(plan)[1:]:
            values = record["differences"][row].items()
            said = (
                f"{k} {mean:+.3f} ({low:+.3f} to {high:+.3f})" for k, (mean, low, high) in values
            )
            print(f"{row} minus {next(iter(plan))}", *said, sep="  ", flush=True)


def differences(
    row: list[dict[str, Any]], first: list[dict[str, Any]]
) -> dict[str, tuple[float, float, float]]:
    """Score -> mean difference over folds and its 95 % interval; per label as ``AP <label>``."""
    found = {}
    share = float(np.mean([judged["share"] for judged in first]))
    for kind, prefix in (("scores", ""), ("ap", "AP ")):
        for name in first[0][kind]:
            d = [a[kind][name] - b[kind][name] for a, b in zip(row, first, strict=True)]
            tested = corrected_t(d, share)
            found[prefix + name] = (tested.mean, tested.low, tested.high)
    return found


def chosen(tried: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The trial with the highest mean score over folds, and that of each fold; the first of
    equals."""
    folds = [result["fold"] for result in next(iter(tried.values()))]
    scores = {spec: [r["scores"][SCORE] for r in results] for spec, results in tried.items()}
    return {
        "chosen": max(scores, key=lambda spec: float(np.mean(scores[spec]))),
        "chosen_per_fold": {
            fold: max(scores, key=lambda spec, i=i: scores[spec][i]) for i, fold in enumerate(folds)
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--methods", default=",".join(SPACE), help="rows to choose for")
    parser.add_argument("--rows", default="", help="rows to judge as they are, parted by ;")
    parser.add_argument("--trials", type=int, default=6, help="per row, its defaults among them")
    parser.add_argument("--folds", type=int, default=0, help="only the first N; 0: all")
    parser.add_argument("--out", required=True, help="JSON of all trials")
    arguments, rest = parser.parse_known_args()
    settings: dict[str, Any] = {"explanation": "none", "floors": "none"}
    for name, value in zip(rest[::2], rest[1::2], strict=True):
        settings[name.removeprefix("--").replace("-", "_")] = value
    if "source" in settings:
        settings["sources"] = [settings.pop("source")]
    choose(arguments, settings)


if __name__ == "__main__":
    try:
        main()
    except LtmlbenchError as error:
        sys.exit(f"choose: {error}")
