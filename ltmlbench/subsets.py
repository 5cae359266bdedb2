"""Subsets of the labels of a data set: their rows, and what dividing has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ltmlbench.errors import RequestError
from ltmlbench.labels import LabelMatrix
from ltmlbench.seeding import derive_seed

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Subsets:
    """Disjoint sets of labels (column indices) of ``labels``; labels in none are left out.

    Raises:
        RequestError: a set is empty, names a column that is not there, or shares one.
    """

    labels: LabelMatrix
    members: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        taken: set[int] = set()
        for k, block in enumerate(self.members):
            if not block:
                raise RequestError(f"subset {k} holds no label")
            for label in block:
                if not 0 <= label < self.labels.n_labels:
                    raise RequestError(
                        f"subset {k}: there is no label column {label}, only 0 to "
                        f"{self.labels.n_labels - 1}"
                    )
                if label in taken:
                    name = self.labels.names[label]
                    raise RequestError(f"subset {k}: label {name!r} is in a subset already")
                taken.add(label)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """Label names per subset."""
        return tuple(tuple(self.labels.names[c] for c in block) for block in self.members)

    @property
    def left_out(self) -> tuple[int, ...]:
        """Labels in no subset."""
        taken = {label for block in self.members for label in block}
        return tuple(c for c in range(self.labels.n_labels) if c not in taken)

    def positives(self, k: int) -> npt.NDArray[np.int32]:
        """N: how many labels of subset ``k`` each sample holds."""
        if not 0 <= k < len(self):
            raise RequestError(f"there is no subset {k}, only 0 to {len(self) - 1}")
        chosen = np.zeros(self.labels.n_labels, dtype=np.int32)
        chosen[list(self.members[k])] = 1
        return np.asarray(self.labels.sparse @ chosen, dtype=np.int32)

    @cached_property
    def _without_any(self) -> npt.NDArray[np.bool_]:
        chosen = np.ones(self.labels.n_labels, dtype=np.int32)
        chosen[list(self.left_out)] = 0
        return np.asarray(self.labels.sparse @ chosen == 0)

    def rows(self, k: int, *, negatives: float = 1.0, seed: int = 0) -> Rows:
        """Training rows of subset ``k``, sorted: all its positives and some negatives.

        Args:
            negatives: how many negatives per positive row (METHODS: r = 1). Samples without a
                label of any subset (healthy eyes) are drawn before the others.
        """
        if not 0 <= negatives < np.inf:
            raise RequestError(f"negatives={negatives}: has to be a number, 0 or more")
        held = self.positives(k) > 0
        wanted = round(negatives * int(held.sum()))
        generator = np.random.default_rng(derive_seed(seed, "negatives", k))
        first = generator.permutation(np.flatnonzero(~held & self._without_any))
        then = generator.permutation(np.flatnonzero(~held & ~self._without_any))
        drawn = np.concatenate([first, then])[:wanted]
        return np.sort(np.concatenate([np.flatnonzero(held), drawn])).astype(np.int64)

    def report(self, features: Floats | None = None) -> pd.DataFrame:
        """One row per subset, below the undivided data (all labels of the subsets) and above the
        labels left out, where there are some.

        Columns: ``subset``, ``labels`` (a tuple of names), ``n_labels``, ``samples`` (with a label
        of the subset), ``multi_label`` (with two or more), ``imbalance`` (largest over smallest
        count), ``cooccurrence`` (mean n_ab / min(n_a, n_b) over pairs), ``similarity`` (mean cosine
        over pairs; NaN without features).

        Args:
            features: C×D rows of the labels, such as prototypes.
        """
        import pandas as pd

        inside = tuple(sorted(label for block in self.members for label in block))
        pairs = self.labels.pairs()
        named = [("undivided", inside), *((str(k), b) for k, b in enumerate(self.members))]
        if self.left_out:
            named.append(("left out", self.left_out))
        return pd.DataFrame([self._describe(name, b, pairs, features) for name, b in named])

    def _describe(
        self, name: str, block: Sequence[int], all_pairs: Any, features: Floats | None
    ) -> dict[str, Any]:
        index = list(block)
        counts = self.labels.counts[index]
        part: Any = self.labels.sparse[:, index].sum(axis=1)
        pairs = all_pairs[index][:, index].tocoo()
        off = pairs.row != pairs.col
        smaller = np.minimum(counts[pairs.row[off]], counts[pairs.col[off]])
        n_pairs = len(index) * (len(index) - 1)
        present = counts[counts > 0]
        return {
            "subset": name,
            "labels": tuple(self.labels.names[c] for c in index),
            "n_labels": len(index),
            "samples": int((part > 0).sum()),
            "multi_label": int((part > 1).sum()),
            "imbalance": float(present.max() / present.min()) if len(present) else float("nan"),
            "cooccurrence": float((pairs.data[off] / smaller).sum() / n_pairs)
            if n_pairs
            else float("nan"),
            "similarity": _mean_cosine(features, index),
        }


def _mean_cosine(features: Floats | None, index: list[int]) -> float:
    if features is None or len(index) < 2:
        return float("nan")
    rows = unit_rows(np.asarray(features, dtype=np.float64)[index])
    pairs = float(np.square(rows.sum(axis=0)).sum() - np.square(rows).sum())
    return pairs / (len(index) * (len(index) - 1))


def unit_rows(rows: Floats) -> Floats:
    """The rows with length 1; rows of zeros stay zeros."""
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)  # squares may overflow
    scaled = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    unit: Floats = np.divide(scaled, norms, out=np.zeros_like(rows), where=norms > 0)
    return unit
