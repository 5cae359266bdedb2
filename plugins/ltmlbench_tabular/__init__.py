"""Tables: data sets from any file with labels in it, and networks of feature vectors."""

from __future__ import annotations

from ltmlbench.hooks import Record, hookimpl


@hookimpl
def ltmlbench_backbones() -> list[Record]:
    return [
        Record(
            "mlp",
            "ltmlbench_tabular.backbone:Mlp",
            "fully connected layers over feature vectors",
        )
    ]
