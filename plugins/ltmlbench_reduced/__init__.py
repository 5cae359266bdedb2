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
            citation="He et al., SCFKD, Biomedical Signal Processing and Control 67 (2021) "
            "102491 (abstract alone)",
            formula="h_T = [f ; m(c)], h_S = [f ; g(f)], f of two samples; BCE + λ_f ‖g(f) − "
            "m(c)‖² + λ_kd T² BCE(σ(z_S/T), σ(z_T/T))",
            ours="from the abstract alone: sizes, covariates, losses and weights are ours; it "
            "sees two samples of a group at once and scores both alike, so compare it per group",
            checked="no released code; one step of teacher and student against the loss written "
            "out",
            reduced=True,
        ),
        Record(
            "cct-net",
            "ltmlbench_reduced.cct_net:CctNet",
            "a map per category, refined features, one classifier for all categories and a source",
            citation="Zhou et al., CCT-Net, ICCV 2021 (its abstract, from memory)",
            formula="y_c = Σ_x A_c H_c / Σ_x A_c; r_c = w · mean φ(F ⊙ σ(H_c)) + b; BCE(y) + "
            "BCE(r) of labels and source + λ · domain loss",
            ours="from memory of the abstract: maps, pooling, refinement, losses and weights are "
            "ours; the source task is whether a grade is above 0",
            checked="no released code; head and one step against the formula written out",
            reduced=True,
        ),
        Record(
            "collab",
            "ltmlbench_reduced.collab:Collab",
            "two last stages and heads, for uniform and class-aware batches, that agree",
            citation="Guo and Wang, Long-Tailed Multi-Label Visual Recognition by Collaborative "
            "Training on Uniform and Re-Balanced Samplings, CVPR 2021",
            formula="BCE(u(x_U), y_U) + BCE(r(x_R), y_R) + λ mean (u − r)², score of (u + r) / 2",
            ours="no code was released: what is shared, the weight of the agreement and the "
            "schedule are ours",
            checked="no released code; one step against the loss written out",
            reduced=True,
        ),
    ]
