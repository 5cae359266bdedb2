"""`RelationalSubsets`, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ltmlbench.errors import DataError, RequestError
from ltmlbench.labels import LabelMatrix
from ltmlbench.subsets import Subsets, unit_rows
from ltmlbench_subsets.objective import Floats, Objective
from ltmlbench_subsets.search import partition
from ltmlbench_subsets.statistics import Statistics

if TYPE_CHECKING:
    import pandas as pd


class RelationalSubsets(BaseEstimator):  # type: ignore[misc]
    """Divides labels into subsets that are similar, rarely meet, and are alike in frequency.

    After the RLKD poster (MICCAI 2022); the objective is ours (`ltmlbench_subsets.objective`).

    Args:
        n_subsets: how many, each of at least two labels. None: pairs while there are at most six
            labels, else a quarter of the labels, at least 2 and at most 16 (`default_subsets`).
        cooccurrence: λ_co >= 0, against labels that occur together.
        imbalance: λ_im >= 0, against labels of different frequency.
        semantics: λ_sem >= 0, for labels with similar prototypes.
        max_labels: most labels per subset; None for no bound.
        min_samples: labels with fewer positives are left out of all subsets.
        max_cooccurrence: labels whose mean n_ab / min(n_a, n_b) over the other labels is larger
            are left out of all subsets; 1 keeps all.
        random_state: int; the seed of the search beyond twelve labels, and of `rows`.

    Attributes:
        subsets_: tuple of tuples of column indices, in the order of their most frequent labels.
        labels_: C names.
        score_: the objective at ``subsets_``.
        left_out_: column index -> why it is in no subset.
        n_features_in_: C.

    Labels that never occur are always left out. The answer depends on the data only through
    counts, so the order of rows does not matter; equals are decided by frequency and name, so the
    order of columns does not either.
    """

    def __init__(
        self,
        n_subsets: int | None = None,
        cooccurrence: float = 1.0,
        imbalance: float = 1.0,
        semantics: float = 1.0,
        max_labels: int | None = None,
        min_samples: int = 1,
        max_cooccurrence: float = 1.0,
        random_state: int = 0,
    ) -> None:
        self.n_subsets = n_subsets
        self.cooccurrence = cooccurrence
        self.imbalance = imbalance
        self.semantics = semantics
        self.max_labels = max_labels
        self.min_samples = min_samples
        self.max_cooccurrence = max_cooccurrence
        self.random_state = random_state

    def fit(
        self,
        Y: Any,
        names: Sequence[str] | None = None,
        prototypes: Any = None,
        groups: npt.ArrayLike | None = None,
    ) -> Self:
        """Finds the subsets.

        Args:
            Y: N×C of 0 and 1 (array, SciPy sparse, DataFrame, `LabelMatrix`), or N lists of tags.
            names: C label names; for tag lists, the tags to use, in this order.
            prototypes: C×D, a vector per label (mean features), for the semantic term.
            groups: N; samples of one group (a patient, an author) count once together.

        Raises:
            DataError: the labels, prototypes or groups are not what they should be.
            RequestError: an option is out of range, or more subsets are asked for than fit.
        """
        labels = _label_matrix(Y, names)
        counted = labels if groups is None else _one_per_group(labels, np.asarray(groups))
        self.fit_statistics(Statistics.count(counted), prototypes)
        self._labels = labels
        return self

    def fit_statistics(self, statistics: Statistics, prototypes: Any = None) -> Self:
        """Finds the subsets from counts alone (`Statistics.count_parquet`); `rows` and `report`
        need the samples and so `fit`."""
        self._check_options()
        self.labels_ = statistics.names
        self.n_features_in_ = len(statistics.names)
        self.__dict__.pop("_labels", None)
        features = _unit_rows(prototypes, statistics)
        self._features = features
        self.left_out_ = self._left_out(statistics)
        kept = np.array([c for c in range(len(statistics.names)) if c not in self.left_out_])
        if len(kept) < 2:
            raise DataError(
                f"subsets need at least 2 labels that occur often enough; of "
                f"{len(statistics.names)} labels {len(kept)} are left"
            )
        counts, label = statistics.counts, statistics.names
        order = np.array(sorted(kept, key=lambda c: (-counts[c], label[c])), dtype=np.int64)
        n_subsets, max_labels = self._sizes(len(order))
        statistics = statistics.select(order)  # lets go of the given one: it is as large
        objective = Objective.of(
            statistics,
            None if features is None else features[order],
            cooccurrence=self.cooccurrence,
            imbalance=self.imbalance,
            semantics=self.semantics,
        )
        generator = np.random.default_rng(self.random_state)
        blocks = partition(objective, n_subsets, max_labels, generator)
        self.score_ = objective.score(blocks)
        self.subsets_ = tuple(tuple(sorted(order[block].tolist())) for block in blocks)
        return self

    def rows(self, k: int, negatives: float = 1.0) -> npt.NDArray[np.int64]:
        """Training rows of subset ``k``, sorted: its positives and a seeded share of negatives
        (``negatives`` per positive row; samples without any subset's label are drawn first)."""
        return self._divided().rows(k, negatives=negatives, seed=self.random_state)

    def report(self) -> pd.DataFrame:
        """Per subset labels, samples, multi-label samples, imbalance, mean co-occurrence and mean
        semantic similarity, below the same of the undivided data; last the labels left out, if any
        (`left_out_` says why)."""
        return self._divided().report(self._features)

    def _divided(self) -> Subsets:
        check_is_fitted(self, "subsets_")
        if not hasattr(self, "_labels"):
            raise RequestError("fit_statistics has seen no samples: call fit(Y) for rows, report")
        return Subsets(self._labels, self.subsets_)

    def _check_options(self) -> None:
        for name in ("cooccurrence", "imbalance", "semantics", "max_cooccurrence", "min_samples"):
            value = getattr(self, name)
            if not (isinstance(value, Real) and 0 <= float(value) < np.inf):
                raise RequestError(f"{name}={value!r}: has to be a number, 0 or more")
        for name in ("n_subsets", "max_labels", "random_state"):
            value, optional = getattr(self, name), name != "random_state"
            if not (isinstance(value, Integral) or (value is None and optional)):
                raise RequestError(f"{name}={value!r}: has to be an integer")
        if self.random_state < 0:
            raise RequestError(f"random_state={self.random_state}: has to be 0 or more")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _left_out(self, statistics: Statistics) -> dict[int, str]:
        out = {}
        for c in np.flatnonzero(statistics.counts < max(1, self.min_samples)).tolist():
            n = int(statistics.counts[c])
            out[c] = f"{n} samples, fewer than {self.min_samples}" if n else "never occurs"
        if self.max_cooccurrence < 1:
            present = np.flatnonzero(statistics.counts > 0)
            share = statistics.select(present).cooccurrence().sum(axis=1)
            mean = np.asarray(share).ravel() / max(len(present) - 1, 1)
            for c, value in zip(present.tolist(), mean, strict=True):
                if value > self.max_cooccurrence:
                    out.setdefault(c, f"mean co-occurrence {value:.3f} > {self.max_cooccurrence}")
        return dict(sorted(out.items()))

    def _sizes(self, n_labels: int) -> tuple[int, int]:
        n_subsets = default_subsets(n_labels) if self.n_subsets is None else self.n_subsets
        max_labels = n_labels if self.max_labels is None else min(self.max_labels, n_labels)
        if n_subsets < 1:
            raise RequestError(f"n_subsets={n_subsets}: has to be 1 or more")
        if 2 * n_subsets > n_labels:
            raise RequestError(
                f"n_subsets={n_subsets}: {n_labels} labels make at most {n_labels // 2} subsets "
                "of two labels or more"
            )
        if n_subsets * max_labels < n_labels:
            raise RequestError(
                f"max_labels={max_labels}: {n_subsets} subsets of {max_labels} cannot hold "
                f"{n_labels} labels"
            )
        return n_subsets, max_labels


def default_subsets(n_labels: int) -> int:
    """How many subsets when nobody says: pairs while there are at most six labels, else a quarter
    of the labels, at least 2 and at most 16 (METHODS 1.4; the upper bound keeps teachers few)."""
    if n_labels <= 6:
        return max(1, n_labels // 2)
    return min(16, -(-n_labels // 4))


def _label_matrix(Y: Any, names: Sequence[str] | None) -> LabelMatrix:
    if isinstance(Y, LabelMatrix):
        return Y if names is None else LabelMatrix(Y.sparse, names)
    column = getattr(Y, "ndim", 0) == 1 and Y.dtype.kind == "O"  # of a table
    if isinstance(Y, list | tuple) or column:
        rows = list(Y)
        if any(_holds_tags(row) for row in rows):
            return LabelMatrix.from_tags(rows, names)
    return LabelMatrix(Y, names)


def _holds_tags(row: Any) -> bool:
    if isinstance(row, str | set | frozenset):
        return True
    return isinstance(row, Iterable) and any(isinstance(x, str) for x in row)


def _one_per_group(labels: LabelMatrix, groups: npt.NDArray[Any]) -> LabelMatrix:
    """One row per group, holding every label one of its samples holds."""
    if groups.shape != (labels.n_samples,):
        raise DataError(f"groups: {groups.shape} does not fit {labels.n_samples} samples")
    try:
        values, index = np.unique(groups, return_inverse=True)
    except TypeError:
        raise DataError("groups: numbers or strings are needed, not both, and no gaps") from None
    if (values != values).any():
        raise DataError("groups: NaN found; every sample needs a group")
    member: Any = sparse.csr_array((np.ones(len(index), np.int32), (index, np.arange(len(index)))))
    return LabelMatrix((member @ labels.sparse) > 0, labels.names)


def _unit_rows(prototypes: Any, statistics: Statistics) -> Floats | None:
    """C×D rows of length 1; a row of zeros, or of a label that never occurs, may stay zeros."""
    if prototypes is None:
        return None
    try:
        given = np.asarray(prototypes.toarray() if hasattr(prototypes, "toarray") else prototypes)
        rows = given.astype(np.float64, casting="unsafe" if given.dtype == object else "same_kind")
    except (TypeError, ValueError):
        raise DataError("prototypes: a table of numbers is needed, one row per label") from None
    if rows.ndim != 2 or rows.shape[0] != len(statistics.names) or rows.shape[1] == 0:
        raise DataError(
            f"prototypes: {' × '.join(map(str, rows.shape))} does not fit "
            f"{len(statistics.names)} labels; one row of features per label is needed"
        )
    broken = np.isnan(rows.sum(axis=1) * 0)  # NaN or infinite
    if (bad := np.flatnonzero(broken & (statistics.counts > 0))).size:
        name = statistics.names[bad[0]]
        raise DataError(f"prototypes: NaN or infinite values in the row of label {name!r}")
    return unit_rows(np.where(broken[:, None], 0.0, rows))
