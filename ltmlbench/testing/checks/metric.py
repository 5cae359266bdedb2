"""Metrics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ltmlbench.contracts import LabelMetric, Metric
from ltmlbench.errors import DataError
from ltmlbench.evaluation.resampling import Resamples, draw_groups
from ltmlbench.testing.checking import check, expect
from ltmlbench.testing.watching import generators_untouched, unchanged


def _case(n_labels: int = 3, rows: int = 40) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    Y = (rng.random((rows, n_labels)) < 0.4).astype(np.uint8)
    return Y, rng.random((rows, n_labels))


def _number(metric: Metric, Y: Any, scores: Any, what: str) -> float:
    value = metric(Y, scores)
    expect(isinstance(value, float), f"a float for {what}", type(value).__name__)
    expect(not math.isinf(value), f"a finite number or NaN for {what}", value)
    return value


@check("metric", name="is a number for labels and scores", why="the table prints numbers")
def defined(component: Metric) -> None:
    value = _number(component, *_case(), "40 samples with 3 labels")
    expect(not math.isnan(value), "a number for 40 samples with 3 labels", "NaN")


@check("metric", name="is a number or NaN where there is little to measure",
       why="folds and resamples leave rare labels without positives")  # fmt: skip
def degenerate(component: Metric) -> None:
    Y, scores = _case()
    absent = Y * np.array([1, 1, 0], dtype=np.uint8)
    _number(component, absent, scores, "a label without positives")
    _number(component, Y * 0, scores, "no positives")
    _number(component, Y * 0 + 1, scores, "no negatives")
    _number(component, Y, scores * 0 + 0.5, "constant scores")
    _number(component, Y[:1], scores[:1], "one sample")
    _number(component, *_case(1), "one label")


@check("metric", name="is better in its direction for better scores",
       why="the table marks the best of each column")  # fmt: skip
def direction(component: Metric) -> None:
    Y, scores = _case()
    perfect = np.where(Y > 0, 0.99, 0.01)
    best = _number(component, Y, perfect, "perfect scores")
    for what, worse in (("random", scores), ("reversed", 1 - perfect)):
        other = _number(component, Y, worse, f"{what} scores")
        sign = 1 if component.higher_is_better else -1
        if not math.isnan(best) and not math.isnan(other):
            expect(sign * best >= sign * other, f"perfect scores no worse than {what} ones "
                   f"(higher_is_better = {component.higher_is_better})",
                   f"{best:g} and {other:g}")  # fmt: skip


@check("metric", name="refuses logits and labels that are neither 0 nor 1",
       why="it would be a wrong number (truth_and_scores looks at both)")  # fmt: skip
def refusals(component: Metric) -> None:
    Y, scores = _case()
    for what, truth, given in (("logits", Y, 8 * scores - 4), ("a label of 0.5", Y * 0.5, scores)):
        try:
            value = component(truth, given)
        except DataError:
            continue
        expect(False, f"a DataError for {what}", f"{value:g}")


@check("metric", name="changes nothing and draws nothing", why="all metrics share the arrays")
def no_trace(component: Metric) -> None:
    Y, scores = _case()
    with unchanged(Y=Y, scores=scores), generators_untouched("the metric"):
        first = component(Y, scores)
    expect(first == component(Y, scores), "the same number twice")


@check("metric", name="is the mean of its labels", why="tables show both side by side")
def mean_of_labels(component: Metric) -> None:
    if isinstance(component, LabelMetric):
        Y, scores = _case()
        values = component.per_label(Y, scores)
        expect(values.shape == (3,), "one value per label", values.shape)
        whole = component(Y, scores)
        expect(math.isclose(whole, float(np.nanmean(values))), f"{np.nanmean(values):g}", whole)


@check("metric", name="gives for resamples what it gives for their rows",
       why="intervals and tests are computed from resamples")  # fmt: skip
def resampled(component: Metric) -> None:
    Y, scores = _case()
    groups = [f"g{i // 2}" for i in range(len(Y))]
    resamples = Resamples(Y, scores, groups, draw_groups(len(Y) // 2, 5, seed=0))
    values = component.resampled(resamples)
    written = Metric.resampled(component, resamples)
    expect(values.shape == (5,), "one value per resample", values.shape)
    same = np.allclose(values, written, equal_nan=True)
    expect(same, "the metric of each resample written out", f"{values} and {written}")


@check("metric", name="stays a metric when it is tuned", why="thresholds come from validation rows")
def tuned(component: Metric) -> None:
    other = component.tuned(*_case())
    expect(isinstance(other, type(component)), "a metric of its class", type(other).__name__)
    _number(other, *_case(), "40 samples, tuned")
