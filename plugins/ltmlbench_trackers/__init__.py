"""Trackers: JSON lines in a file, TensorBoard, MLflow."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl


@hookimpl
def ltmlbench_trackers() -> list[Record]:
    return [
        Record(
            "jsonl",
            "ltmlbench_trackers.jsonl:JsonLines",
            "every event as a line of JSON in a file",
        ),
        Record(
            "tensorboard",
            "ltmlbench_trackers.board:TensorBoard",
            "curves of every stage, scores of every run (pip install 'ltmlbench[tensorboard]')",
        ),
        Record(
            "mlflow",
            "ltmlbench_trackers.flow:MlFlow",
            "parameters, curves, scores, table and page (pip install 'ltmlbench[mlflow]')",
        ),
    ]
