"""Losses, samplers and methods against label imbalance."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl
from ltmlbench_imbalance import sources


@hookimpl
def ltmlbench_losses() -> list[Record]:
    return [
        Record(
            "bce",
            "ltmlbench_imbalance.losses:BinaryCrossEntropy",
            "binary cross-entropy",
            **sources.BCE,
        ),
        Record(
            "focal",
            "ltmlbench_imbalance.losses:Focal",
            "focal loss",
            **sources.FOCAL,
        ),
        Record(
            "db",
            "ltmlbench_imbalance.losses:DistributionBalanced",
            "distribution-balanced loss, with focal part",
            **sources.DB,
        ),
        Record(
            "asl",
            "ltmlbench_imbalance.asymmetric:Asymmetric",
            "asymmetric loss: easy negatives fade faster than easy positives",
            **sources.ASL,
        ),
        Record(
            "ral",
            "ltmlbench_imbalance.asymmetric:RobustAsymmetric",
            "robust asymmetric loss: ASL with polynomials",
            **sources.RAL,
        ),
        Record(
            "hill",
            "ltmlbench_imbalance.asymmetric:Hill",
            "Hill loss: high-scored negatives pull less",
            **sources.HILL,
        ),
        Record(
            "splc",
            "ltmlbench_imbalance.asymmetric:Splc",
            "self-paced loss correction: high-scored negatives become positives",
            **sources.SPLC,
        ),
        Record(
            "cb-focal",
            "ltmlbench_imbalance.weighted:ClassBalanced",
            "focal loss weighted by the effective number of samples",
            **sources.CB_FOCAL,
        ),
        Record(
            "ldam-drw",
            "ltmlbench_imbalance.weighted:Ldam",
            "label-distribution-aware margins, weights that set in late",
            **sources.LDAM,
        ),
        Record(
            "la",
            "ltmlbench_imbalance.weighted:LogitAdjusted",
            "logit-adjusted binary cross-entropy",
            **sources.LA,
        ),
        Record(
            "two-way",
            "ltmlbench_imbalance.pairwise:TwoWay",
            "two-way loss: within samples and within labels",
            **sources.TWO_WAY,
        ),
        Record(
            "zlpr",
            "ltmlbench_imbalance.pairwise:Zlpr",
            "zero-bounded log-sum-exp and pairwise ranking",
            **sources.ZLPR,
        ),
    ]


@hookimpl
def ltmlbench_samplers() -> list[Record]:
    return [
        Record(
            "ib",
            "ltmlbench_imbalance.samplers:InstanceBalanced",
            "instance-balanced: every sample once, shuffled",
            aliases=("instance-balanced",),
            **sources.IB,
        ),
        Record(
            "cb",
            "ltmlbench_imbalance.samplers:ClassAware",
            "class-aware: labels in turn, samples of each in turn",
            aliases=("class-aware",),
            **sources.CLASS_AWARE,
        ),
        Record(
            "cycle",
            "ltmlbench_imbalance.samplers:Cycle",
            "all rows shuffled, again and again, until rows=N are drawn",
            **sources.CYCLE,
        ),
        Record(
            "instance-cb",
            "ltmlbench_imbalance.samplers:InstanceClassBalanced",
            "instance-wise class-balanced: every row as likely as its rarest label asks for",
            **sources.INSTANCE_CB,
        ),
        Record(
            "rfs",
            "ltmlbench_imbalance.samplers:RepeatFactor",
            "repeat factor: rows of rare labels several times per epoch",
            **sources.RFS,
        ),
    ]


@hookimpl
def ltmlbench_methods() -> list[Record]:
    return [
        Record(
            "bce",
            "ltmlbench_imbalance.methods:Bce",
            "binary cross-entropy, instance-balanced sampling (the same training as ib)",
            **sources.BCE,
        ),
        Record(
            "ib",
            "ltmlbench_imbalance.methods:InstanceBalancedSampling",
            "instance-balanced sampling, binary cross-entropy",
            **sources.IB,
        ),
        Record(
            "cb",
            "ltmlbench_imbalance.methods:ClassBalancedSampling",
            "class-aware sampling, binary cross-entropy",
            **sources.CLASS_AWARE,
        ),
        Record(
            "focal",
            "ltmlbench_imbalance.methods:FocalLoss",
            "focal loss, instance-balanced sampling",
            **sources.FOCAL,
        ),
        Record(
            "db",
            "ltmlbench_imbalance.methods:DbLoss",
            "distribution-balanced loss with focal part, class-aware sampling",
            **sources.DB,
        ),
        Record(
            "asl",
            "ltmlbench_imbalance.loss_rows:AsymmetricLoss",
            "asymmetric loss, instance-balanced sampling",
            **sources.ASL,
        ),
        Record(
            "ral",
            "ltmlbench_imbalance.loss_rows:RobustAsymmetricLoss",
            "robust asymmetric loss, instance-balanced sampling",
            **sources.RAL,
        ),
        Record(
            "hill",
            "ltmlbench_imbalance.loss_rows:HillLoss",
            "Hill loss, instance-balanced sampling",
            **sources.HILL,
        ),
        Record(
            "splc",
            "ltmlbench_imbalance.loss_rows:SplcLoss",
            "self-paced loss correction, instance-balanced sampling",
            **sources.SPLC,
        ),
        Record(
            "cb-focal",
            "ltmlbench_imbalance.loss_rows:ClassBalancedFocal",
            "class-balanced focal loss, instance-balanced sampling",
            **sources.CB_FOCAL,
        ),
        Record(
            "ldam-drw",
            "ltmlbench_imbalance.loss_rows:LdamDrw",
            "LDAM with deferred weights, instance-balanced sampling",
            **sources.LDAM,
        ),
        Record(
            "la",
            "ltmlbench_imbalance.loss_rows:LogitAdjustment",
            "logit adjustment while training",
            **sources.LA,
        ),
        Record(
            "two-way",
            "ltmlbench_imbalance.loss_rows:TwoWayLoss",
            "two-way loss, instance-balanced sampling",
            **sources.TWO_WAY,
        ),
        Record(
            "zlpr",
            "ltmlbench_imbalance.loss_rows:ZlprLoss",
            "ZLPR, instance-balanced sampling",
            **sources.ZLPR,
        ),
        Record(
            "rfs",
            "ltmlbench_imbalance.methods:RepeatFactorSampling",
            "repeat factor sampling, binary cross-entropy",
            **sources.RFS,
        ),
        Record(
            "crt",
            "ltmlbench_imbalance.two_stage:ClassifierRetraining",
            "the training of ib, then its head anew with class-aware sampling",
            **sources.CRT,
        ),
        Record(
            "probe",
            "ltmlbench_imbalance.two_stage:LinearProbe",
            "one linear layer on the backbone's own weights, which stay as they are",
            **sources.PROBE,
        ),
        Record(
            "ema",
            "ltmlbench_imbalance.two_stage:AveragedWeights",
            "the training of ib, of which a moving average of the weights is kept",
            **sources.EMA,
        ),
        Record(
            "two-samplers",
            "ltmlbench_imbalance.two_stage:TwoSamplers",
            "every step a uniform and a class-aware batch",
            **sources.TWO_SAMPLERS,
        ),
        Record(
            "calibrated",
            "ltmlbench_imbalance.calibration:Calibrated",
            "another row, its logits mapped afterwards; nothing is trained again",
            **sources.CALIBRATED,
        ),
        Record(
            "all-negative",
            "ltmlbench_imbalance.floors:AllNegative",
            "floor: predicts all labels negative, with one score for all",
            **sources.ALL_NEGATIVE,
        ),
        Record(
            "majority",
            "ltmlbench_imbalance.floors:Majority",
            "floor: the most frequent label set of the training rows for every sample",
            **sources.MAJORITY,
        ),
    ]
