"""The scores of a run's record as names and numbers."""

from __future__ import annotations

from collections.abc import Mapping


def flat(metrics: Mapping[str, Mapping[str, float | None]]) -> dict[str, float]:
    """``{"eye": {"map": 0.5}}`` -> ``{"eye/map": 0.5}``; what is undefined is left out.

    >>> flat({"eye": {"map": 0.5, "macro_auc": None}})
    {'eye/map': 0.5}
    """
    return {
        f"{unit}/{name}": value
        for unit, scores in metrics.items()
        for name, value in scores.items()
        if value is not None
    }
