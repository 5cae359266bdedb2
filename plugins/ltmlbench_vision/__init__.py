"""Image backbones (any timm model), heads, multi-task pre-training and Grad-CAM."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl


@hookimpl
def ltmlbench_backbones() -> list[Record]:
    return [
        Record(
            "timm",
            "ltmlbench_vision.backbone:Timm",
            "any timm classification model, by its timm name: resnet50, densenet121, ...",
            citation="Wightman, PyTorch Image Models (timm), doi:10.5281/zenodo.4414861",
            catch_all="model",
        )
    ]


@hookimpl
def ltmlbench_heads() -> list[Record]:
    return [
        Record(
            "linear",
            "ltmlbench_vision.heads:Linear",
            "global average pooling, dropout, one linear layer",
        ),
        Record(
            "region-attention",
            "ltmlbench_vision.heads:RegionAttention",
            "weights of regions from pooled and learnt maps, then as linear",
            citation="Zhou et al., RLKD, MICCAI 2022 (wiring); sizes and place are ours",
            aliases=("rba",),
        ),
        Record(
            "csra",
            "ltmlbench_vision.heads:ResidualAttentionHead",
            "class-specific residual attention",
            citation="Zhu and Wu, Residual Attention: A Simple but Effective Method, ICCV 2021",
        ),
        Record(
            "ml-decoder",
            "ltmlbench_vision.heads:MlDecoderHead",
            "fixed queries, one per group of labels, attend to the feature map",
            citation="Ridnik et al., ML-Decoder, WACV 2023",
        ),
    ]


@hookimpl
def ltmlbench_explanations() -> list[Record]:
    return [
        Record(
            "grad-cam",
            "ltmlbench_vision.gradcam:GradCam",
            "Grad-CAM per label as a gallery, and how much of it lies inside known lesions",
            citation="Selvaraju et al., Grad-CAM, ICCV 2017; Draelos and Carin, HiResCAM, 2020",
        )
    ]


@hookimpl
def ltmlbench_pretrainings() -> list[Record]:
    return [
        Record(
            "multitask",
            "ltmlbench_vision.multitask:MultiTask",
            "lesion segmentation and severity grading together, on the data of --source",
            citation="Zhou et al., RLKD, MICCAI 2022 (two branches); decoder and loss are ours",
        )
    ]
