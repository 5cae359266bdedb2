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
            formula="(1/C) Σ_c Σ_k (R_k − R_{k−1}) P_k, ties as one threshold",
            checked="against scikit-learn",
        ),
        Record(
            "macro_auc",
            "ltmlbench.evaluation.metrics:MacroAUC",
            "mean over labels of ROC AUC",
            formula="(1/C) Σ_c P(score of a positive > of a negative), ties half",
            checked="against scikit-learn",
        ),
        Record(
            "micro_f1",
            "ltmlbench.evaluation.metrics:MicroF1",
            "F1 of all positive decisions",
            formula="2 TP / (2 TP + FP + FN) over all N×C decisions at 0.5",
            checked="against scikit-learn",
        ),
        Record(
            "macro_f1",
            "ltmlbench.evaluation.metrics:MacroF1",
            "mean over labels of F1",
            formula="(1/C) Σ_c 2 TP / (2 TP + FP + FN) at 0.5",
            checked="against scikit-learn",
        ),
    ]
