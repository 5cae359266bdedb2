"""Chest X-rays with long-tailed findings: NIH ChestX-ray14, CXR-LT, ChestMNIST."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl


@hookimpl
def ltmlbench_datasets() -> list[Record]:
    return [
        Record(
            "nih-cxr",
            "ltmlbench_chest.nih:NihChestXray",
            "NIH ChestX-ray14: 112,120 pictures, 14 labels, or 20 of PruneCXR or NIH-CXR-LT",
            citation="Wang et al., ChestX-ray8, CVPR 2017; Holste et al., PruneCXR, MICCAI 2023, "
            "and Long-Tailed Classification of Thorax Diseases, DALI 2022",
        ),
        Record(
            "chestmnist",
            "ltmlbench_chest.chestmnist:ChestMnist",
            "ChestMNIST: the pictures of ChestX-ray14 at 28 to 224 pixels, 14 labels, one npz",
            citation="Yang et al., MedMNIST v2, Scientific Data 2023",
        ),
        Record(
            "cxr-lt-2023",
            "ltmlbench_chest.cxr_lt_mimic:CxrLt2023",
            "CXR-LT 2023: MIMIC-CXR's pictures, 26 labels with a long tail",
            citation="Holste et al., CXR-LT, PhysioNet 1.1 and Medical Image Analysis 2024",
        ),
        Record(
            "cxr-lt-2024",
            "ltmlbench_chest.cxr_lt_mimic:CxrLt2024",
            "CXR-LT 2024: MIMIC-CXR's pictures, 40 labels with a long tail",
            citation="Lin et al., CXR-LT 2024, PhysioNet 2.0",
        ),
        Record(
            "cxr-lt-2026",
            "ltmlbench_chest.cxr_lt:CxrLt2026",
            "CXR-LT 2026: PadChest's pictures to train on, 30 labels with a long tail",
            citation="CXR-LT 2026 challenge, arXiv:2604.15555",
        ),
    ]
