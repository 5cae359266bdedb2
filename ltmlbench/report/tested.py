"""Tests of all pairs of rows in a metric, for a page where the reader chooses the baseline."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from ltmlbench.evaluation.comparison import Pairs, compare_cells
from ltmlbench.evaluation.paired import LEVEL, probabilities
from ltmlbench.report.differences import RESAMPLES, ROPE, answer, how, resolution
from ltmlbench.report.evidence import Evidence


def pair_tests(
    evidence: Evidence,
    unit: str,
    metric: str,
    folds: Sequence[str],
    numbers: Mapping[str, int],
    *,
    higher: bool,
) -> dict[str, Any] | None:
    """What can be said of the rows in one metric; None with fewer than two that have it.

    Args:
        numbers: of the rows, by name.
        higher: whether higher is better.

    Returns:
        ``rows``, best mean first, by number; their ``ranks``; ``leads`` (share of the resamples, or
        None); ``pairs``, of every two rows i before j of that order: mean, low and high of i − j,
        and the probabilities that i is worse, the same, better; ``against``, per baseline in that
        order: adjusted p of every row, what can be resolved, and that in words; ``answer`` and
        ``how`` in words.
    """
    frame = evidence.values(unit, metric, folds).get("")
    frame = None if frame is None else frame.dropna(axis="columns", how="all")
    if frame is None or len(frame.columns) < 2:
        return None
    headline = unit == evidence.units[0] and metric in evidence.protocol.headline
    wanted = headline and len(folds) == 1
    draws = evidence.draws(unit, metric, folds, RESAMPLES).get("") if wanted else None
    pairs = Pairs(frame, evidence.test_share, draws, higher=higher)
    rows = list(pairs.means)
    each = []
    for a, b in itertools.combinations(rows, 2):
        found = pairs.difference(a, b)
        chance = probabilities(found, ROPE)
        each.append([found.mean, found.low, found.high, *(chance if higher else chance[::-1])])
    against = []
    for row in rows:
        compared = pairs.against(row, ROPE)
        against.append(
            {
                "p": [compared.adjusted.get(other) for other in rows],
                "resolves": compared.resolves,
                "text": resolution(compared, metric, evidence.group),
            }
        )
    return {
        "rows": [numbers[row] for row in rows],
        "ranks": [pairs.ranks[row] for row in rows],
        "leads": [pairs.leads.get(row) for row in rows] if pairs.leads else None,
        "pairs": each,
        "against": against,
        "answer": answer(compared, metric),
        "how": how(compared, evidence.group),
    }


def decided_parts(
    evidence: Evidence,
    unit: str,
    metric: str,
    folds: Sequence[str],
    baseline: str,
    numbers: Mapping[str, int],
) -> dict[str, Any]:
    """The cells label × row whose difference to the baseline is decided, p adjusted for all of
    them together: ``baseline`` by number, ``cells`` (label, row) -> sign of the difference."""
    drawn = len(folds) == 1 and metric in evidence.protocol.headline
    draws = evidence.draws(unit, metric, folds, RESAMPLES) if drawn else {}
    values = evidence.values(unit, metric, folds)
    parts = {name: values[name] for name in evidence.labels if name in values}
    cells, adjusted = compare_cells(parts, baseline, evidence.test_share, draws)
    return {
        "baseline": numbers[baseline],
        "count": len(cells),
        "cells": [
            [evidence.labels.index(part), numbers[row], 1 if cells[part, row].mean > 0 else -1]
            for (part, row), p in adjusted.items()
            if p < LEVEL
        ],
    }
