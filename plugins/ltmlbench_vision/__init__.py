"""Image backbones (any timm model) and heads."""

from __future__ import annotations

from ltmlbench.hooks import Record, hookimpl


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
        )
    ]
