"""Losses, samplers and methods against label imbalance."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl

_DB = "Wu et al., Distribution-Balanced Loss, ECCV 2020, eq. 6-9 (signs as in issue #1 of its code)"
_FOCAL = "Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, eq. 4-5"
_ASL = "Ridnik et al., Asymmetric Loss for Multi-Label Classification, ICCV 2021, eq. 4-6"
_RAL = "Park et al., Robust Asymmetric Loss for Multi-Label Long-Tailed Learning, ICCVW 2023"
_HILL = "Zhang et al., Simple and Robust Loss Design for Multi-Label Learning, arXiv:2112.07368"
_CB = "Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, eq. 2-4"
_LDAM = "Cao et al., Label-Distribution-Aware Margin Loss, NeurIPS 2019; for several labels: ours"
_LA = "Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021; for several labels: ours"
_TWO_WAY = "Kobayashi, Two-Way Multi-Label Loss, CVPR 2023, eq. 8"
_ZLPR = "Su et al., ZLPR: A Novel Loss for Multi-label Classification, arXiv:2208.02955, eq. 5"
_LVIS = "Gupta et al., LVIS: A Dataset for Large Vocabulary Instance Segmentation, CVPR 2019"
_DECOUPLE = "Kang et al., Decoupling Representation and Classifier, ICLR 2020"


@hookimpl
def ltmlbench_losses() -> list[Record]:
    return [
        Record("bce", "ltmlbench_imbalance.losses:BinaryCrossEntropy", "binary cross-entropy"),
        Record("focal", "ltmlbench_imbalance.losses:Focal", "focal loss", citation=_FOCAL),
        Record(
            "db",
            "ltmlbench_imbalance.losses:DistributionBalanced",
            "distribution-balanced loss, with focal part",
            citation=_DB,
        ),
        Record(
            "asl",
            "ltmlbench_imbalance.asymmetric:Asymmetric",
            "asymmetric loss: easy negatives fade faster than easy positives",
            citation=_ASL,
        ),
        Record(
            "ral",
            "ltmlbench_imbalance.asymmetric:RobustAsymmetric",
            "robust asymmetric loss: ASL with polynomials",
            citation=_RAL,
        ),
        Record(
            "hill",
            "ltmlbench_imbalance.asymmetric:Hill",
            "Hill loss: high-scored negatives pull less",
            citation=_HILL,
        ),
        Record(
            "splc",
            "ltmlbench_imbalance.asymmetric:Splc",
            "self-paced loss correction: high-scored negatives become positives",
            citation=_HILL,
        ),
        Record(
            "cb-focal",
            "ltmlbench_imbalance.weighted:ClassBalanced",
            "focal loss weighted by the effective number of samples",
            citation=_CB,
        ),
        Record(
            "ldam-drw",
            "ltmlbench_imbalance.weighted:Ldam",
            "label-distribution-aware margins, weights that set in late",
            citation=_LDAM,
        ),
        Record(
            "la",
            "ltmlbench_imbalance.weighted:LogitAdjusted",
            "logit-adjusted binary cross-entropy",
            citation=_LA,
        ),
        Record(
            "two-way",
            "ltmlbench_imbalance.pairwise:TwoWay",
            "two-way loss: within samples and within labels",
            citation=_TWO_WAY,
        ),
        Record(
            "zlpr",
            "ltmlbench_imbalance.pairwise:Zlpr",
            "zero-bounded log-sum-exp and pairwise ranking",
            citation=_ZLPR,
        ),
    ]


@hookimpl
def ltmlbench_samplers() -> list[Record]:
    return [
        Record(
            "ib",
            "ltmlbench_imbalance.samplers:InstanceBalanced",
            "instance-balanced: every sample once, shuffled",
            citation=_DECOUPLE,
            aliases=("instance-balanced",),
        ),
        Record(
            "cb",
            "ltmlbench_imbalance.samplers:ClassAware",
            "class-aware: labels in turn, samples of each in turn",
            citation=_DB,
            aliases=("class-aware",),
        ),
        Record(
            "cycle",
            "ltmlbench_imbalance.samplers:Cycle",
            "all rows shuffled, again and again, until rows=N are drawn",
        ),
        Record(
            "instance-cb",
            "ltmlbench_imbalance.samplers:InstanceClassBalanced",
            "instance-wise class-balanced: every row as likely as its rarest label asks for",
            citation="Ju et al., Hierarchical Knowledge Guided Learning (HKGL), IEEE TMI 2023",
        ),
        Record(
            "rfs",
            "ltmlbench_imbalance.samplers:RepeatFactor",
            "repeat factor: rows of rare labels several times per epoch",
            citation=_LVIS,
        ),
    ]


@hookimpl
def ltmlbench_methods() -> list[Record]:
    return [
        Record(
            "bce",
            "ltmlbench_imbalance.methods:Bce",
            "binary cross-entropy, instance-balanced sampling (the same training as ib)",
        ),
        Record(
            "ib",
            "ltmlbench_imbalance.methods:InstanceBalancedSampling",
            "instance-balanced sampling, binary cross-entropy",
            citation=_DECOUPLE,
        ),
        Record(
            "cb",
            "ltmlbench_imbalance.methods:ClassBalancedSampling",
            "class-aware sampling, binary cross-entropy",
            citation=_DB,
        ),
        Record(
            "focal",
            "ltmlbench_imbalance.methods:FocalLoss",
            "focal loss, instance-balanced sampling",
            citation=_FOCAL,
        ),
        Record(
            "db",
            "ltmlbench_imbalance.methods:DbLoss",
            "distribution-balanced loss with focal part, class-aware sampling",
            citation=_DB,
        ),
        Record(
            "asl",
            "ltmlbench_imbalance.loss_rows:AsymmetricLoss",
            "asymmetric loss, instance-balanced sampling",
            citation=_ASL,
        ),
        Record(
            "ral",
            "ltmlbench_imbalance.loss_rows:RobustAsymmetricLoss",
            "robust asymmetric loss, instance-balanced sampling",
            citation=_RAL,
        ),
        Record(
            "hill",
            "ltmlbench_imbalance.loss_rows:HillLoss",
            "Hill loss, instance-balanced sampling",
            citation=_HILL,
        ),
        Record(
            "splc",
            "ltmlbench_imbalance.loss_rows:SplcLoss",
            "self-paced loss correction, instance-balanced sampling",
            citation=_HILL,
        ),
        Record(
            "cb-focal",
            "ltmlbench_imbalance.loss_rows:ClassBalancedFocal",
            "class-balanced focal loss, instance-balanced sampling",
            citation=_CB,
        ),
        Record(
            "ldam-drw",
            "ltmlbench_imbalance.loss_rows:LdamDrw",
            "LDAM with deferred weights, instance-balanced sampling",
            citation=_LDAM,
        ),
        Record(
            "la",
            "ltmlbench_imbalance.loss_rows:LogitAdjustment",
            "logit adjustment while training",
            citation=_LA,
        ),
        Record(
            "two-way",
            "ltmlbench_imbalance.loss_rows:TwoWayLoss",
            "two-way loss, instance-balanced sampling",
            citation=_TWO_WAY,
        ),
        Record(
            "zlpr",
            "ltmlbench_imbalance.loss_rows:ZlprLoss",
            "ZLPR, instance-balanced sampling",
            citation=_ZLPR,
        ),
        Record(
            "rfs",
            "ltmlbench_imbalance.methods:RepeatFactorSampling",
            "repeat factor sampling, binary cross-entropy",
            citation=_LVIS,
        ),
        Record(
            "crt",
            "ltmlbench_imbalance.two_stage:ClassifierRetraining",
            "the training of ib, then its head anew with class-aware sampling",
            citation=_DECOUPLE,
        ),
        Record(
            "ema",
            "ltmlbench_imbalance.two_stage:AveragedWeights",
            "the training of ib, of which a moving average of the weights is kept",
        ),
        Record(
            "two-samplers",
            "ltmlbench_imbalance.two_stage:TwoSamplers",
            "every step a uniform and a class-aware batch",
        ),
        Record(
            "calibrated",
            "ltmlbench_imbalance.calibration:Calibrated",
            "another row, its logits mapped afterwards; nothing is trained again",
        ),
        Record(
            "all-negative",
            "ltmlbench_imbalance.floors:AllNegative",
            "floor: predicts all labels negative, with one score for all",
        ),
        Record(
            "majority",
            "ltmlbench_imbalance.floors:Majority",
            "floor: the most frequent label set of the training rows for every sample",
        ),
    ]
