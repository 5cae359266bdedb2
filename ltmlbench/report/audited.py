"""What a published table's numbers say of one another, in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from tabulate import tabulate

from ltmlbench.arrays import Floats
from ltmlbench.evaluation.audit import (
    DENSITIES,
    Flags,
    Interval,
    accuracy_fits,
    auc_bounds,
    f1_fits,
    kappa_range,
    point,
    span,
)
from ltmlbench.report.published import (
    VALUES,
    Printed,
    PublishedLine,
    PublishedTable,
    printed,
)

CAVEAT = (
    "All of this is arithmetic on flattened decisions (every sample × label counts once) with "
    "positives the rarer side, and takes rounding into account. A mean over labels, or over runs "
    "that differ much, need not obey it: a combination that is marked here asks for the protocol, "
    "and says nothing about how it came about."
)


def audited(table: PublishedTable) -> str:
    """Markdown: one table per block, and what was found."""
    parts = []
    for name in dict.fromkeys(row.block for row in table.rows):
        rows = [row for row in table.rows if row.block == name]
        parts += [f"## {name}"] if name else []
        parts.append(_overview(rows, table))
        lines = list(_block_lines(rows, table))
        parts.append("\n".join(f"- {line}" for line in lines))
    if table.ignored:
        parts.append(f"Columns that are not looked at: {', '.join(table.ignored)}.")
    return "\n\n".join([*parts, CAVEAT]) + "\n"


def _block_lines(rows: Sequence[PublishedLine], table: PublishedTable) -> Iterator[str]:
    found = [line for row in rows for line in _row_lines(row, table)]
    found += _together(rows, table)
    found += _readings(rows)
    yield from found
    if any(not math.isnan(v.spread) for row in rows for v in row.values.values()) and not all(
        row.n for row in rows
    ):
        yield "± is printed without n: nobody can tell a spread over runs from a standard error."
    if not any("cannot" in line for line in found):
        yield "Nothing was found that cannot hold together."


def _row_lines(row: PublishedLine, table: PublishedTable) -> Iterator[str]:
    accuracy, kappa = _accuracy(row), row.values.get("kappa")
    name = "accuracy" if "accuracy" in row.values else "flat accuracy (printed as F1)"
    for known, density in table.densities.items():
        label = f"{density.text} ({known})" if known != "density" else density.text
        yield from _f1(row, density, label)
        if not accuracy:
            continue
        yield from _floor(row, accuracy, density, label)
        if kappa and not _fits(kappa.interval, accuracy.interval, density):
            yield (
                f"{row.method}: kappa {kappa.text} and {name} {accuracy.text} cannot both hold if "
                f"the density is {label}{_implied(kappa, accuracy, density)}"
            )
        elif kappa:
            yield from _auc(row, kappa, accuracy, density, label)
    if kappa and accuracy and span(accuracy_fits(kappa.interval, accuracy.interval)) is None:
        yield (
            f"{row.method}: kappa {kappa.text} and {name} {accuracy.text} cannot both hold if the "
            "density is below a half."
        )


def _implied(kappa: Printed, accuracy: Printed, density: Printed) -> str:
    """What would have to hold instead."""
    said = ""
    if _fits(kappa.widened, accuracy.widened, density):
        said += "; they can if each is moved by its ±"
    elif not math.isnan(kappa.spread + accuracy.spread):
        said += ", not even if each is moved by its ±"
    if possible := kappa_range(accuracy.interval, sum(density.interval) / 2):
        said += f". With that accuracy kappa lies between {_span(possible)}"
    if needed := span(accuracy_fits(kappa.interval, accuracy.interval)):
        said += f". Both together need a density of {_span(needed, 'to')}"
    return said + "."


def _f1(row: PublishedLine, density: Printed, label: str) -> Iterator[str]:
    """A positive-class F1 beside the kappa, where it can be one at all."""
    if _f1_span(row) is None:
        return
    kappa, f1 = row.values["kappa"], row.values["f1"]
    if not f1_fits(kappa.interval, f1.interval, _near(density)).any():
        yield (
            f"{row.method}: kappa {kappa.text} and F1 {f1.text} of the positive class cannot both "
            f"hold if the density is {label}."
        )


def _floor(row: PublishedLine, accuracy: Printed, density: Printed, label: str) -> Iterator[str]:
    floor = Interval(1 - density.interval.high, 1 - density.interval.low)
    value = f"{1 - sum(density.interval) / 2:.{len(density.text.partition('.')[2])}f}"
    if accuracy.interval.meets(floor):
        yield (
            f"{row.method}: {accuracy.text} is what answering no to everything scores (flat "
            f"accuracy {value}) if the density is {label}."
        )
    elif accuracy.interval.high < floor.low:
        yield (
            f"{row.method}: {accuracy.text}, read as flat accuracy, is below what answering no to "
            f"everything scores ({value}) if the density is {label}."
        )


def _auc(
    row: PublishedLine, kappa: Printed, accuracy: Printed, density: Printed, label: str
) -> Iterator[str]:
    auc = row.values.get("auc")
    if auc is None:
        return
    bounds = [
        auc_bounds(point(Interval(k, k), Interval(a, a), pi))
        for k in kappa.interval
        for a in accuracy.interval
        for pi in density.interval
    ]
    possible = Interval(min(b.low for b in bounds), max(b.high for b in bounds))
    if not auc.interval.meets(possible):
        yield (
            f"{row.method}: AUC {auc.text} cannot hold beside kappa {kappa.text} and accuracy "
            f"{accuracy.text} if the density is {label} and all three are of the same scores: a "
            f"curve through that point has an area between {_span(possible)}."
        )


def _together(rows: Sequence[PublishedLine], table: PublishedTable) -> Iterator[str]:
    """Whether one density fits all rows of a block, or all but one."""
    fits = {row.method: flags for row in rows if (flags := _flags(row)) is not None}
    if len(fits) < 2:
        return
    if joint := span(_all(fits.values())):
        yield f"One density fits all {len(fits)} rows: {_span(joint, 'to')}{_which(joint, table)}."
        return
    yield "The rows cannot all be right if they share one density."
    for row in rows:
        rest = _all(f for name, f in fits.items() if name != row.method)
        joint = span(rest) if row.method in fits and len(fits) > 2 else None
        if joint:
            yield (
                f"Without {row.method} one density fits: {_span(joint, 'to')}"
                f"{_which(joint, table)}{_one_digit(row, rest)}."
            )


def _one_digit(row: PublishedLine, densities: Flags) -> str:
    """The accuracies one digit away from the printed one that fit the other rows' densities."""
    kappa, accuracy = row.values["kappa"], _accuracy(row)
    assert accuracy is not None
    text, fitting = accuracy.text, []
    for place in range(text.find(".") + 1, len(text)):
        others = (f"{text[:place]}{digit}{text[place + 1 :]}" for digit in "0123456789")
        candidates = [printed(other, row.method) for other in others if other != text]
        fitting += [
            other.text
            for other in candidates
            if accuracy_fits(kappa.interval, other.interval, DENSITIES[densities]).any()
        ]
    if not fitting:
        return ""
    return f"; {row.method} fits too with {' or '.join(fitting)} in place of {text} (one digit)"


