"""Losses, samplers and methods against label imbalance."""

from __future__ import annotations

from ltmlbench.hooks import Record, hookimpl

_DB = "Wu et al., Distribution-Balanced Loss, ECCV 2020, eq. 6-9 (signs as in issue #1 of its code)"
_FOCAL = "Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, eq. 4-5"
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
            "all-negative",
            "ltmlbench_imbalance.floors:AllNegative",
            "floor: says no to every label, with one score for all",
        ),
        Record(
            "majority",
            "ltmlbench_imbalance.floors:Majority",
            "floor: the most frequent label set of the training rows for every sample",
        ),
    ]
