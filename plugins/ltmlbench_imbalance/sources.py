"""What each loss, sampler and row is: formula, source, what is ours, how it was checked.

p = σ(z), y a label of a sample, π its share among the training rows, n its positives, C labels.
Losses are means over samples and labels, whatever their authors' code adds up: that is ours.
"""

from __future__ import annotations

from typing import TypedDict


class Facts(TypedDict, total=False):
    """Fields of a `Record` that a loss and its row have in common."""

    citation: str
    formula: str
    ours: str
    checked: str


def _golden(names: str) -> str:
    return f"values and gradients of the authors' released code, to 1e-5 (tests/golden/{names})"


_WRITTEN = "against the formula written out number by number"

BCE: Facts = {
    "formula": "−y log p − (1−y) log(1−p)",
    "checked": "against torch's own",
}
FOCAL: Facts = {
    "citation": "Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, eq. 4-5",
    "formula": "−α_t (1−p_t)^γ log p_t",
    "ours": "no α: 0.25 was tuned for detection",
    "checked": _WRITTEN,
}
DB: Facts = {
    "citation": "Wu et al., Distribution-Balanced Loss, ECCV 2020, eq. 6-9 (signs as in issue #1 "
    "of its code)",
    "formula": "r̂ [y F(z−ν) + (1−y) F(−λ(z−ν)) / λ], r̂ = α + σ(β (r − μ)), r = (1/n) / Σ_j "
    "y_j/n_j, ν = −κ logit π, F the focal term",
    "ours": "the class bias as in the paper, not divided by λ (bias=released is their code); "
    "published values for VOC-MLT",
    "checked": _golden("db_*.npz"),
}
ASL: Facts = {
    "citation": "Ridnik et al., Asymmetric Loss for Multi-Label Classification, ICCV 2021, eq. 4-6",
    "formula": "−y (1−p)^γ₊ log p − (1−y) p_m^γ₋ log(1−p_m), p_m = max(p − m, 0)",
    "ours": "the mean in place of their sum",
    "checked": _golden("asl_*.npz"),
}
RAL: Facts = {
    "citation": "Park et al., Robust Asymmetric Loss for Multi-Label Long-Tailed Learning, ICCVW "
    "2023",
    "formula": "−y (1−p)^γ₊ [log p + ε₁(1−p) + ε₂/2 (1−p)²] − (1−y) (1−q)^γ₋ [log q + ε₋ q] "
    "(λ−p) p² (λ−q), q = min(1 − p + m, 1)",
    "ours": "the mean in place of their sum",
    "checked": _golden("ral_*.npz"),
}
HILL: Facts = {
    "citation": "Zhang et al., Simple and Robust Loss Design for Multi-Label Learning, "
    "arXiv:2112.07368",
    "formula": "−y (1−p_m)^γ log p_m + (1−y) (λ−p) p², p_m = σ(z − margin)",
    "checked": _golden("hill_*.npz"),
}
SPLC: Facts = {
    "citation": "Zhang et al., Simple and Robust Loss Design for Multi-Label Learning, "
    "arXiv:2112.07368, eq. 9-10",
    "formula": "focal loss with a margin; from the second epoch on a negative with p > τ counts "
    "as a positive",
    "checked": _golden("splc_*.npz"),
}
CB_FOCAL: Facts = {
    "citation": "Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR "
    "2019, eq. 2-4",
    "formula": "w (1−p_t)^γ BCE, w = (1−β) / (1−β^n)",
    "ours": "which w a sample with several labels has (mode; default: one per label)",
    "checked": _golden("cb_*.npz") + "; mode=positives written out",
}
LDAM: Facts = {
    "citation": "Cao et al., Label-Distribution-Aware Margin Loss, NeurIPS 2019",
    "formula": "w BCE(s (z − y Δ), y), Δ ∝ n^(−1/4); w by effective number, from a share of the "
    "steps on",
    "ours": "sigmoids for several labels, s = 1, the switch at 80 % of the steps",
    "checked": _WRITTEN,
}
LA: Facts = {
    "citation": "Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021, eq. 10",
    "formula": "BCE(z + τ logit π, y) to train, σ(z) to predict",
    "ours": "sigmoids for several labels, label by label",
    "checked": _WRITTEN,
}
TWO_WAY: Facts = {
    "citation": "Kobayashi, Two-Way Multi-Label Loss, CVPR 2023, eq. 8",
    "formula": "softplus(T₊ log Σ_pos e^(−z/T₊) + T₋ log Σ_neg e^(z/T₋)), mean over samples plus "
    "mean over labels",
    "ours": "labels without a positive in the batch are left out",
    "checked": _WRITTEN,
}
ZLPR: Facts = {
    "citation": "Su et al., ZLPR: A Novel Loss for Multi-label Classification, arXiv:2208.02955, "
    "eq. 5",
    "formula": "log(1 + Σ_neg e^z) + log(1 + Σ_pos e^(−z))",
    "checked": _WRITTEN,
}

