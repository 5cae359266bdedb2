"""What the bench itself brings: feeds, general metrics and the local engine."""

from __future__ import annotations

from ltmlbench.hooks import Record, hookimpl


@hookimpl
def ltmlbench_engines() -> list[Record]:
    return [
        Record("local", "ltmlbench.engines.local:Local", "this machine; --jobs N stages at once")
    ]


@hookimpl
def ltmlbench_feeds() -> list[Record]:
    return [
        Record(
            "pictures",
            "ltmlbench.feeds.pictures.feed:Pictures",
            "pictures, decoded once, in random views",
        ),
        Record(
            "vectors",
            "ltmlbench.feeds.vectors:Vectors",
            "feature vectors, standardised on the training rows",
        ),
    ]


@hookimpl
def ltmlbench_metrics() -> list[Record]:
    return [
        Record(
            "map",
            "ltmlbench.evaluation.metrics:MeanAveragePrecision",
            "mean over labels of average precision",
        ),
        Record("macro_auc", "ltmlbench.evaluation.metrics:MacroAUC", "mean over labels of ROC AUC"),
        Record("micro_f1", "ltmlbench.evaluation.metrics:MicroF1", "F1 of all positive decisions"),
        Record("macro_f1", "ltmlbench.evaluation.metrics:MacroF1", "mean over labels of F1"),
    ]
