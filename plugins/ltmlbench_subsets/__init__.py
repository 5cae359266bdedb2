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
    def record(name: str, target: str, summary: str, formula: str, **facts: Any) -> Record:
        home = f"ltmlbench_subsets.generators:{target}"
        return Record(name, home, summary, formula=formula, **facts)

    return [
        record(
            "relational",
            "Relational",
            "labels that rarely meet, alike, balanced",
            "the least λ_co R_co + λ_im R_im + λ_sem R_sem: shares left of co-occurring pairs, of "
            "the spread of ln n, of the spread of prototypes",
            citation=_RLKD,
            ours="the objective, λ = 1, the number of subsets",
            checked="no released code; the search against the exact minimum",
            version=2,
        ),
        record(
            "shot",
            "ByShot",
            "labels by frequency: head, medium, tail",
            "n ≥ head; between; n < tail",
            citation=_RSKD,
            ours="thresholds; a set of one label joins its neighbour",
        ),
        record(
            "prior",
            "Prior",
            "predefined subsets: regions, features, a taxonomy",
            "as given",
            citation=_RSKD,
            ours="the tables of the data sets",
        ),
        record(
            "cooccurrence",
            "Cooccurrence",
            "labels that rarely occur together",
            "relational with λ_im = λ_sem = 0",
            ours="all of it",
            version=2,
        ),
        record(
            "semantic",
            "Semantic",
            "labels with similar prototypes or names",
            "relational with λ_co = λ_im = 0",
            ours="all of it",
            version=2,
        ),
        record(
            "random",
            "RandomSubsets",
            "labels dealt at random",
            "subsets of equal size, ± 1",
            ours="all of it: the ablation",
            version=2,
        ),
        record(
            "communities",
            "Communities",
            "labels that occur together (Leiden)",
            "communities of the graph with weights n_ab / √(n_a n_b)",
            citation=_LEIDEN,
            ours="the weights",
        ),
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
