"""What the subset algorithms see of the data: how often labels occur, alone and together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import DataError, LabelMatrix

_CHUNK = 1 << 18


@dataclass(frozen=True)
class Statistics:
    """Counts of C labels and of their pairs; the samples themselves are not needed any more.

    Args:
        names: C label names.
        counts: C, samples per label.
        pairs: C×C sparse, symmetric: samples that hold both labels; the diagonal does not matter.
        n_samples: how many samples were counted.
    """

    names: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    pairs: Any
    n_samples: int

    @classmethod
    def count(cls, labels: LabelMatrix) -> Statistics:
        """Counts by SciPy's sparse YᵀY: the cost grows with the positives, not with N×C."""
        return cls(labels.names, labels.counts, labels.pairs(), labels.n_samples)

    @classmethod
    def count_parquet(
        cls, path: Path | str, column: str, *, memory: str = "1GB", names: Sequence[str] = ()
    ) -> Statistics:
        """Counts a table larger than memory, with DuckDB (extra ``out-of-core``).

        Args:
            path: a parquet file or a glob of them.
            column: a column of lists of tags; a tag that repeats in one row counts once.
            memory: DuckDB's limit; what does not fit spills to disk.
            names: the labels to count, in this order; empty counts all, sorted.

        Raises:
            DataError: the file or the column is not there or holds no lists, or a name does not
                occur.
        """
        import duckdb

        connection = duckdb.connect(config={"memory_limit": memory})
        rows = "(SELECT list_distinct(tags) AS tags FROM given WHERE tags IS NOT NULL)"
        try:
            quoted = '"' + column.replace('"', '""') + '"'
            connection.execute(
                f"CREATE VIEW given AS SELECT {quoted}::VARCHAR[] AS tags "
                f"FROM read_parquet('{str(path).replace(chr(39), chr(39) * 2)}')"
            )
            total = connection.execute("SELECT count(*) FROM given").fetchone()
            single = connection.execute(
                f"SELECT unnest(tags) AS tag, count(*) AS n FROM {rows} GROUP BY tag ORDER BY tag"
            ).fetch_df()
            double = connection.execute(
                "SELECT a, b, count(*) AS n FROM (SELECT a, unnest(tags) AS b FROM "
                f"(SELECT unnest(tags) AS a, tags FROM {rows})) WHERE a < b GROUP BY a, b"
            ).fetch_df()
        except duckdb.Error as error:
            raise DataError(f"{path}: {str(error).splitlines()[0]}") from None
        from scipy import sparse

        found = dict(zip(single["tag"], single["n"], strict=True))
        order = tuple(names) or tuple(found)
        missing = [name for name in order if name not in found]
        if missing:
            raise DataError(f"{path}: no row holds the tag {missing[0]!r} ({len(missing)} missing)")
        index = {name: c for c, name in enumerate(order)}
        kept = double[double["a"].isin(index.keys()) & double["b"].isin(index.keys())]
        a, b = (kept[side].map(index).to_numpy(np.int64) for side in "ab")
        n = kept["n"].to_numpy(np.int64)
        pairs = sparse.csr_array(
            (np.r_[n, n], (np.r_[a, b], np.r_[b, a])), shape=(len(order), len(order))
        )
        counts = np.array([found[name] for name in order], dtype=np.int64)
        return cls(order, counts, pairs, int(total[0]) if total else 0)

    def select(self, labels: npt.NDArray[np.int64]) -> Statistics:
        """Some of the labels, in the given order."""
        from scipy import sparse

        pairs = self.pairs.tocsr()[labels]
        if len(labels) == len(self.names):  # only reordered: the columns need new numbers alone
            rank = np.empty(len(labels), dtype=pairs.indices.dtype)
            rank[labels] = np.arange(len(labels))
            renamed = rank[pairs.indices]
            pairs = sparse.csr_array((pairs.data, renamed, pairs.indptr), shape=pairs.shape)
        else:
            pairs = pairs[:, labels]
        names = tuple(self.names[c] for c in labels)
        return Statistics(names, self.counts[labels], pairs, self.n_samples)

    def cooccurrence(self) -> Any:
        """C×C sparse: n_ab / min(n_a, n_b), 0 on the diagonal, float64."""
        from scipy import sparse

        pairs = self.pairs.tocsr()
        inverse = 1 / np.maximum(self.counts, 1)
        share = np.empty(len(pairs.data))
        step = max(1, _CHUNK * len(self.names) // max(1, len(pairs.data)))
        for first in range(0, len(self.names), step):  # in chunks: the temporaries stay small
            last = min(first + step, len(self.names))
            at = slice(pairs.indptr[first], pairs.indptr[last])
            row = np.repeat(np.arange(first, last), np.diff(pairs.indptr[first : last + 1]))
            column = pairs.indices[at]
            np.multiply(pairs.data[at], np.maximum(inverse[row], inverse[column]), out=share[at])
            share[at][row == column] = 0.0
        return sparse.csr_array((share, pairs.indices, pairs.indptr), shape=pairs.shape)
