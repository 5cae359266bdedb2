"""The results of one run: every metric, at the sample and at the group unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats
from ltmlbench.contracts import LabelMetric, Metric
from ltmlbench.data.groups import to_groups
from ltmlbench.data.samples import Protocol
from ltmlbench.errors import DataError
from ltmlbench.labels import LabelMatrix, Shot

Score = dict[str, Any]
Part = tuple[LabelMatrix, npt.ArrayLike, Sequence[str]]
"""Labels N×C, scores N×C and N group names."""
Failed = Callable[[str, BaseException], None]


def evaluate(
    labels: LabelMatrix,
    scores: npt.ArrayLike,
    groups: Sequence[str],
    protocol: Protocol,
    metrics: Mapping[str, Metric],
    shots: Sequence[Shot],
    *,
    validation: Part | None = None,
    failed: Failed | None = None,
) -> list[Score]:
    """Tidy rows ``unit, metric, label, value, undefined`` of one run.

    A metric has one row with label "". A metric that is defined per label has besides one row per
    label, and the means over head, medium and tail labels as ``<metric>_head`` and so on (where
    there are such labels). ``undefined`` counts the NaN values left out of a mean; of a row that
    is no mean it is 1 if the value is NaN.

    Args:
        labels: N×C truth.
        scores: N×C in 0..1.
        groups: N group names.
        protocol: units, and how samples of a group are put together.
        metrics: by name, as the table calls them.
        shots: head, medium or tail per label, decided once for the whole data set.
        validation: of the same model; what `Metric.tuned` is given. None, or no rows: metrics are
            used as they are.
        failed: told (name, error) of a metric that raises or gives no number; it is then
            undefined. None: the error is raised.

    Raises:
        DataError: the shapes do not fit, or a score is not finite.
    """
    units = _units(labels, scores, groups, protocol)
    held: Mapping[str, tuple[LabelMatrix, Floats]] = {}
    if validation is not None and validation[0].n_samples:
        held = _units(*validation, protocol)
    return [
        {"unit": unit, **row}
        for unit, (truth, predicted) in units.items()
        for name, metric in metrics.items()
        for row in _guarded(name, metric, truth, predicted, held.get(unit), shots, failed)
    ]


def _units(
    labels: LabelMatrix, scores: npt.ArrayLike, groups: Sequence[str], protocol: Protocol
) -> dict[str, tuple[LabelMatrix, Floats]]:
    """Labels and scores at the sample and at the group unit."""
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (labels.n_samples, labels.n_labels):
        raise DataError(
            f"scores of shape {values.shape} for {labels}: one row per sample, one column per label"
        )
    if bad := int((~np.isfinite(values)).sum()):
        raise DataError(f"{bad} of {values.size} scores are NaN or infinite: the model diverged")
    units = {protocol.unit: (labels, values)}
    if protocol.group_unit:
        units[protocol.group_unit] = to_groups(labels, values, groups, protocol)
    return units


def _guarded(
    name: str,
    metric: Metric,
    labels: LabelMatrix,
    scores: Floats,
    held: tuple[LabelMatrix, Floats] | None,
    shots: Sequence[Shot],
    failed: Failed | None,
) -> list[Score]:
    try:
        tuned = metric if held is None else metric.tuned(held[0].dense, held[1])
        return _scores(name, tuned, labels, scores, shots)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit as well: a plugin may do anything
        if failed is None:
            raise
        failed(name, error)
        return [_row(name, "", float("nan"))]


def _scores(
    name: str, metric: Metric, labels: LabelMatrix, scores: Floats, shots: Sequence[Shot]
) -> list[Score]:
    if not isinstance(metric, LabelMetric):
        return [_row(name, "", metric(labels.dense, scores))]
    values = metric.per_label(labels.dense, scores)
    rows = [_mean(name, values)]
    for shot in get_args(Shot):
        member = np.array([s == shot for s in shots])
        if member.any():
            rows.append(_mean(f"{name}_{shot}", values[member]))
    rows += [_row(name, label, value) for label, value in zip(labels.names, values, strict=True)]
    return rows


def _mean(name: str, values: Floats) -> Score:
    defined = values[np.isfinite(values)]
    mean = float(defined.mean()) if len(defined) else float("nan")
    return {"metric": name, "label": "", "value": mean, "undefined": len(values) - len(defined)}


def _row(name: str, label: str, value: float) -> Score:
    if isinstance(value, str | bytes):  # which float() would read
        raise TypeError(f"{value!r} is no number")
    number = float(value)
    number = number if np.isfinite(number) else float("nan")
    return {"metric": name, "label": label, "value": number, "undefined": int(np.isnan(number))}
