"""What differs between output folders that are merged, and whether it changed a number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ltmlbench.errors import DataError, RequestError
from ltmlbench.identity import difference
from ltmlbench.plain_yaml import parse_yaml
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import BenchmarkRecord, RunRecord, read_json

_OWN = ("methods", "backbones", "seeds", "out", "cache_dir", "data_dir", "trackers")
"""Settings in which folders that are merged are expected to differ."""


@dataclass(frozen=True)
class Part:
    """One of the folders.

    Args:
        name: what it is called in the account.
        runs: those of its table, by their id; ``damaged``: (run, why) of those not readable;
            ``others``: how many lie there besides, of another table.
    """

    name: str
    folder: OutFolder
    benchmark: BenchmarkRecord
    runs: Mapping[str, RunRecord]
    damaged: tuple[tuple[str, str], ...] = ()
    others: int = 0


def account_of(parts: Sequence[Part], chosen: Mapping[str, Part]) -> Iterator[str]:
    """A line per thing that differs: versions and machines that trained, settings, and runs of one
    place with several identities."""
    runs = [(part.name, part.runs[name]) for name, part in chosen.items()]
    trained = [(name, run) for name, run in runs if run.done and not run.floor]
    yield from _spread(trained, "environment")
    yield from _spread(trained, "distributions")
    yield from _settings(parts)
    first = parts[0].benchmark
    for part in parts[1:]:
        if part.benchmark.metrics != first.metrics:
            yield (
                f"columns: those of {parts[0].name} ({', '.join(first.metrics)}); "
                f"{part.name} has {', '.join(part.benchmark.metrics)}"
            )
    yield from _places(chosen)
    for part in parts:
        if part.others:
            be = "is" if part.others == 1 else "are"
            yield f"{_runs(part.others)} of {part.name} {be} not of its table and {be} left there"


def _spread(runs: Sequence[tuple[str, RunRecord]], field: str) -> Iterator[str]:
    """What the runs say of how they were made, where they do not all say the same."""
    said = [(name, dict(getattr(run, field))) for name, run in runs]
    for key in sorted({key for _, values in said for key in values}):
        found: dict[str, list[str]] = {}
        for name, values in said:
            found.setdefault(_text(values.get(key)), []).append(name)
        if len(found) > 1:
            told = (f"{value} ({_counted(names)})" for value, names in found.items())
            yield f"{key}: {'; '.join(told)}"


def _text(value: Any) -> str:
    if value in (None, ""):
        return "none"
    return value if isinstance(value, str) else json.dumps(value)


def _counted(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(f"{_runs(listed.count(name))} of {name}" for name in dict.fromkeys(listed))


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"


def _settings(parts: Sequence[Part]) -> Iterator[str]:
    """Settings in which the folders differ, and which are in no identity that they share."""
    first = _config(parts[0])
    for part in parts[1:]:
        for line in difference(first, _config(part)):
            yield f"setting {line} ({parts[0].name} -> {part.name})"


def _config(part: Part) -> dict[str, Any]:
    try:
        values = parse_yaml(part.folder.config())
    except RequestError:
        return {}
    given = values if isinstance(values, dict) else {}
    return {key: value for key, value in given.items() if key not in _OWN}


def _places(chosen: Mapping[str, Part]) -> Iterator[str]:
    """Runs of one row, fold and seed with several identities: only one is counted."""
    places: dict[tuple[object, ...], list[tuple[Part, RunRecord]]] = {}
    for name, part in chosen.items():
        run = part.runs[name]
        places.setdefault((run.row, run.fold, run.seed), []).append((part, run))
    for found in places.values():
        for (one, a), (other, b) in pairwise(found):
            why = difference(_identity(one, a), _identity(other, b))
            told = "; ".join(why[:3]) or "their pre-images are the same"
            yield (
                f"{a.method}, {a.fold}, seed {a.seed} was made in {one.name} and {other.name} from "
                f"different work ({told}): the one recorded last is counted"
            )


def _identity(part: Part, run: RunRecord) -> Any:
    try:
        return read_json(part.folder.run_folder(run.id) / "identity.json")
    except DataError:
        return {}


def doubles(parts: Sequence[Part], chosen: Mapping[str, Part]) -> Iterator[str]:
    """What of the runs that lie in several folders is equal, and by how much the others differ."""
    equal: dict[tuple[str, str], int] = {}
    for name, kept in chosen.items():
        if not kept.runs[name].done:
            continue
        for part in parts:
            if part is kept or name not in part.runs or not part.runs[name].done:
                continue
            told = _compared(name, kept, part)
            if told:
                yield f"{name}: {told}; that of {kept.name} is kept"
            else:
                pair = kept.name, part.name
                equal[pair] = equal.get(pair, 0) + 1
    for (one, other), number in equal.items():
        lie = "lies" if number == 1 else "lie"
        yield f"{_runs(number)} {lie} in both {one} and {other}, equal to the last digit"


def _compared(name: str, one: Part, other: Part) -> str:
    """How the predictions of a run differ between two folders; empty if they do not."""
    largest = 0.0
    for part in ("test", "val"):
        try:
            a, b = (p.folder.predictions(name, p.benchmark.labels, part) for p in (one, other))
        except DataError as error:
            return f"cannot be compared: {error}"
        same_rows = a.groups == b.groups and a.labels.dense.shape == b.labels.dense.shape
        if not same_rows or not np.array_equal(a.labels.dense, b.labels.dense):
            return f"{one.name} and {other.name} hold predictions of other {part} rows"
        if len(a):
            largest = max(largest, float(np.abs(a.scores - b.scores).max()))
    if not largest:
        return ""
    return f"scores of {one.name} and {other.name} differ by up to {largest:.2g}"
