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
            formula="W dropout(mean_x F) + b",
            ours="dropout 0.2, weights from N(0, 0.01)",
            checked="by its parts",
        ),
        Record(
            "region-attention",
            "ltmlbench_vision.heads:RegionAttention",
            "weights of regions from pooled and learnt maps, then as linear",
            citation="Zhou et al., RLKD, MICCAI 2022 (wiring); sizes and place are ours",
            aliases=("rba",),
            formula="M = σ(conv_7×7 [mean_c F ; max_c F ; conv_1×1 F]); W dropout(mean_x M ⊙ F) "
            "+ b",
            ours="sizes, no bias, no residual, the place after the last stage",
            checked="no released code; the map against the formula written out",
        ),
        Record(
            "csra",
            "ltmlbench_vision.heads:ResidualAttentionHead",
            "class-specific residual attention",
            citation="Zhu and Wu, Residual Attention: A Simple but Effective Method, ICCV 2021",
            formula="Σ over heads of mean_x s + λ Σ_x s softmax(T s), s = W x / ‖W_c‖",
            checked="outputs of the authors' released code, to 1e-5 (tests/golden/csra_*.npz)",
        ),
        Record(
            "ml-decoder",
            "ltmlbench_vision.heads:MlDecoderHead",
            "fixed queries, one per group of labels, attend to the feature map",
            citation="Ridnik et al., ML-Decoder, WACV 2023",
            formula="a fixed query per group of labels attends to the places of the map, one "
            "decoder layer, a linear layer per group",
            checked="outputs of the authors' released code, to 1e-5 "
            "(tests/golden/ml_decoder_*.npz)",
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
            formula="ReLU(Σ_d mean_x(∂z_c/∂F_d) F_d); where the last maps are below 7×7 cells, "
            "ReLU(Σ_d (∂z_c/∂F_d) ⊙ F_d) of finer ones",
            ours="which maps; energy and pointing game on cells (docs/methods.md)",
            checked="where the place is known, by pictures made for it",
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
            formula="CE(grade) + λ mean over annotated channels of (BCE + 1 − soft Dice)",
            ours="data, decoder, losses, λ, lesion classes, schedule",
            checked="no released code; the loss against the formula written out",
        )
    ]
