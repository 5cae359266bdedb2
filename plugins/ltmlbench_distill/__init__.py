"""Teachers on label subsets, and students distilled from them: RLKD (`ours`) and RSKD."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl

_RLKD = (
    "Zhou et al., Long-Tailed Multi-label Retinal Diseases Recognition via Relational Learning and "
    "Knowledge Distillation, MICCAI 2022 (poster and abstract; docs/methods.md says per part what "
    "is the paper's and what is ours)"
)
_RSKD = "Ju et al., Relational Subsets Knowledge Distillation, MICCAI 2021"
_OURS_RLKD = (
    "all but the wiring: data, decoder and loss of pre-training, the objective of the subsets, the "
    "weight w, mixing, α, T, the correction of priors, the schedule (docs/methods.md, part by part)"
)
_OURS_RSKD = (
    "ω, α, T (from the authors' HKGL script), thresholds, region and feature tables, that teachers "
    "see the views of one epoch (views=N)"
)
_RLKD_FORMULA = (
    "(1/C) Σ_c [(1 − α_c) hard_c + α_c w_c T² BCE(σ(z_c/T), σ(t_c/T))], α_c = α for labels that a "
    "teacher knows, else 0; w = 0.1 + σ(10 (r − 0.3)), r as in DB loss"
)
_RSKD_FORMULA = (
    "hard + α Σ_k Σ_{c ∈ S_k} ω_c T² BCE(σ(z_c/T), σ(t_c/T)), ω: inverse frequency within S_k"
)
_CHECKED = "no released code; the loss against the formula written out"


@hookimpl
def ltmlbench_methods() -> list[Record]:
    return [
        Record(
            "ours",
            "ltmlbench_distill.methods:Rlkd",
            "RLKD: pre-training, region attention, relational subsets, class-balanced distillation",
            citation=_RLKD,
            formula=_RLKD_FORMULA,
            ours=_OURS_RLKD,
            checked=_CHECKED,
            aliases=("rlkd",),
        ),
        Record(
            "ours+focal",
            "ltmlbench_distill.methods:RlkdFocal",
            "RLKD with focal loss against the labels",
            citation=_RLKD,
            formula=_RLKD_FORMULA,
            ours=_OURS_RLKD,
            checked=_CHECKED,
            aliases=("rlkd+focal",),
        ),
        Record(
            "rskd",
            "ltmlbench_distill.methods:Rskd",
            "teachers on shot, region and feature subsets, weighted distillation",
            citation=_RSKD,
            formula=_RSKD_FORMULA,
            ours=_OURS_RSKD,
            checked=_CHECKED,
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
            formula=_RLKD_FORMULA,
            ours=_OURS_RLKD,
            checked=_CHECKED,
            aliases=("cbkd",),
            version=2,
        ),
        Record(
            "weighted",
            "ltmlbench_distill.losses:Weighted",
            "distillation weighted by inverse frequency within each teacher's labels",
            citation=_RSKD,
            formula=_RSKD_FORMULA,
            ours=_OURS_RSKD,
            checked=_CHECKED,
        ),
    ]
