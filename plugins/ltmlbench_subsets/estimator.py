"""`RelationalSubsets`, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ltmlbench.plugin import DataError, Division, Floats, RequestError, shares
from ltmlbench_subsets.inputs import label_matrix, one_per_group, unit_prototypes
from ltmlbench_subsets.objective import Assignment, Objective, Sizes
from ltmlbench_subsets.search import by_rule, partitions
from ltmlbench_subsets.statistics import Statistics

if TYPE_CHECKING:
    import pandas as pd


class RelationalSubsets(BaseEstimator):  # type: ignore[misc]
    """Divides labels into subsets that rarely meet, are alike in frequency and are similar.

    Minimises J = λ_co R_co + λ_im R_im + λ_sem R_sem, the shares of the undivided data's trouble
    that are left inside subsets (`ltmlbench.division.shares`). After the RLKD poster (MICCAI
    2022); the formulas are ours.

    Args:
        n_subsets: how many. None: the smallest number from 2 for which the division by labels
            alone (λ_co = λ_im = 1) leaves at most a fifth of R_co and of R_im; at most 16.
        cooccurrence: λ_co >= 0, against labels that occur together.
        imbalance: λ_im >= 0, against labels of different frequency.
        semantics: λ_sem >= 0, for labels with similar prototypes.
        min_labels: fewest labels per subset; a frequent label that meets all others is best alone.
        max_labels: most labels per subset; None for no bound.
        min_samples: labels with fewer positives are left out of all subsets.
        max_cooccurrence: labels whose mean n_ab / min(n_a, n_b) over the other labels is larger
            are left out of all subsets; 1 keeps all.
        random_state: int; the seed of the search beyond twelve labels, and of `rows`.

    Attributes:
        subsets_: tuple of tuples of column indices, in the order of their most frequent labels.
        shares_: R_co, R_im, R_sem of ``subsets_``, 0 (all gone) to 1 (nothing gained); R_sem is 0
            without prototypes.
        score_: J of ``subsets_``.
        labels_: C names.
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
        min_labels: int = 1,
        max_labels: int | None = None,
        min_samples: int = 1,
        max_cooccurrence: float = 1.0,
        random_state: int = 0,
    ) -> None:
        self.n_subsets = n_subsets
        self.cooccurrence = cooccurrence
        self.imbalance = imbalance
        self.semantics = semantics
        self.min_labels = min_labels
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
        labels = label_matrix(Y, names)
        counted = labels if groups is None else one_per_group(labels, np.asarray(groups))
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
        self._features = features = unit_prototypes(prototypes, statistics)
        self.left_out_ = self._left_out(statistics)
        order = self._by_frequency(statistics)
        statistics = statistics.select(order)  # lets go of the given one: it is as large
        features = None if features is None else features[order]
        home = self._search(statistics, features)
        blocks = [order[home == k] for k in range(int(home.max()) + 1)]
        self.subsets_ = tuple(tuple(sorted(block.tolist())) for block in blocks)
        left = shares(statistics.counts, statistics.pairs, home, features).sum(axis=0)
        self.shares_ = tuple(np.nan_to_num(left).tolist())
        self.score_ = float(
            np.dot((self.cooccurrence, self.imbalance, self.semantics), self.shares_)
        )
        return self

    def _search(self, statistics: Statistics, features: Floats | None) -> Assignment:
        """A block number for each of the labels, which come sorted by frequency."""
        n_subsets, sizes = self.n_subsets, self._sizes(len(statistics.names))
        if n_subsets is None:
            n_subsets, home = by_rule(statistics, sizes, self.random_state)
            if features is None and self.cooccurrence == self.imbalance == 1:
                return home
        objective = Objective.of(
            statistics,
            features,
            cooccurrence=self.cooccurrence,
            imbalance=self.imbalance,
            semantics=self.semantics,
        )
        return next(partitions(objective, [n_subsets], sizes, self.random_state))

    def count(self, Y: Any, names: Sequence[str] | None = None) -> int:
        """How many subsets `fit` makes of these labels, whatever the prototypes."""
        self._check_options()
        statistics = Statistics.count(label_matrix(Y, names))
        self.left_out_ = self._left_out(statistics)
        statistics = statistics.select(self._by_frequency(statistics))
        sizes = self._sizes(len(statistics.names))
        return self.n_subsets or by_rule(statistics, sizes, self.random_state)[0]

    def rows(self, k: int, negatives: float = 1.0) -> npt.NDArray[np.int64]:
        """Training rows of subset ``k``, sorted: its positives and a seeded share of negatives
        (``negatives`` per positive row; samples without any subset's label are drawn first)."""
        return self._divided().rows(k, negatives=negatives, seed=self.random_state)

    def report(self) -> pd.DataFrame:
        """What dividing has changed, per subset and in all (`Division.report`)."""
        return self._divided().report(self._features)

    def _divided(self) -> Division:
        check_is_fitted(self, "subsets_")
        if not hasattr(self, "_labels"):
            raise RequestError("fit_statistics has seen no samples: call fit(Y) for rows, report")
        return Division(self._labels, self.subsets_)

    def _check_options(self) -> None:
        for name in ("cooccurrence", "imbalance", "semantics", "max_cooccurrence", "min_samples"):
            value = getattr(self, name)
            if not (isinstance(value, Real) and 0 <= float(value) < np.inf):
                raise RequestError(f"{name}={value!r}: has to be a number, 0 or more")
        for name in ("n_subsets", "min_labels", "max_labels", "random_state"):
            value, optional = getattr(self, name), name in ("n_subsets", "max_labels")
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

    def _by_frequency(self, statistics: Statistics) -> npt.NDArray[np.int64]:
        """The labels that are not left out, from frequent to rare, equals by name."""
        counts, names = statistics.counts, statistics.names
        kept = [c for c in range(len(names)) if c not in self.left_out_]
        if len(kept) < 2:
            raise DataError(
                f"subsets need at least 2 labels that occur often enough; of {len(names)} labels "
                f"{len(kept)} are left"
            )
        return np.array(sorted(kept, key=lambda c: (-counts[c], names[c])), dtype=np.int64)

    def _sizes(self, n_labels: int) -> Sizes:
        least = self.min_labels
        most = n_labels if self.max_labels is None else min(self.max_labels, n_labels)
        if not 1 <= least <= most:
            raise RequestError(
                f"min_labels={least}: has to be at least 1, and at most max_labels ({most})"
            )
        fewest, largest = -(-n_labels // most), n_labels // least
        if fewest > largest:
            raise RequestError(
                f"min_labels={least}, max_labels={most}: {n_labels} labels cannot be divided into "
                "subsets of such sizes"
            )
        k = self.n_subsets
        if k is not None and k < 1:
            raise RequestError(f"n_subsets={k}: has to be 1 or more")
        if k is not None and k > largest:
            of = f" of {least} labels or more" if least > 1 else ""
            raise RequestError(
                f"n_subsets={k}: {n_labels} labels make at most {largest} subsets{of}"
            )
        if k is not None and k < fewest:
            raise RequestError(
                f"max_labels={most}: {k} subsets of {most} cannot hold {n_labels} labels"
            )
        return Sizes(least, most)
