"""Do teachers of label subsets help, the rare labels above all? On MULAN's vectors, with
scikit-learn's small network.

    OMP_NUM_THREADS=1 python benchmarks/subsets_teachers.py FOLDER/medical.npz ... [--seeds 5]

Each file holds X, Y and a mask ``train``; where that is no split, a third of the rows is drawn for
the test, the same for every row of the table. One teacher per subset, its logits
corrected for the prior of its rows, is averaged with a plain network, or distilled into a student
whose labels are half of the time drawn from the teachers. Hold the averages against the row of two
ordinary networks: any average of two models gains.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from scipy.special import expit, logit
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import average_precision_score
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from tabulate import tabulate

from ltmlbench import LabelMatrix, load
from ltmlbench.division import Division

NETWORK = {"hidden_layer_sizes": (256,), "alpha": 1e-2, "max_iter": 30}
COPIES = 6  # of the data that a student sees, half of them labelled by the teachers


class Study:
    """One data set; a label takes part where training and test rows have it."""

    def __init__(self, path):
        data = np.load(path)
        train = data["train"].astype(bool)
        if train.all() or not train.any():  # no official split
            train = np.random.default_rng(0).random(len(train)) > 1 / 3
        X = StandardScaler().fit(data["X"][train]).transform(data["X"])
        known = (data["Y"][train].sum(0) > 0) & (data["Y"][~train].sum(0) > 0)
        Y = data["Y"][:, known].astype(int)  # scikit-learn loses count of 256 uint8 labels
        self.X, self.X_test, self.Y, self.Y_test = X[train], X[~train], Y[train], Y[~train]
        counts = self.Y.sum(0)
        self.tail = counts < np.quantile(counts, 1 / 3)
        self.labels = LabelMatrix(self.Y)

    def logits(self, rows, labels, seed):
        """Of a network for some labels: all training and all test rows, with the prior of its rows
        corrected to that of all."""
        Y = self.Y[np.ix_(rows, labels)]
        model = MLPClassifier(**NETWORK, random_state=seed)
        model.fit(self.X[rows], Y if len(labels) > 1 else Y.ravel())
        prior = Y.mean(0).clip(1e-6, 1 - 1e-6)
        shift = logit(self.Y[:, labels].mean(0)) - logit(prior)
        return [logit(self.said(model, x)) + shift for x in (self.X, self.X_test)]

    @staticmethod
    def said(model, x):
        chances = model.predict_proba(x)
        chances = chances if chances.shape[1] == model.n_outputs_ > 1 else chances[:, 1:]
        return chances.clip(1e-6, 1 - 1e-6)

    def teach(self, members, seed):
        """What one teacher per subset says of its labels."""
        division = Division(self.labels, members)
        out = np.full(self.Y.shape, np.nan), np.full(self.Y_test.shape, np.nan)
        for k, block in enumerate(members):
            rows = division.rows(k, seed=seed)
            for where, found in zip(out, self.logits(rows, list(block), seed), strict=True):
                where[:, list(block)] = found
        return [expit(z) for z in out]

    def student(self, taught, seed):
        """A network whose labels are, half of the time, drawn from what the teachers say: the same
        expected loss as BCE on the mean of labels and teachers. None: the labels alone."""
        draw = np.random.default_rng(seed)
        copies = [
            self.Y if taught is None or i % 2 else draw.random(self.Y.shape) < taught
            for i in range(COPIES)
        ]
        fewer = {**NETWORK, "max_iter": NETWORK["max_iter"] // COPIES}
        model = MLPClassifier(**fewer, random_state=seed)
        model.fit(np.tile(self.X, (COPIES, 1)), np.vstack(copies))
        return self.said(model, self.X_test)

    def score(self, scores):
        """Macro mAP of all labels, of all but the tail, of the tail."""
        values = np.array(
            [average_precision_score(y, s) for y, s in zip(self.Y_test.T, scores.T, strict=True)]
        )
        return values.mean(), values[~self.tail].mean(), values[self.tail].mean()


def rows_of(study, seed):
    """name -> scores of the test rows."""
    everything = np.arange(len(study.Y)), np.arange(study.Y.shape[1])
    plain = expit(study.logits(*everything, seed)[1])
    again = expit(study.logits(*everything, seed + 100)[1])
    rows = {"one network": plain, "two networks, averaged": (plain + again) / 2}
    rows["student of the labels alone"] = study.student(None, seed)
    for name in ("relational", "random"):
        members = load("subsets", name).generate(study.labels, seed=seed)
        taught, scores = study.teach(members, seed)
        rows[f"{name}: teachers"] = scores
        rows[f"{name}: network and teachers, averaged"] = (plain + scores) / 2
        rows[f"{name}: student of labels and teachers"] = study.student(taught, seed)
    return rows


def described(study):
    report = Division(study.labels, load("subsets", "relational").generate(study.labels)).report()
    rows = report.set_index("subset")
    after = rows.loc["all"]
    return (
        f"{len(study.Y)} training rows, {study.Y.shape[1]} labels, "
        f"{rows.index.str.isdigit().sum()} subsets: R_co {after['r_co']:.2f}, R_im "
        f"{after['r_im']:.2f}; several labels {rows.loc['undivided', 'several']} -> "
        f"{after['several']}"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # 30 epochs are what is compared
    print(f"macro mAP on the test rows; mean ± std of {arguments.seeds} seeds\n")
    for path in arguments.files:
        study, results = Study(path), {}
        for seed in range(arguments.seeds):
            for name, scores in rows_of(study, seed).items():
                results.setdefault(name, []).append(study.score(scores))
        table = []
        for name, values in results.items():
            mean, spread = np.mean(values, 0), [""] * 3
            if len(values) > 1:
                spread = [f" ± {std:.3f}" for std in np.std(values, 0, ddof=1)]
            table.append([name, *(f"{m:.3f}{s}" for m, s in zip(mean, spread, strict=True))])
        print(f"{path.stem}: {described(study)}\n")
        print(
            tabulate(table, [path.stem, "all", "other", "tail"], tablefmt="github"),
            "\n",
            flush=True,
        )


if __name__ == "__main__":
    main()
