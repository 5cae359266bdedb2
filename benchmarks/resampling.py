"""2000 resamples of patients beside scikit-learn in a loop, in turn on the same labels and scores.

python benchmarks/resampling.py

scikit-learn is called for the first few resamples only (column n) and scaled up. Each line: kappa,
flat accuracy, flat AUC and average precision per label of all resamples.
"""

import time
import warnings

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    cohen_kappa_score,
    roc_auc_score,
)

from ltmlbench.evaluation.resampling import Resamples, draw_groups

RESAMPLES = 2000


def made(n, c, density, groups, ties, seed=0):
    rng = np.random.default_rng(seed)
    frequency = np.clip(density * c * np.arange(1, c + 1) ** -1.0 / np.log(c + 1), 0, 0.5)
    truth = rng.random((n, c)) < frequency
    scores = 1 / (1 + np.exp(-rng.normal(2 * truth - 2.0, 1)))
    return truth, np.round(scores, 2) if ties else scores, rng.integers(groups, size=n).astype(str)


def with_sklearn(truth, scores):
    y, s = truth.ravel(), scores.ravel()
    each = [
        average_precision_score(truth[:, c], scores[:, c]) if truth[:, c].any() else np.nan
        for c in range(truth.shape[1])
    ]
    decided = s > 0.5
    return (
        cohen_kappa_score(y, decided),
        accuracy_score(y, decided),
        roc_auc_score(y, s),
        np.nanmean(each),
    )


def with_ltmlbench(data):
    return np.stack(
        [
            data.kappa(0.5),
            data.accuracy(0.5),
            data.flat_auc(),
            np.nanmean(data.average_precision(), axis=1),
        ],
        axis=1,
    )


def main():
    warnings.simplefilter("ignore")
    print("| samples | labels | groups | ties | n | sklearn s | ltmlbench s | ratio | max error |")
    print("|---|---|---|---|---|---|---|---|---|")
    for n, c, density, groups, ties, loops in (
        (6392, 8, 0.134, 3358, False, 40),
        (6392, 8, 0.134, 3358, True, 40),
        (10_000, 100, 0.035, 10_000, False, 4),
        (10_000, 100, 0.035, 10_000, True, 4),
    ):
        truth, scores, names = made(n, c, density, groups, ties)
        weights = draw_groups(len(np.unique(names)), RESAMPLES, 0)
        data = Resamples(truth, scores, names, weights)
        samples = [data.sample(r) for r in range(loops)]
        start = time.perf_counter()
        expected = np.array([with_sklearn(*sample) for sample in samples])
        slow = (time.perf_counter() - start) * RESAMPLES / loops
        start = time.perf_counter()
        got = with_ltmlbench(data)
        fast = time.perf_counter() - start
        error = np.abs(got[:loops] - expected).max()
        print(
            f"| {n} | {c} | {groups} | {'yes' if ties else 'no'} | {loops} | {slow:.0f} | "
            f"{fast:.2f} | **{slow / fast:.0f}** | {error:.0e} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
