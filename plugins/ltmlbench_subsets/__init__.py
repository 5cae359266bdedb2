"""Relational subsets of any long-tailed multi-label data.

    from ltmlbench_subsets import RelationalSubsets

    subsets = RelationalSubsets(n_subsets=4).fit(Y, names)
    subsets.report()

NumPy, SciPy and scikit-learn only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltmlbench.plugin import Command, Record, hookimpl

if TYPE_CHECKING:
    from ltmlbench_subsets.estimator import RelationalSubsets
    from ltmlbench_subsets.statistics import Statistics

__all__ = ["RelationalSubsets", "Statistics"]

_RLKD = "after Zhou et al., RLKD, MICCAI 2022; the objective is ours (docs/subsets.md)"
_RSKD = "Ju et al., Relational Subsets Knowledge Distillation, MICCAI 2021"
_LEIDEN = "Traag et al., From Louvain to Leiden, Scientific Reports 2019"


@hookimpl
def ltmlbench_subsets() -> list[Record]:
    def record(
        name: str, target: str, summary: str, citation: str = "", version: int = 1
    ) -> Record:
        home = f"ltmlbench_subsets.generators:{target}"
        return Record(name, home, summary, citation, version=version)

    return [
        record("relational", "Relational", "labels that rarely meet, alike, balanced", _RLKD, 2),
        record("shot", "ByShot", "labels by frequency: head, medium, tail", _RSKD),
        record("prior", "Prior", "predefined subsets: regions, features, a taxonomy", _RSKD),
        record("cooccurrence", "Cooccurrence", "labels that rarely occur together", version=2),
        record("semantic", "Semantic", "labels with similar prototypes or names", version=2),
        record("random", "RandomSubsets", "labels dealt at random", version=2),
        record("communities", "Communities", "labels that occur together (Leiden)", _LEIDEN),
    ]


@hookimpl
def ltmlbench_commands() -> list[Command]:
    summary = "divide the labels of any file into relational subsets"
    return [Command("subsets", "ltmlbench_subsets.command:command", summary)]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    homes = {"RelationalSubsets": "estimator", "Statistics": "statistics"}
    if name in homes:
        return getattr(import_module(f"ltmlbench_subsets.{homes[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
