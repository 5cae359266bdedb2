"""`grad-cam`: where a trained network looks, as a gallery and, where lesions are known, as numbers.

The torch parts are in `ltmlbench_vision.cam`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ltmlbench.plugin import (
    Explanation,
    ModelStage,
    Ready,
    Rows,
    Samples,
    Stage,
    Task,
    Work,
    as_cell,
)


class GradCam(Explanation):
    """Grad-CAM (Selvaraju et al., ICCV 2017) on the trunk's feature maps; where they have fewer
    than 7×7 cells, HiResCAM (Draelos and Carin, 2020) on the deepest layer that has as many.

    Works for every model that has a network, whatever its backbone and head. Pictures: a sample, a
    map per label, and the map of a head with region attention. Numbers, where the data set has
    masks and says which structures show a label: how much of a map lies inside them (see
    `pointing`).
    """

    pictures: int = Field(6, ge=1, description="samples in the gallery")
    most: int = Field(64, ge=1, description="test samples per label in the pointing game")

    def plan(
        self,
        model: ModelStage,
        task: Task,
        *,
        samples: tuple[str, ...] = (),
        labels: tuple[str, ...] = (),
    ) -> Look | None:
        if not model.has_network or task.feed.gives != "picture":
            return None
        known = {} if samples or labels else known_evidence(task.samples)
        return Look(
            model=model,
            pictures=self.pictures,
            evidence=Evidence(structures=known, most=self.most) if known else None,
            samples=samples or None,
            labels=labels or None,
        )


def known_evidence(samples: Samples) -> dict[str, tuple[str, ...]]:
    """Label -> the structures that show it and have masks; labels without any are left out."""
    if samples.masks is None:
        return {}
    found = {
        label: tuple(name for name in structures if name in samples.structures)
        for label, structures in samples.protocol.evidence.items()
        if label in samples.labels.names
    }
    return {label: structures for label, structures in found.items() if structures}


def evidence_mask(
    samples: Samples, row: int, structures: tuple[str, ...], layers: npt.NDArray[np.uint8]
) -> npt.NDArray[np.bool_] | None:
    """S×S, where any of the structures is; None if nobody looked for one of them, or there is none.

    Args:
        layers: ``samples.masks(row, S)``.
    """
    columns = [samples.structures.index(name) for name in structures]
    annotated = samples.extras.get("annotated")
    if annotated is not None and not annotated[row, columns].all():
        return None
    mask = np.asarray(layers[:, :, columns].any(axis=2))
    return mask if mask.any() else None


class Evidence(Stage):
    """Where the evidence for each label is in the test pictures, for all models of a split.

    At most ``most`` test samples per label, evenly spaced. Writes ``evidence.npz``: of M pairs the
    ``rows`` (of ``task.samples``) and ``labels`` (column indices), and ``masks``, M×S×S bits
    packed along the last axis.
    """

    depends: ClassVar[frozenset[str]] = frozenset({"data", "evidence", "split"})
    sees_truth: ClassVar[bool] = True

    structures: Mapping[str, tuple[str, ...]]
    most: int

    @property
    def title(self) -> str:
        return "lesions of the test pictures"

    def run(self, work: Work) -> None:
        samples, test = work.task.samples, work.task.split.test
        assert samples.masks is not None, "planned only where there are masks"
        size = Ready().opened(work).shape[-1]
        wanted: dict[int, list[str]] = {}
        for label in self.structures:
            held = test[samples.labels.dense[test, samples.labels.names.index(label)] == 1]
            for row in evenly(held, self.most):
                wanted.setdefault(int(row), []).append(label)
        pairs, masks = [], []
        for row, labels in sorted(wanted.items()):
            layers = samples.masks(row, size)
            for label in labels:
                mask = evidence_mask(samples, row, self.structures[label], layers)
                if mask is not None:
                    pairs.append((row, samples.labels.names.index(label)))
                    masks.append(np.packbits(mask, axis=1))
        rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        packed = np.array(masks, dtype=np.uint8).reshape(len(pairs), size, -1)
        np.savez_compressed(work.folder / "evidence.npz", rows=rows, labels=columns, masks=packed)


def evenly(rows: Rows, most: int) -> Rows:
    """At most ``most`` of the rows, evenly spaced."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]


class Look(Stage):
    """Looks into the network of a model.

    Args:
        evidence: where the lesions are; None: no ``pointing.csv``.
        samples, labels: what to show; None: the choice of `chosen`, and the labels a sample has.

    Writes ``gallery.png`` and, with ``evidence``, ``pointing.csv``.
    """

    version: ClassVar[int] = 2
    sees_truth: ClassVar[bool] = True

    model: ModelStage
    pictures: int
    evidence: Evidence | None = None
    samples: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None

    @property
    def title(self) -> str:
        return "grad-cam"

    def run(self, work: Work) -> None:
        from ltmlbench_vision.cam import look
        from ltmlbench_vision.gallery import draw_gallery
        from ltmlbench_vision.pointing import pointing_game

        task = work.task
        network = self.model.network(work.blind(), work.input(self.model))
        assert network is not None, "planned only for models that have one"
        rows, pairs = self._shown(task)
        picture = draw_gallery(task, rows, pairs, look(network, work, *pairs))
        (work.folder / "gallery.png").write_bytes(picture)
        if self.evidence is not None:
            with np.load(work.input(self.evidence) / "evidence.npz") as file:
                where, columns, packed = file["rows"], file["labels"], file["masks"]
            found = look(network, work, where, columns)
            table = pointing_game(work, where, columns, packed, found.cams)
            table.map(as_cell).to_csv(work.folder / "pointing.csv", index=False)

    def _shown(self, task: Task) -> tuple[Rows, tuple[Rows, Rows]]:
        """The rows to show, and the pairs (rows, label columns) whose maps are shown."""
        samples, Y = task.samples, task.samples.labels.dense
        names = samples.labels.names
        columns = [names.index(label) for label in self.labels or names]
        if self.samples is None:
            test = task.split.test
            rows = test[chosen(Y[test][:, columns], self.pictures)]
        else:
            rows = np.array([samples.ids.index(id_) for id_ in self.samples], dtype=np.int64)
        pairs = [(row, c) for row in rows for c in columns if self.labels or Y[row, c]]
        first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        return rows, (first, second)


def chosen(Y: npt.NDArray[np.uint8], count: int) -> Rows:
    """``count`` of N samples that show all labels, rare ones first (deterministic).

    The label shown least so far, the rarest of those, names the next sample: of those that have it,
    the first with most labels that were not shown yet. Samples without a label are never chosen.

    Args:
        Y: N×C.
    """
    shown, left = np.zeros(Y.shape[1], dtype=np.int64), np.asarray(Y.any(axis=1))
    rare = np.argsort(Y.sum(axis=0), kind="stable")
    found: list[int] = []
    while left.any() and len(found) < count:
        label = min((c for c in rare if Y[left, c].any()), key=lambda c: shown[c])
        new = Y @ (shown == 0).astype(np.int64)
        best = int(np.where(left & (Y[:, label] == 1), new, -1).argmax())
        left[best] = False
        shown += Y[best]
        found.append(best)
    return np.array(found, dtype=np.int64)