_DECOUPLE = "Kang et al., Decoupling Representation and Classifier, ICLR 2020"

IB: Facts = {
    "citation": _DECOUPLE,
    "formula": "every row once, in random order",
    "checked": "every row is drawn once",
}
CLASS_AWARE: Facts = {
    "citation": "released code of Wu et al., Distribution-Balanced Loss, ECCV 2020",
    "formula": "labels in turn, k rows of each from its own reshuffled cycle",
    "ours": "an epoch as long as the data set (epoch_length=released: as in their code)",
    "checked": "the shares of labels that follow from it",
}
CYCLE: Facts = {
    "formula": "all rows in random order, again and again",
    "ours": "all of it: epochs of equal length for subsets of unequal size",
    "checked": "no row comes again before all have come",
}
INSTANCE_CB: Facts = {
    "citation": "Ju et al., Hierarchical Knowledge Guided Learning (HKGL), IEEE TMI 2023",
    "formula": "P(row) ∝ max over its labels of (1−β) / (1−β^n)",
    "ours": "the heaviest label, where their code takes the last; the smallest weight without "
    "labels",
    "checked": "the shares that follow from it",
}
RFS: Facts = {
    "citation": "Gupta et al., LVIS: A Dataset for Large Vocabulary Instance Segmentation, CVPR "
    "2019",
    "formula": "a row r times, r = max over its labels of max(1, √(t/π)), the fraction drawn "
    "anew every epoch",
    "ours": "t, the median of π; rows without labels once",
    "checked": _WRITTEN,
}
CRT: Facts = {
    "citation": _DECOUPLE,
    "formula": "the training of ib; then the head from its start again, class-aware, on the "
    "frozen trunk",
    "ours": "for several labels; four epochs in the second stage, on features stored once "
    "(views=V: of V random views)",
    "checked": "stored features against views made anew; its first stage is that of ib",
}
PROBE: Facts = {
    "citation": "Alain and Bengio, Understanding Intermediate Layers Using Linear Classifier "
    "Probes, arXiv:1610.01644",
    "formula": "z = W mean_x F + b on the features F of the backbone's own weights; W and b are "
    "trained",
    "ours": "the last features alone, dropout as in the head linear, the other rows' schedule",
    "checked": "stored features against views made anew",
}
EMA: Facts = {
    "formula": "θ̄ ← d θ̄ + (1−d) θ after every step t, d = min(decay, (1+t)/(10+t)); θ̄ is kept",
    "ours": "common practice; the warm-up is ours",
    "checked": "decay=0 equals ib to the last digit",
}
TWO_SAMPLERS: Facts = {
    "citation": "after Zhou et al., BBN, CVPR 2020",
    "formula": "mean of the losses of a uniform and a class-aware batch",
    "ours": "one network, no schedule of mixing",
    "checked": "by its parts",
}
CALIBRATED: Facts = {
    "citation": "Menon et al., ICLR 2021 (adjustment); Guo et al., ICML 2017 (temperature)",
    "formula": "prior: z − τ (logit π_seen − logit π); adjustment: z − τ logit π; temperature: z "
    "/ T; thresholds: z − t_c",
    "ours": "label by label; π_seen from four epochs of the sampler; T and t_c from validation "
    "rows",
    "checked": "no label is ranked otherwise; T and t_c against a search",
}
ALL_NEGATIVE: Facts = {
    "formula": "one score for all samples and labels, below every threshold",
    "ours": "a floor",
    "checked": "by its parts",
}
MAJORITY: Facts = {
    "formula": "the most frequent set of labels of the training rows, ranked by π",
    "ours": "a floor",
    "checked": "by its parts",
}
