"""What a report says besides the measured numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from ltmlbench.contracts import PublishedRow
from ltmlbench.data.samples import Protocol
from ltmlbench.labels import Shot


@dataclass(frozen=True)
class About:
    """What a report says besides the measured numbers.

    Args:
        title: heading of the report.
        dataset: its name; ``samples`` and ``groups`` are how many it has.
        protocol: units and headline metrics; whether the data are simulated.
        labels, counts, shots: C names, positives (`Samples.counted`), head/medium/tail.
        metrics: what each metric is, one line per name.
        published: rows others printed, to stand beside ours.
        remarks: how the run differs from the published protocol, one line each.
        notes: what was left out of the data or found odd, one line each.
        lower_is_better: names of the metrics of which the lowest value is the best.
        failures: cause per run that failed.
        damaged: cause per run that cannot be read.
        made: what stages before the runs left (pre-training, label subsets): a line per folder in
            ``stages/``.
        unexplained: cause per run that is done, but whose explanation failed.
        seen: samples shown in training per run, in the mean, by the name of the row; teachers and
            pre-training count; only rows that are known.
        planned: number of runs of the grid, done or not.
        reduced: by the name of the row, what its method lacks of the one it is named after.
        trials: by the name of the row, how many of its settings were tried, where it was told.
    """

    title: str
    dataset: str
    samples: int
    groups: int
    protocol: Protocol
    labels: Sequence[str]
    counts: Sequence[int]
    shots: Sequence[Shot]
    planned: int
    metrics: Mapping[str, str]
    lower_is_better: frozenset[str] = frozenset()
    published: Sequence[PublishedRow] = ()
    remarks: Sequence[str] = ()
    notes: Sequence[str] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)
    unexplained: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, float] = field(default_factory=dict)
    reduced: Mapping[str, str] = field(default_factory=dict)
    trials: Mapping[str, int] = field(default_factory=dict)

    @property
    def incomplete(self) -> bool:
        """Whether a run failed or cannot be read."""
        return bool(self.failures or self.damaged)


def titled(text: str, about: About) -> str:
    return f"SIMULATED · {text}" if about.protocol.simulated else text


def data_line(about: About) -> str:
    protocol = about.protocol
    groups = f" of {about.groups} {protocol.group_unit}s" if protocol.group_unit else ""
    simulated = "SIMULATED, " if protocol.simulated else ""
    return (
        f"Data: {about.dataset}, {simulated}{about.samples} {protocol.unit}s{groups}, "
        f"{len(about.labels)} labels."
    )


def seen_line(about: About) -> str:
    """A remark where rows of a table saw unequal numbers of samples; else empty. Numbers of runs of
    earlier versions are rounded, so a difference of 5 % is none."""
    counts = {name: round(count) for name, count in about.seen.items()}
    if not counts or max(counts.values()) <= 1.05 * min(counts.values()):
        return ""
    said = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f"samples shown in training per run, teachers and pre-training included: {said}"


def trials_line(about: About) -> str:
    """Which rows were chosen among how many settings; empty if nothing was told of any."""
    said = ", ".join(f"{name} {number}" for name, number in about.trials.items())
    return (
        f"settings tried before these were chosen: {said}; not told of other rows" if said else ""
    )


def reduced_lines(about: About, methods: Collection[str]) -> list[str]:
    """What the methods among some that are reduced lack, a line each."""
    rows: dict[str, list[str]] = {}
    for method, lacks in about.reduced.items():
        if method in methods:
            rows.setdefault(lacks, []).append(method)
    return [f"{', '.join(names)} (reduced): {lacks}" for lacks, names in rows.items()]


def shot_lines(about: About) -> list[str]:
    """Which labels are head, medium and tail, by what threshold, and how often each occurs."""
    protocol = about.protocol
    units = f"{protocol.unit}s" + (f" of {protocol.counted_in}" if protocol.counted_in else "")
    low, high = _threshold(protocol.tail, units), _threshold(protocol.head, units)
    rules = {"head": f"at least {high}", "medium": "between", "tail": f"fewer than {low}"}
    lines = []
    for shot in get_args(Shot):
        members = [
            f"{label} {count}"
            for label, count, s in zip(about.labels, about.counts, about.shots, strict=True)
            if s == shot
        ]
        lines.append(f"{shot} ({rules[shot]}): {', '.join(members) or 'none'}")
    return lines


def _threshold(value: float, units: str) -> str:
    return f"{value:g} positive {units}" if value >= 1 else f"{100 * value:g} % of the {units}"
