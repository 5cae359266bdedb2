"""Rows of a table compared in one metric: differences, how sure they are, and shared ranks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from ltmlbench.arrays import Floats
from ltmlbench.evaluation.paired import (
    LEVEL,
    Difference,
    Probabilities,
    bootstrapped,
    corrected_t,
    holm,
    probabilities,
    rank_spans,
    smallest_difference,
)


@dataclass(frozen=True)
class Comparison:
    """What can be said of the rows of a table in one metric.

    Attributes:
        baseline: the row that the others are compared with.
        folds, seeds: how many; ``values`` of seeds are averaged before anything is tested.
        means: of all rows, best first.
        differences: to the baseline, of all other rows: over folds where there are two at least,
            else over resamples of the groups.
        adjusted: their p values after Holm's correction.
        probabilities: posterior, of being worse, within ``rope``, better.
        ranks: the places each row can have, from all pairs of rows with Holm's correction.
        rivals: the rows that are not decidedly worse than the leader.
        resampled: differences over resamples of the groups; empty without predictions.
        leads: in how many of the ``resamples`` each row is the best; ties are shared out.
        resolves: smallest difference found with a chance of 80 % by the strictest of the tests
            (median over rows); ``resolves_alone``, by one test without correction.
        higher: whether higher is better.
    """

    baseline: str
    folds: int
    seeds: int
    rope: float
    means: Mapping[str, float]
    differences: Mapping[str, Difference]
    adjusted: Mapping[str, float]
    probabilities: Mapping[str, Probabilities]
    ranks: Mapping[str, tuple[int, int]]
    rivals: tuple[str, ...]
    resolves: float
    resolves_alone: float
    higher: bool = True
    resamples: int = 0
    resampled: Mapping[str, Difference] = field(default_factory=dict)
    leads: Mapping[str, float] = field(default_factory=dict)

    @property
    def leader(self) -> str:
        return next(iter(self.means))

    def decided(self, row: str) -> bool:
        """Whether a row differs from the baseline at 5 %, all rows considered."""
        return self.adjusted[row] < LEVEL


class Pairs:
    """All pairs of rows in one metric: tested once, whichever row is then the baseline.

    Args:
        values: one column per row of the table; index (fold, seed); NaN where there is no run.
        test_share: test rows per training row.
        draws: R values per row from resamples of the groups, the same resamples for all rows.
        higher: whether higher is better.
    """

    def __init__(
        self,
        values: pd.DataFrame,
        test_share: float,
        draws: Mapping[str, Floats] | None = None,
        *,
        higher: bool = True,
    ) -> None:
        self.higher = higher
        self.folds = len(values.index.unique("fold"))
        self.seeds = len(values.index.unique("seed"))
        means = values.groupby(level="fold").mean().mean().sort_values(ascending=not higher)
        self.means = {str(row): float(mean) for row, mean in means.items()}
        """Best first."""
        grid = pd.MultiIndex.from_product(
            [values.index.unique("fold"), values.index.unique("seed")]
        )
        whole = values[list(means.index)].reindex(grid).to_numpy(dtype=np.float64)
        cube = whole.reshape(self.folds, self.seeds, len(self.means))
        self._values = {row: cube[:, :, place] for place, row in enumerate(self.means)}
        self._test_share = test_share
        self._draws = draws or {}
        self._found: dict[tuple[str, str], Difference] = {}

    def difference(self, a: str, b: str) -> Difference:
        """Row ``a`` minus row ``b``: over folds where there are two at least, else over resamples.

        Seeds of a fold share their training and test rows: they are averaged, not counted.
        """
        if (b, a) in self._found:
            return self._found[b, a].reversed
        if (a, b) not in self._found:
            self._found[a, b] = self._tested(a, b)
        return self._found[a, b]

    def _tested(self, a: str, b: str) -> Difference:
        per_fold = _mean_of_defined(self._values[a] - self._values[b])
        if len(per_fold) == 1 and a in self._draws and b in self._draws:
            return bootstrapped(float(per_fold[0]), self._draws[a] - self._draws[b])
        return corrected_t(per_fold, self._test_share)

    @cached_property
    def _better(self) -> npt.NDArray[np.bool_]:
        """Rows × rows, best mean first: decidedly better, all pairs with Holm's correction."""
        rows = list(self.means)
        pairs = list(itertools.combinations(range(len(rows)), 2))
        found = [self.difference(rows[i], rows[j]) for i, j in pairs]
        better: npt.NDArray[np.bool_] = np.zeros((len(rows), len(rows)), dtype=bool)
        for (i, j), difference, p in zip(pairs, found, holm([d.p for d in found]), strict=True):
            if p < LEVEL:
                better[(i, j) if (difference.mean > 0) == self.higher else (j, i)] = True
        return better

    @property
    def ranks(self) -> dict[str, tuple[int, int]]:
        """The places each row can have, from all pairs with Holm's correction."""
        return dict(zip(self.means, rank_spans(self._better), strict=True))

    @property
    def rivals(self) -> tuple[str, ...]:
        """The rows that are not decidedly worse than the leader."""
        first = zip(self.means, self._better[0], strict=True)
        return tuple(row for row, worse in list(first)[1:] if not worse)

    @cached_property
    def leads(self) -> dict[str, float]:
        """The share of resamples in which each row is the best; ties are shared out."""
        drawn = {row: self._draws[row] for row in self.means if row in self._draws}
        if len(drawn) < 2:
            return {}
        table = np.stack(list(drawn.values())) * (1 if self.higher else -1)
        best = table == table.max(axis=0)  # NaN is no best
        counted = best.any(axis=0)
        shares = (best[:, counted] / best[:, counted].sum(axis=0)).mean(axis=1)
        return dict(zip(drawn, shares.tolist(), strict=True))

    def against(self, baseline: str, rope: float) -> Comparison:
        """All rows compared with one of them.

        Args:
            rope: region of practical equivalence, on both sides of 0.
        """
        others = [row for row in self.means if row != baseline]
        differences = {row: self.difference(row, baseline) for row in others}
        adjusted = holm([d.p for d in differences.values()])
        chances = {row: probabilities(d, rope) for row, d in differences.items()}
        drawn = self._draws if baseline in self._draws else {}
        return Comparison(
            baseline=baseline,
            folds=self.folds,
            seeds=self.seeds,
            rope=rope,
            means=self.means,
            differences=differences,
            adjusted=dict(zip(others, adjusted.tolist(), strict=True)),
            probabilities={
                row: chance if self.higher else Probabilities(*chance[::-1])
                for row, chance in chances.items()
            },
            ranks=self.ranks,
            rivals=self.rivals,
            resolves=_resolves(differences, LEVEL / max(len(others), 1)),
            resolves_alone=_resolves(differences, LEVEL),
            higher=self.higher,
            resamples=len(next(iter(self._draws.values()))) if self._draws else 0,
            resampled={
                row: bootstrapped(
                    self.means[row] - self.means[baseline], drawn[row] - drawn[baseline]
                )
                for row in others
                if row in drawn
            },
            leads=self.leads,
        )


