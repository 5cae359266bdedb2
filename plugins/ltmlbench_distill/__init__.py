"""Teachers on label subsets, and students distilled from them: RLKD (`ours`) and RSKD."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl

_RLKD = (
    "Zhou et al., Long-Tailed Multi-label Retinal Diseases Recognition via Relational Learning and "
    "Knowledge Distillation, MICCAI 2022 (poster and abstract; docs/methods.md says per part what "
    "is the paper's and what is ours)"
)
_RSKD = "Ju et al., Relational Subsets Knowledge Distillation, MICCAI 2021; weight and T are ours"


@hookimpl
def ltmlbench_methods() -> list[Record]:
    return [
        Record(
            "ours",
            "ltmlbench_distill.methods:Rlkd",
            "RLKD: pre-training, region attention, relational subsets, class-balanced distillation",
            citation=_RLKD,
            aliases=("rlkd",),
        ),
        Record(
            "ours+focal",
            "ltmlbench_distill.methods:RlkdFocal",
            "RLKD with focal loss against the labels",
            citation=_RLKD,
            aliases=("rlkd+focal",),
        ),
        Record(
            "rskd",
            "ltmlbench_distill.methods:Rskd",
            "teachers on shot, region and feature subsets, weighted distillation",
            citation=_RSKD,
        ),
    ]


@hookimpl
def ltmlbench_distillations() -> list[Record]:
    return [
        Record(
            "class-balanced",
            "ltmlbench_distill.losses:ClassBalanced",
            "per-sample class-balanced distillation from subset teachers",
            citation=_RLKD,
            aliases=("cbkd",),
            version=2,
        ),
        Record(
            "weighted",
            "ltmlbench_distill.losses:Weighted",
            "distillation weighted by inverse frequency within each teacher's labels",
            citation=_RSKD,
        ),
    ]
