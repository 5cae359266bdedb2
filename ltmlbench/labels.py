"""The label matrix of a multi-label data set and its statistics."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import of_tensor
from ltmlbench.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Shot = Literal["head", "medium", "tail"]


class LabelMatrix:
    """N samples × C labels of 0 and 1, with names.

    Args:
        Y: N×C array, list, SciPy sparse matrix, DataFrame, torch tensor (of any device and type,
            with or without gradients) or `LabelMatrix`; every entry 0 or 1 (bool counts).
        names: C label names; those of a DataFrame's columns or of a `LabelMatrix`, else
            ``"0", "1", ...``.

    Raises:
        DataError: Y is not two-dimensional, holds anything but 0 and 1, or the names do not
            fit its columns or repeat.
    """

    def __init__(self, Y: Any, names: Sequence[str] | None = None) -> None:
        from scipy.sparse import issparse

        if isinstance(Y, LabelMatrix):
            names, Y = tuple(Y.names) if names is None else names, Y.sparse
        if names is None and hasattr(Y, "columns"):
            names = [str(column) for column in Y.columns]
        given: Any = Y if issparse(Y) else _numbers(Y)
        if given.ndim != 2:
            raise DataError(f"a label matrix has 2 dimensions (samples × labels), not {given.ndim}")
        if given.dtype.kind not in "biuf":
            raise DataError(f"a label matrix holds only 0 and 1; {given.dtype} found")
        csr = self._csr = _ones(given)
        self.names: tuple[str, ...] = tuple(
            map(str, range(csr.shape[1]) if names is None else names)
        )
        if len(self.names) != csr.shape[1]:
            raise DataError(f"{len(self.names)} names for {csr.shape[1]} label columns")
        if len(set(self.names)) != len(self.names):
            twice = sorted({n for n in self.names if self.names.count(n) > 1})
            raise DataError(f"label names repeat: {', '.join(twice)}")

    @classmethod
    def from_tags(
        cls, rows: Sequence[Collection[str]], names: Sequence[str] | None = None
    ) -> LabelMatrix:
        """From a list (or set) of tags per sample; a tag that repeats in one sample counts once.

        Args:
            rows: N lists of tags; a tag is any string that is not empty.
            names: the tags to use, in this order; None takes all, sorted.

        Raises:
            DataError: a row is no list of tags, or the names repeat.
        """
        from scipy.sparse import csr_array

        for i, row in enumerate(rows):
            if isinstance(row, str | Mapping) or not isinstance(row, Iterable):
                raise DataError(f"row {i} is {row!r}: give a list of tags per sample")
            bad = [tag for tag in row if not isinstance(tag, str) or not tag]
            if bad:
                raise DataError(f"row {i}: {bad[0]!r} is no tag: tags are strings, not empty")
        order = sorted({tag for row in rows for tag in row}) if names is None else list(names)
        index = {name: c for c, name in enumerate(order)}
        found = [sorted({index[tag] for tag in row if tag in index}) for row in rows]
        indptr = np.append(0, np.cumsum([len(row) for row in found], dtype=np.int64))
        indices = np.fromiter((c for row in found for c in row), dtype=np.int32)
        ones = np.ones(len(indices), dtype=np.int32)
        shape = (len(rows), len(order))
        return cls(csr_array((ones, indices, indptr), shape=shape), order)

    @property
    def n_samples(self) -> int:
        return int(self._csr.shape[0])

    @property
    def n_labels(self) -> int:
        return int(self._csr.shape[1])

    def __len__(self) -> int:
        return self.n_samples

    def __repr__(self) -> str:
        return f"LabelMatrix({self.n_samples} samples × {self.n_labels} labels)"

    @property
    def sparse(self) -> csr_array[np.int32, tuple[int, int]]:
        """N×C CSR, int32 ones."""
        csr: csr_array[np.int32, tuple[int, int]] = self._csr
        return csr

    @cached_property
    def dense(self) -> npt.NDArray[np.uint8]:
        """N×C, uint8."""
        dense: npt.NDArray[np.uint8] = self._csr.toarray().astype(np.uint8)
        dense.flags.writeable = False
        return dense

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """Positives per label, C."""
        counts: npt.NDArray[np.int64] = np.asarray(self._csr.sum(axis=0), dtype=np.int64).ravel()
        return counts

    @cached_property
    def per_sample(self) -> npt.NDArray[np.int64]:
        """Positives per sample, N."""
        return np.asarray(np.diff(self._csr.indptr), dtype=np.int64)

    def pairs(self) -> csr_array[np.int32, tuple[int, int]]:
        """C×C sparse: samples that hold both labels; the diagonal holds the counts. Counted anew
        by every call: the answer can be larger than the labels."""
        from scipy.sparse import csr_array

        product: Any = self._csr.T @ self._csr
        if product.format != "csr":  # symmetric: its columns are its rows, nothing is converted
            parts = (product.data, product.indices, product.indptr)
            product = csr_array(parts, shape=product.shape)
        pairs: csr_array[np.int32, tuple[int, int]] = product
        return pairs

    @cached_property
    def cooccurrence(self) -> npt.NDArray[np.int64]:
        """C×C: `pairs` as a dense array."""
        dense: npt.NDArray[np.int64] = self.pairs().toarray().astype(np.int64)
        return dense

    @property
    def cardinality(self) -> float:
        """Mean number of positives per sample."""
        return float(self._csr.nnz / max(self.n_samples, 1))

    @property
    def density(self) -> float:
        """Share of ones in the matrix: cardinality / C."""
        return float(self._csr.nnz / max(self.n_samples * self.n_labels, 1))

    @property
    def imbalance_ratio(self) -> float:
        """Largest over smallest positive count among labels that occur; NaN if none does."""
        present = self.counts[self.counts > 0]
        return float(present.max() / present.min()) if len(present) else float("nan")

    def shots(self, head: float = 100, tail: float = 20) -> tuple[Shot, ...]:
        """Head, medium or tail per label, by its number of positives.

        A label is ``head`` with at least ``head`` positives and ``tail`` with fewer than ``tail``;
        thresholds below 1 are shares of the samples. Defaults: VOC-MLT (Wu et al., ECCV 2020).
        """
        head_n = head * self.n_samples if head < 1 else head
        tail_n = tail * self.n_samples if tail < 1 else tail
        return tuple(
            "head" if n >= head_n else "tail" if n < tail_n else "medium" for n in self.counts
        )

    def take(self, rows: npt.ArrayLike) -> LabelMatrix:
        """The same labels for some rows (indices or a boolean mask)."""
        return LabelMatrix(self._csr[np.asarray(rows)], self.names)

    def without(self, rows: npt.ArrayLike) -> LabelMatrix:
        """The same matrix, some rows (indices) without a label."""
        from scipy.sparse import diags_array

        kept = np.ones(self.n_samples, dtype=np.int32)
        kept[np.asarray(rows)] = 0
        return LabelMatrix(diags_array(kept, dtype=np.int32) @ self._csr, self.names)

    def select(self, labels: Sequence[int]) -> LabelMatrix:
        """All rows, some labels (column indices)."""
        return LabelMatrix(self._csr[:, list(labels)], [self.names[c] for c in labels])


def _ones(given: Any) -> Any:
    """N×C CSR of int32 ones in canonical form, from a sparse or a dense matrix of numbers."""
    from scipy import sparse

    csr_array: Any = sparse.csr_array
    if sparse.issparse(given):
        csr = csr_array(given)
        if not csr.has_canonical_format:
            csr = csr.copy()  # what is summed is ours
            csr.sum_duplicates()
        data, indices, indptr = csr.data, csr.indices.copy(), csr.indptr.copy()
    else:  # every run of a table has its labels: SciPy's own way takes three times as long
        rows, indices = np.nonzero(given)
        data, indptr = given[rows, indices], np.searchsorted(rows, np.arange(len(given) + 1))
        small = sparse.get_index_dtype(maxval=max(len(indices), given.shape[1]))
        indices, indptr = indices.astype(small), indptr.astype(small)
    others = np.flatnonzero((data != 0) & (data != 1))
    if len(others):
        row = int(np.searchsorted(indptr, others[0], side="right")) - 1
        raise DataError(f"a label matrix holds only 0 and 1; {data[others[0]]:g} (row {row}) found")
    csr = csr_array((data.astype(np.int32), indices, indptr), shape=given.shape)
    csr.eliminate_zeros()
    return csr


def _numbers(Y: Any) -> npt.NDArray[Any]:
    """A plain array; columns of objects, such as pandas' nullable ones, become numbers."""
    if np.ma.is_masked(Y):
        raise DataError("a label matrix with masked elements: leave out the samples with gaps")
    try:
        given = of_tensor(Y) if hasattr(Y, "detach") else np.asarray(Y)
        return given.astype(np.float64) if given.ndim == 2 and given.dtype == object else given
    except (TypeError, ValueError, RuntimeError):
        raise DataError(
            "a label matrix is a table of samples × labels that holds only 0 and 1; gaps, text or "
            "rows of different length found"
        ) from None
