"""A plausible benchmark: two floors, three methods, three folds, eyes and patients."""

import sys
from pathlib import Path

import numpy as np
import pytest

from ltmlbench.contracts import PublishedRow
from ltmlbench.data.samples import Protocol
from ltmlbench.report.about import About

sys.path.insert(0, str(Path(__file__).parent))  # made_grid and browser

LABELS = {"N": 2956, "D": 1764, "O": 1078, "G": 316, "C": 307, "A": 279, "M": 62, "H": 9}
SHOTS = ("head",) * 6 + ("medium", "tail")
HEADLINE = ("odir_kappa", "odir_f1_micro", "odir_auc")
METHODS = {"all-negative": 0.0, "majority": 0.1, "ib": 0.40, "db[mu=0.2,kappa=1]": 0.44, "db": 0.45}
NOTE = "printed 0.974; inconsistent with its own kappa; probably 0.874"


def published(method, backbone, kappa, flat, auc, note=""):
    values = dict(zip(HEADLINE, (kappa, flat, auc), strict=True))
    return PublishedRow(
        source="a poster", backbone=backbone, method=method, values=values, note=note
    )


@pytest.fixture
def about():
    return About(
        title="odir5k, 3 methods",
        dataset="odir5k",
        samples=6690,
        groups=3358,
        protocol=Protocol(
            unit="eye",
            group_unit="patient",
            group_all=("N",),
            headline=HEADLINE,
            headline_unit="patient",
        ),
        labels=tuple(LABELS),
        counts=tuple(LABELS.values()),
        shots=SHOTS,
        planned=15,
        metrics={
            "odir_f1_micro": "flat accuracy of all decisions",
            "map": "mean average precision",
        },
        published=[
            published("ib", "ResNet-50", (0.553, 0.010), (0.974, 0.009), (0.887, 0.012), NOTE),
            published("db", "ResNet-50", (0.673, 0.008), (0.930, 0.007), (0.940, 0.009)),
            published("rskd", "ResNet-50", (0.660, 0.014), (0.920, 0.013), (0.935, 0.014)),
        ],
        remarks=["the poster does not say how it split; here: 3 folds by patient"],
        notes=["26 eyes without a label are left out"],
    )


def run_rows(method, fold, seed=0, backbone="tf_efficientnet_lite0"):
    """All rows of one run; every value can be told from (method, fold)."""
    level, floor = METHODS[method], method in ("all-negative", "majority")
    rng = np.random.default_rng([len(method), fold, seed])
    run = {
        "run": f"{method}-{fold}-{seed}",
        "method": method,
        "backbone": "none" if floor else backbone,
        "fold": f"fold {fold} of 3",
        "seed": seed,
        "floor": floor,
        "trials": 0,
    }
    rows = []
    for unit in ("eye", "patient"):
        for metric in HEADLINE:
            value = level + 0.01 * fold + 0.1 * HEADLINE.index(metric)
            rows.append({"metric": metric, "label": "", "value": value, "undefined": 0})
        for metric in ("map", "macro_auc"):
            base = 0.2 + level if metric == "map" else 0.5 + level
            for name in ("", "_head", "_medium", "_tail"):
                value, missing = base + 0.01 * fold, int(fold == 2 and name in ("", "_tail"))
                value = float("nan") if missing and name else value
                rows.append(
                    {"metric": metric + name, "label": "", "value": value, "undefined": missing}
                )
            for label, count in LABELS.items():
                missing = int(fold == 2 and label == "H")
                value = np.nan if missing else min(1, base * count**0.1 / 2 + 0.05 * rng.random())
                rows.append(
                    {"metric": metric, "label": label, "value": value, "undefined": missing}
                )
        rows = [{"unit": unit, **row} for row in rows]
    return [{**run, **row} for row in rows]


@pytest.fixture
def rows():
    return [row for method in METHODS for fold in (1, 2, 3) for row in run_rows(method, fold)]