def compare_cells(
    values: Mapping[str, pd.DataFrame],
    baseline: str,
    test_share: float,
    draws: Mapping[str, Mapping[str, Floats]],
) -> tuple[dict[tuple[str, str], Difference], dict[tuple[str, str], float]]:
    """Differences to the baseline per part (label, or head, medium and tail) and row, and their p
    values adjusted for all of them together.

    Args:
        values: per part, as `Pairs` takes them.
        draws: per part, as `Pairs` takes them.
    """
    cells = {}
    for part, frame in values.items():
        if baseline in frame:
            pairs = Pairs(frame, test_share, draws.get(part))
            for row in frame.columns:
                if row != baseline:
                    cells[part, str(row)] = pairs.difference(str(row), baseline)
    adjusted = holm([cell.p for cell in cells.values()])
    return cells, dict(zip(cells, adjusted.tolist(), strict=True))


def _mean_of_defined(values: Floats) -> Floats:
    """Means over the last axis without NaN; NaN where nothing is defined."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=-1)
    total = np.where(defined, values, 0).sum(axis=-1)
    mean: Floats = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return mean


def _resolves(differences: Mapping[str, Difference], level: float) -> float:
    limits = [smallest_difference(d.error, d.df, level) for d in differences.values()]
    known = [limit for limit in limits if not math.isnan(limit)]
    return float(np.median(known)) if known else math.nan
