"""The stages between a trunk and a student: prototypes, partition, examples, what teachers say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np

from ltmlbench.plugin import (
    DataError,
    Division,
    ExamplesStage,
    Fit,
    Floats,
    LogitsStage,
    Stage,
    SubsetGenerator,
    TrunkStage,
    Work,
    derive_seed,
    write_json,
)

FEW = 5
"""Labels with fewer samples that have no other label: the prototype takes all their samples."""


class Prototypes(Stage):
    """Per label the mean of L2-normalised, pooled features of its training samples
    (ours): of those with no other label where there are at least `FEW`.

    Writes ``prototypes.npy``, C×D float64; NaN for labels without a sample.
    """

    init: TrunkStage | None = None

    def run(self, work: Work) -> None:
        import torch

        from ltmlbench.plugin import autocast, initial_trunk, views

        task = work.task
        trunk = initial_trunk(work, self.init).eval()
        pooled = []
        with torch.inference_mode(), autocast(task.numerics):
            for _, images in views(work, trunk, task.split.train, None):
                features = trunk(images).float()
                features = features if features.ndim == 2 else features.mean(dim=(2, 3))
                pooled.append(torch.nn.functional.normalize(features, dim=1).cpu().numpy())
        np.save(
            work.folder / "prototypes.npy",
            label_means(np.concatenate(pooled).astype(np.float64), task.labels.dense),
        )


def label_means(features: Floats, Y: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Floats:
    """C×D: mean rows of N×D ``features`` per label of N×C ``Y``; see `Prototypes`."""
    alone = Y.sum(axis=1) == 1
    means = np.full((Y.shape[1], features.shape[1]), np.nan)
    for c in range(Y.shape[1]):
        held = Y[:, c] == 1
        chosen = held & alone if (held & alone).sum() >= FEW else held
        if chosen.any():
            means[c] = features[chosen].mean(axis=0)
    return means


class Partition(Stage):
    """Divides the labels into subsets by a generator, on the training rows alone.

    Args:
        prototypes: for generators that use them.
        apart: labels in no subset (normal, other).
        n_subsets: how many the plan counts on.

    Writes ``subsets.json`` (label names and column indices) and ``report.csv``.
    """

    version: ClassVar[int] = 2
    depends: ClassVar[frozenset[str]] = frozenset({"data", "split", "seed"})
    shown: ClassVar[tuple[str, ...]] = ("subsets.json", "report.csv")

    generator: SubsetGenerator
    prototypes: Prototypes | None = None
    apart: tuple[str, ...] = ()
    n_subsets: int

    @property
    def title(self) -> str:
        return f"subsets ({type(self.generator).__name__})"

    def summary(self, folder: Path) -> str:
        found = json.loads((folder / "subsets.json").read_text())
        return " ".join(f"{{{', '.join(entry['labels'])}}}" for entry in found)

    def run(self, work: Work) -> None:
        labels = work.task.labels
        inside = subset_labels(labels.names, self.apart)
        prototypes = None
        if self.prototypes is not None:
            prototypes = np.load(work.input(self.prototypes) / "prototypes.npy")
        found = self.generator.generate(
            labels.select(inside),
            prototypes=None if prototypes is None else prototypes[inside],
            seed=partition_seed(work.task.seed),
        )
        if len(found) != self.n_subsets:
            raise DataError(
                f"the generator gave {len(found)} subsets where {self.n_subsets} were planned: "
                "name their number (n_subsets=...)"
            )
        members = tuple(tuple(inside[c] for c in block) for block in found)
        division = Division(labels, members)
        write_json(
            work.folder / "subsets.json",
            [
                {"labels": names, "columns": m}
                for names, m in zip(division.names, members, strict=True)
            ],
        )
        division.report(prototypes).to_csv(work.folder / "report.csv", index=False)


def partition_seed(base: int) -> int:
    """The seed of a subset generator, below 2^32."""
    return derive_seed(base, "partition") % 2**32


def subset_labels(names: tuple[str, ...], apart: tuple[str, ...]) -> list[int]:
    """Column indices of the labels that may be in a subset."""
    return [c for c, name in enumerate(names) if name not in apart]


class SubsetExamples(ExamplesStage):
    """What the teacher of one subset learns: its labels, on every row that has one of them and on
    ``negatives`` times as many rows that have none (healthy ones first)."""

    depends: ClassVar[frozenset[str]] = frozenset({"data", "split", "seed"})

    partition: Partition
    index: int
    negatives: float = 1.0

    @property
    def title(self) -> str:
        return f"examples of subset {self.index}"

    def run(self, work: Work) -> None:
        found = json.loads((work.input(self.partition) / "subsets.json").read_text())
        members = tuple(tuple(entry["columns"]) for entry in found)
        seed = derive_seed(work.task.seed, "negatives")
        rows = Division(work.task.labels, members).rows(
            self.index, negatives=self.negatives, seed=seed
        )
        labels = np.array(members[self.index], dtype=np.int64)
        np.savez(work.folder / "examples.npz", rows=rows, labels=labels)


class RestExamples(ExamplesStage):
    """What the teacher of the labels in no subset learns: those labels, on all training rows."""

    depends: ClassVar[frozenset[str]] = frozenset({"data", "split"})

    apart: tuple[str, ...]

    @property
    def title(self) -> str:
        return "examples of the labels in no subset"

    def run(self, work: Work) -> None:
        names = work.task.labels.names
        labels = np.array([names.index(name) for name in self.apart if name in names])
        np.savez(
            work.folder / "examples.npz", rows=np.arange(len(work.task.split.train)), labels=labels
        )


class TeacherLogits(LogitsStage):
    """What a trained teacher says of every training picture: of the random views of ``views``
    epochs, or (0) of the pictures as they are. Computed once for all students."""

    teacher: Fit
    views: int

    @property
    def title(self) -> str:
        learnt = self.teacher.examples
        return "teacher logits" + (f", {learnt.title}" if learnt else "")

    def run(self, work: Work) -> None:
        from ltmlbench.plugin import read_examples

        task, folder = work.task, work.input(self.teacher)
        epochs: list[int | None] = list(range(self.views)) if self.views else [None]
        said = []
        for done, epoch in enumerate(epochs, start=1):
            said.append(self.teacher.logits(work, folder, task.split.train, epoch))
            work.epoch(done, len(epochs), {})
        np.save(work.folder / "logits.npy", np.stack(said))
        columns, labels = np.arange(task.labels.n_labels), task.labels
        if self.teacher.examples is not None:
            rows, columns = read_examples(work.input(self.teacher.examples))
            labels = labels.take(rows).select(columns.tolist())
        np.save(work.folder / "labels.npy", columns)
        np.save(work.folder / "prior.npy", labels.counts / max(len(labels), 1))
