"""Rows of methods of which neither code nor the whole paper could be had: what they say in words,
built as small as it can be. Each names what is ours; lists and tables call them reduced."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl


@hookimpl
def ltmlbench_methods() -> list[Record]:
    return [
        Record(
            "scfkd",
            "ltmlbench_reduced.scfkd:Scfkd",
            "a teacher that also knows covariates, a student that guesses them; pairs of a group",
            citation="He et al., SCFKD, Biomedical Signal Processing and Control 67 (2021) 102491 "
            "(abstract alone)",
            reduced="from the abstract alone: sizes, covariates, losses and weights are ours; the "
            "network sees two samples of a group and scores both alike",
        ),
        Record(
            "cct-net",
            "ltmlbench_reduced.cct_net:CctNet",
            "a map per category, refined features, one classifier for all categories and a source",
            citation="Zhou et al., CCT-Net, ICCV 2021 (abstract alone)",
            reduced="from the abstract alone: maps, pooling, refinement, losses and weights are "
            "ours; the source task is whether a grade is above 0",
        ),
        Record(
            "collab",
            "ltmlbench_reduced.collab:Collab",
            "two last stages and heads, for uniform and class-aware batches, that agree",
            citation="Guo and Wang, Long-Tailed Multi-Label Visual Recognition by Collaborative "
            "Training on Uniform and Re-Balanced Samplings, CVPR 2021",
            reduced="no code was released: what is shared, the weight of the agreement and the "
            "schedule are ours",
        ),
    ]