def _which(joint: Interval, table: PublishedTable) -> str:
    if not table.densities:
        return ""
    inside = [f"{d.text} ({n})" for n, d in table.densities.items() if joint.meets(d.interval)]
    return f", which holds {', '.join(inside)}" if inside else ", which holds none of those given"


def _readings(rows: Sequence[PublishedLine]) -> Iterator[str]:
    """Whether what is called F1 can be one."""
    found = [row for row in rows if {"f1", "kappa"} <= set(row.values)]
    as_f1 = sum(_f1_span(row) is not None for row in found)
    as_accuracy = [
        span(accuracy_fits(row.values["kappa"].interval, row.values["f1"].interval))
        for row in found
    ]
    if as_f1 < len(found):
        yield (
            "What is called F1: beside its kappa it can be the F1 of the positive class in "
            f"{as_f1} of {len(found)} rows, and a flat accuracy in "
            f"{sum(fit is not None for fit in as_accuracy)}."
        )


def _overview(rows: Sequence[PublishedLine], table: PublishedTable) -> str:
    columns = [name for name in VALUES if any(name in row.values for row in rows)]
    called = "f1" in columns
    read = called and "accuracy" not in columns
    header = ["method", *columns, "density, F1 read as accuracy" if read else "density"]
    header += ["density, F1 read as F1"] if called else []
    header += [f"recall, precision at {d.text}" for d in table.densities.values()]
    lines = []
    for row in rows:
        shown = (row.values[name].shown if name in row.values else "" for name in columns)
        fits, as_f1 = _flags(row), _f1_span(row)
        densities = ["" if fits is None else _or_none(span(fits))]
        if called:
            densities.append(_or_none(as_f1) if {"f1", "kappa"} <= set(row.values) else "")
        points = (_operating(row, density) for density in table.densities.values())
        lines.append([row.method, *shown, *densities, *points])
    return tabulate(lines, header, tablefmt="pipe", disable_numparse=True)


def _or_none(fit: Interval | None) -> str:
    return _span(fit, "to") if fit else "none"


def _operating(row: PublishedLine, density: Printed) -> str:
    kappa, accuracy = row.values.get("kappa"), _accuracy(row)
    if not (kappa and accuracy):
        return ""
    if not _fits(kappa.interval, accuracy.interval, density):
        return "cannot hold"
    at = point(kappa.interval, accuracy.interval, sum(density.interval) / 2)
    return f"{at.recall:.2f}, {at.precision:.2f}"


def _accuracy(row: PublishedLine) -> Printed | None:
    """What can be read as flat accuracy: that, or an "F1" that is none beside its kappa."""
    if "accuracy" in row.values or "f1" not in row.values:
        return row.values.get("accuracy")
    return row.values["f1"] if "kappa" in row.values and _f1_span(row) is None else None


def _flags(row: PublishedLine) -> Flags | None:
    """The densities that kappa and accuracy allow."""
    kappa, accuracy = row.values.get("kappa"), _accuracy(row)
    return accuracy_fits(kappa.interval, accuracy.interval) if kappa and accuracy else None


def _f1_span(row: PublishedLine) -> Interval | None:
    if not {"f1", "kappa"} <= set(row.values):
        return None
    return span(f1_fits(row.values["kappa"].interval, row.values["f1"].interval))


def _fits(kappa: Interval, accuracy: Interval, density: Printed) -> bool:
    return bool(accuracy_fits(kappa, accuracy, _near(density)).any())


def _near(density: Printed) -> Floats:
    """Densities that a printed one can stand for."""
    return np.linspace(density.interval.low, density.interval.high, 21)


def _all(flags: Iterable[Flags]) -> Flags:
    both: Flags = np.logical_and.reduce(list(flags))
    return both


def _span(interval: Interval, word: str = "and") -> str:
    return f"{interval.low:.3f} {word} {interval.high:.3f}"
