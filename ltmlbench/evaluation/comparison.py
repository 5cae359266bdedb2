"""Rows of a table compared in one metric: differences, how sure they are, and shared ranks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

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


def compare(
    values: pd.DataFrame,
    baseline: str,
    test_share: float,
    rope: float,
    draws: Mapping[str, Floats] | None = None,
    *,
    higher: bool = True,
) -> Comparison:
    """Compares all rows with one of them.

    Args:
        values: one column per row of the table; index (fold, seed); NaN where there is no run.
        baseline: one of the columns.
        test_share: test rows per training row.
        rope: region of practical equivalence, on both sides of 0.
        draws: R values per row from resamples of the groups, the same resamples for all rows.
        higher: whether higher is better.
    """
    drawn = draws or {}
    means = values.groupby(level="fold").mean().mean().sort_values(ascending=not higher)
    order = [str(row) for row in means.index]
    others = [row for row in order if row != baseline]
    resampled = {
        row: bootstrapped(means[row] - means[baseline], drawn[row] - drawn[baseline])
        for row in others
        if row in drawn and baseline in drawn
    }
    differences = {row: _difference(values, row, baseline, test_share, drawn) for row in others}
    adjusted = holm([d.p for d in differences.values()])
    sign = 1 if higher else -1
    leads = _leads({row: sign * drawn[row] for row in order if row in drawn})
    chances = {row: probabilities(d, rope) for row, d in differences.items()}
    return Comparison(
        baseline=baseline,
        folds=len(values.index.unique("fold")),
        seeds=len(values.index.unique("seed")),
        rope=rope,
        means={row: float(means[row]) for row in order},
        differences=differences,
        adjusted=dict(zip(others, adjusted.tolist(), strict=True)),
        probabilities={r: c if higher else Probabilities(*c[::-1]) for r, c in chances.items()},
        ranks=_ranks(sign * values, order, test_share, {r: sign * d for r, d in drawn.items()}),
        resolves=_resolves(differences, LEVEL / max(len(others), 1)),
        resolves_alone=_resolves(differences, LEVEL),
        higher=higher,
        resamples=len(next(iter(drawn.values()))) if drawn else 0,
        resampled=resampled,
        leads=leads,
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
        values: per part, as `compare` takes them.
        draws: per part, as `compare` takes them.
    """
    cells = {
        (part, str(row)): _difference(frame, str(row), baseline, test_share, draws.get(part, {}))
        for part, frame in values.items()
        if baseline in frame
        for row in frame.columns
        if row != baseline
    }
    adjusted = holm([cell.p for cell in cells.values()])
    return cells, dict(zip(cells, adjusted.tolist(), strict=True))


def _difference(
    values: pd.DataFrame, a: str, b: str, test_share: float, draws: Mapping[str, Floats]
) -> Difference:
    """Seeds of a fold share their training and test rows: they are averaged, not counted."""
    per_fold = (values[a] - values[b]).groupby(level="fold").mean()
    if len(per_fold) == 1 and a in draws and b in draws:
        return bootstrapped(float(per_fold.iloc[0]), draws[a] - draws[b])
    return corrected_t(per_fold.to_numpy(), test_share)


def _ranks(
    values: pd.DataFrame, rows: list[str], test_share: float, draws: Mapping[str, Floats]
) -> dict[str, tuple[int, int]]:
    pairs = list(itertools.combinations(range(len(rows)), 2))
    found = [_difference(values, rows[i], rows[j], test_share, draws) for i, j in pairs]
    better: npt.NDArray[np.bool_] = np.zeros((len(rows), len(rows)), dtype=bool)
    for (i, j), difference, p in zip(pairs, found, holm([d.p for d in found]), strict=True):
        if p < LEVEL:
            better[(i, j) if difference.mean > 0 else (j, i)] = True
    return dict(zip(rows, rank_spans(better), strict=True))


def _resolves(differences: Mapping[str, Difference], level: float) -> float:
    limits = [smallest_difference(d.error, d.df, level) for d in differences.values()]
    known = [limit for limit in limits if not math.isnan(limit)]
    return float(np.median(known)) if known else math.nan


def _leads(draws: Mapping[str, Floats]) -> dict[str, float]:
    """The share of resamples in which each row is the highest."""
    if len(draws) < 2:
        return {}
    table = np.stack(list(draws.values()))
    best = table == table.max(axis=0)  # NaN is no best
    counted = best.any(axis=0)
    shares = (best[:, counted] / best[:, counted].sum(axis=0)).mean(axis=1)
    return dict(zip(draws, shares.tolist(), strict=True))
