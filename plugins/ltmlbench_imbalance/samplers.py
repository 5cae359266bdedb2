"""Samplers: training labels + seed + epoch -> the order of one epoch's rows."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from ltmlbench.plugin import Floats, LabelMatrix, RequestError, Rows, Sampler


class InstanceBalanced(Sampler):
    """Every row once per epoch, shuffled (q = 1 in Kang et al., ICLR 2020)."""

    def order(self, labels: LabelMatrix, *, seed: int, epoch: int) -> Rows:
        return np.random.default_rng([seed, epoch]).permutation(labels.n_samples).astype(np.int64)


class Cycle(Sampler):
    """All rows in random order, again and again, each time reshuffled, until so many are drawn
    (ours): an epoch of a small subset that is as long as one of the whole data."""

    rows: int = Field(description="draws per epoch", ge=1)

    def order(self, labels: LabelMatrix, *, seed: int, epoch: int) -> Rows:
        rng = np.random.default_rng([seed, epoch])
        return _cycle(np.arange(labels.n_samples, dtype=np.int64), self.rows, rng)


class ClassAware(Sampler):
    """Labels in turn, reshuffled every round; of each, the next rows of its own reshuffled cycle.

    Rows of several labels stand in several cycles; a row without any label is never drawn, and a
    label without rows is passed over. Source: the released code of Wu et al., ECCV 2020.
    """

    samples_per_class: int = Field(3, ge=1, description="rows taken at each turn of a label")
    epoch_length: Literal["dataset", "released"] = Field(
        "dataset",
        description="dataset: as many draws as rows (ours, so that all methods see equally many); "
        "released: labels x most frequent label's rows / 4",
    )

    def order(self, labels: LabelMatrix, *, seed: int, epoch: int) -> Rows:
        """Raises RequestError if no row has a label."""
        rng = np.random.default_rng([seed, epoch])
        present = np.flatnonzero(labels.counts)
        if len(present) == 0:
            raise RequestError("class-aware sampling needs labels, and no training row has one")
        length = labels.n_samples
        if self.epoch_length == "released":
            length = max(1, int(labels.counts.max()) * labels.n_labels // 4)
        turns = -(-length // self.samples_per_class)
        per_turn = [rng.permutation(present) for _ in range(-(-turns // len(present)))]
        sequence = np.concatenate(per_turn)[:turns]
        columns = labels.sparse.tocsc()
        order = np.empty((turns, self.samples_per_class), dtype=np.int64)
        for label in present:
            mine = np.flatnonzero(sequence == label)
            rows = columns.indices[columns.indptr[label] : columns.indptr[label + 1]].astype(
                np.int64
            )
            drawn = _cycle(rows, mine.size * self.samples_per_class, rng)
            order[mine] = drawn.reshape(mine.size, self.samples_per_class)
        return order.ravel()[:length]


class InstanceClassBalanced(Sampler):
    """Rows drawn with replacement, each as likely as the heaviest of its labels; a label weighs
    (1 − β) / (1 − β^n). As many draws as rows.

    Source: the released sampler of Ju et al. (HKGL, TMI 2023), which takes the weight of the last
    positive label, the rarest only where labels are sorted by frequency. Taking the heaviest
    (free of the order) and the smallest weight for rows without a label is ours.
    """

    beta: float = Field(0.9999, ge=0, lt=1, description="0 draws all rows alike, near 1 by 1/n")

    def order(self, labels: LabelMatrix, *, seed: int, epoch: int) -> Rows:
        weights = self.row_weights(labels)
        rng = np.random.default_rng([seed, epoch])
        return rng.choice(len(weights), size=len(weights), p=weights).astype(np.int64)

    def row_weights(self, labels: LabelMatrix) -> Floats:
        """N probabilities of being drawn, summing to 1."""
        n = np.maximum(labels.counts, 1).astype(np.float64)
        of_label = (1 - self.beta) / (1 - self.beta**n)
        weighted: Any = labels.sparse.multiply(of_label[None, :])
        heaviest = weighted.max(axis=1).toarray().ravel()
        rows = np.where(labels.per_sample > 0, heaviest, of_label.min())
        return np.asarray(rows / rows.sum())


class RepeatFactor(Sampler):
    """Every row r times, r = max over its labels of max(1, sqrt(t / f)), f = n/N of a label; the
    fraction of r is a chance drawn anew each epoch; rows without a label once (Gupta et al., LVIS,
    CVPR 2019).

    That paper's t = .001 is for a thousand labels: ``auto`` is the median of f (ours), so that half
    of the labels are repeated.
    """

    t: float | Literal["auto"] = Field(
        "auto", description="labels rarer than this share of the rows are repeated"
    )

    def order(self, labels: LabelMatrix, *, seed: int, epoch: int) -> Rows:
        rng = np.random.default_rng([seed, epoch])
        repeats = self.factors(labels)
        whole = np.floor(repeats).astype(np.int64)
        times = whole + (rng.random(len(repeats)) < repeats - whole)
        return rng.permutation(np.repeat(np.arange(len(repeats)), times)).astype(np.int64)

    def factors(self, labels: LabelMatrix) -> Floats:
        """N: how often each row is shown per epoch, on average."""
        share = labels.counts / max(labels.n_samples, 1)
        present = share[share > 0]
        t = (float(np.median(present)) if len(present) else 0.0) if self.t == "auto" else self.t
        of_label = np.sqrt(t / np.where(share > 0, share, np.inf)).clip(min=1)
        heaviest: Any = labels.sparse.multiply(of_label[None, :]).max(axis=1)
        return np.asarray(np.maximum(heaviest.toarray().ravel(), 1.0))


def _cycle(rows: Rows, length: int, rng: np.random.Generator) -> Rows:
    """``length`` rows: all of them in random order, again and again, each time reshuffled."""
    rounds = [rng.permutation(rows) for _ in range(-(-length // len(rows)))]
    return np.concatenate(rounds)[:length].astype(np.int64) if rounds else rows[:0]
