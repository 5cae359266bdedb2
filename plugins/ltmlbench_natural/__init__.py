"""Long-tailed subsets of everyday photographs: VOC-MLT and COCO-MLT."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl

_PAPER = (
    "Wu et al., Distribution-Balanced Loss for Multi-Label Classification in Long-Tailed "
    "Datasets, ECCV 2020"
)


@hookimpl
def ltmlbench_datasets() -> list[Record]:
    return [
        Record(
            "voc-mlt",
            "ltmlbench_natural.mlt:VocMlt",
            "VOC-MLT: 1,142 photographs of VOC 2012 to train on, test set of VOC 2007, 20 labels",
            citation=_PAPER,
        ),
        Record(
            "coco-mlt",
            "ltmlbench_natural.mlt:CocoMlt",
            "COCO-MLT: 1,909 photographs of COCO 2017 to train on, 5,000 to test on, 80 labels",
            citation=_PAPER,
        ),
    ]
