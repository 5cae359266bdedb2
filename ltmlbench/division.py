"""A division of the labels of a data set into subsets: their rows, and what dividing changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats, Rows
from ltmlbench.errors import RequestError
from ltmlbench.labels import LabelMatrix
from ltmlbench.seeding import derive_seed

if TYPE_CHECKING:
    import pandas as pd


_CHUNK = 1 << 18  # pairs: what stays in the cache


@dataclass(frozen=True)
class Division:
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
    def home(self) -> npt.NDArray[np.int64]:
        """C: number of each label's subset; -1: in none."""
        home = np.full(self.labels.n_labels, -1, dtype=np.int64)
        for k, block in enumerate(self.members):
            home[list(block)] = k
        return home

    @property
    def left_out(self) -> tuple[int, ...]:
        """Labels in no subset."""
        return tuple(np.flatnonzero(self.home < 0).tolist())

    def positives(self, k: int) -> npt.NDArray[np.int32]:
        """N: how many labels of subset ``k`` each sample holds."""
        if not 0 <= k < len(self):
            raise RequestError(f"there is no subset {k}, only 0 to {len(self) - 1}")
        return self._held(self.members[k])

    @cached_property
    def _without_any(self) -> npt.NDArray[np.bool_]:
        chosen = np.ones(self.labels.n_labels, dtype=np.int32)
        chosen[list(self.left_out)] = 0
        return np.asarray(self.labels.sparse @ chosen == 0)

    def rows(self, k: int, *, negatives: float = 1.0, seed: int = 0) -> Rows:
        """Training rows of subset ``k``, sorted: all its positives and some negatives.

        Args:
            negatives: how many negatives per positive row (r = 1). Samples without a
                label of any subset (healthy ones) are drawn before the others.
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

    def report(self, prototypes: Floats | None = None) -> pd.DataFrame:
        """What dividing changes, a row per part: ``undivided`` (all labels of the subsets), the
        subsets by number, ``all`` (their sums; the largest imbalance), ``by chance`` (shares of a
        random division into subsets of these sizes, on average), ``left out`` where there are some.

        Columns: ``subset``, ``labels`` (a tuple of names), ``n_labels``, ``samples`` (with a label
        of the subset), ``several_before`` (of these, samples with two or more labels of any
        subset), ``several`` (with two or more labels of this one), ``imbalance`` (largest over
        smallest count), and the shares left (`shares`) ``r_co``, ``r_im``, ``r_sem``; NaN where
        a column says nothing of a row.

        Args:
            prototypes: C×D rows of the labels.
        """
        import pandas as pd

        inside = tuple(sorted(label for block in self.members for label in block))
        counts, pairs = self.labels.counts, self.labels.pairs()
        home = self.home
        (whole,) = shares(counts, pairs, np.minimum(home, 0), prototypes)
        left = shares(counts, pairs, home, prototypes)
        several = self._held(inside) > 1
        first = self._row("undivided", inside, several, whole)
        parts = [self._row(str(k), block, several, left[k]) for k, block in enumerate(self.members)]
        summed = {name: sum(part[name] for part in parts) for name in ("samples", "several")}
        summed["imbalance"] = max(part["imbalance"] for part in parts)
        together = {**first, **summed, "subset": "all", **_named(left.sum(axis=0))}
        chance = {"subset": "by chance", "labels": (), **_named(by_chance(self.members, whole))}
        rows = [first, *parts, together, chance]
        if self.left_out:
            rows.append(self._row("left out", self.left_out, several, np.full(3, np.nan)))
        integers = dict.fromkeys(("n_labels", "samples", "several_before", "several"), "Int64")
        return pd.DataFrame(rows).astype(integers)

    def _held(self, block: Sequence[int]) -> npt.NDArray[np.int32]:
        chosen = np.zeros(self.labels.n_labels, dtype=np.int32)
        chosen[list(block)] = 1
        return np.asarray(self.labels.sparse @ chosen, dtype=np.int32)

    def _row(
        self, name: str, block: Sequence[int], several: npt.NDArray[np.bool_], left: Floats
    ) -> dict[str, Any]:
        held = self._held(block)
        counts = self.labels.counts[list(block)]
        present = counts[counts > 0]
        return {
            "subset": name,
            "labels": tuple(self.labels.names[c] for c in block),
            "n_labels": len(block),
            "samples": int((held > 0).sum()),
            "several_before": int(((held > 0) & several).sum()),
            "several": int((held > 1).sum()),
            "imbalance": float(present.max() / present.min()) if len(present) else float("nan"),
            **_named(left),
        }


def _named(left: Floats) -> dict[str, float]:
    return dict(zip(("r_co", "r_im", "r_sem"), left.tolist(), strict=True))


def shares(
    counts: npt.NDArray[np.int64],
    pairs: Any,
    home: npt.NDArray[np.int64],
    prototypes: Floats | None = None,
) -> Floats:
    """K×3: what each subset keeps of the undivided data's trouble; their sums over the subsets are
    the shares left R_co, R_im, R_sem, 0 (all gone) to 1 (nothing gained).

        R_co = Σ_S Σ_{a<b∈S} n_ab / Σ_{a<b} n_ab
        R_im = Σ_S Σ_{c∈S} (ln n_c − mean_S ln n)² / Σ_c (ln n_c − mean ln n)²
        R_sem = Σ_S Σ_{c∈S} ‖μ_c − mean_S μ‖² / Σ_c ‖μ_c − mean μ‖²

    over the labels of the subsets that occur; μ are prototypes of length 1. A share whose
    denominator is 0 is 0: there is no trouble. The terms are the RLKD poster's words (MICCAI
    2022), the formulas ours.

    Args:
        counts: C, samples per label.
        pairs: C×C CSR, samples that hold both labels; the diagonal does not matter.
        home: C, number of each label's subset, 0 to K − 1; -1: in none.
        prototypes: C×D; NaN, as without prototypes, in the third column where there are none.
    """
    n_blocks = int(home.max()) + 1
    kept = np.flatnonzero((home >= 0) & (counts > 0))
    inside = home[kept]
    met = meetings(pairs, home)[kept]
    together = np.bincount(inside, met[np.arange(len(kept)), inside], minlength=n_blocks) / 2
    total = met.sum() / 2
    rarity = np.log(counts[kept] / counts.max())  # the same bits whatever the unit of counting
    spread = _spread(rarity[:, None], inside, n_blocks)
    columns = [together / total if total else np.zeros(n_blocks), spread]
    if prototypes is None:
        columns.append(np.full(n_blocks, np.nan))
    else:
        rows = unit_rows(np.asarray(prototypes, dtype=np.float64)[kept])
        columns.append(_spread(rows, inside, n_blocks))
    return np.stack(columns, axis=1)


def meetings(pairs: Any, home: Rows) -> Rows:
    """C×K: how often each label occurs with the other labels of each subset, from C×C sparse
    ``pairs`` (any diagonal) and the subset of each label (-1: in none). In chunks of rows: the
    pairs of 1e5 labels fill most of the memory already."""
    starts, width = pairs.indptr, int(home.max()) + 2  # the last column: in no subset
    cell = np.where(home < 0, width - 1, home).astype(np.int32)
    met = np.empty((len(home), width), dtype=np.int64)
    step = max(1, _CHUNK * len(home) // max(1, len(pairs.data)))
    for first in range(0, len(home), step):
        last = min(first + step, len(home))
        at = slice(starts[first], starts[last])
        row = np.arange(0, (last - first) * width, width, dtype=np.int32)
        cells = np.repeat(row, np.diff(starts[first : last + 1])) + cell[pairs.indices[at]]
        found = np.bincount(cells, pairs.data[at], minlength=(last - first) * width)
        met[first:last] = found.reshape(last - first, width)
    met[np.arange(len(home)), cell] -= pairs.diagonal()
    return met[:, :-1]


def by_chance(members: Sequence[Sequence[int]], undivided: Floats) -> Floats:
    """3: what a random division into subsets of these sizes leaves of the shares of the undivided
    data, on average (exact)."""
    sizes = np.array([len(block) for block in members], dtype=np.float64)
    n = sizes.sum()
    pairs = (sizes * (sizes - 1)).sum() / max(n * (n - 1), 1)
    squares = (n - len(sizes)) / max(n - 1, 1)
    expected: Floats = undivided * np.array([pairs, squares, squares])
    return expected


def _spread(rows: Floats, inside: npt.NDArray[np.int64], n_blocks: int) -> Floats:
    """K: the squared distances to the mean of the block, as shares of those to the mean of all."""
    total = float(((rows - rows.mean(axis=0)) ** 2).sum()) if len(rows) else 0.0
    if total <= 1e-12 * float((rows**2).sum()):
        return np.zeros(n_blocks)
    blocks = [rows[inside == k] for k in range(n_blocks)]
    return np.array([((b - b.mean(axis=0)) ** 2).sum() / total if len(b) else 0.0 for b in blocks])


def unit_rows(rows: Floats) -> Floats:
    """The rows with length 1; rows of zeros stay zeros."""
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)  # squares may overflow
    scaled = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    unit: Floats = np.divide(scaled, norms, out=np.zeros_like(rows), where=norms > 0)
    return unit
