"""Tables: data sets from any file with labels in it, and networks of feature vectors."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl


@hookimpl
def ltmlbench_datasets() -> list[Record]:
    return [
        Record(
            "table",
            "ltmlbench_tabular.dataset:Table",
            "any file with labels: columns, tags or arrays, and features or picture files",
        )
    ]


@hookimpl
def ltmlbench_backbones() -> list[Record]:
    return [
        Record(
            "mlp",
            "ltmlbench_tabular.backbone:Mlp",
            "fully connected layers over feature vectors",
        )
    ]
