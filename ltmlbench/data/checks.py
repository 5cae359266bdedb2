"""What can be wrong with the samples of any data set, found by reading every one."""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ltmlbench.arrays import Image
from ltmlbench.contracts import Dataset
from ltmlbench.data.reading import checked, finite_vectors, repeated_content
from ltmlbench.data.samples import Samples
from ltmlbench.data.splits import refuse_straddling
from ltmlbench.errors import LtmlbenchError

MOST_LINES = 50


def check(dataset: Dataset, folder: Path | None, samples: Samples) -> list[str]:
    """What is wrong with a data set, one line each: what it finds itself, or `problems`."""
    found = dataset.check(folder)
    if found is None:
        found = problems(samples, int(dataset.defaults.get("image_size", 224)))
    return list(dict.fromkeys([*found, *samples.notes]))


def problems(samples: Samples, size: int = 224, *, threads: int = 1) -> list[str]:
    """What is wrong, one line each: the data set's own notes, identical files under two groups,
    groups that straddle the official parts, names in the protocol that are no labels, and every
    picture, mask or vector that cannot be read or is none.

    Progress goes to stderr when it takes longer.

    Args:
        size: as `Samples.read` takes it.
        threads: how many samples are read at once; 1 for readers not known to allow more.
    """
    safe = checked(samples)
    found = [*samples.notes, *repeated_content(samples), *_outside(samples), *_raised(safe)]
    if safe.read is not None:
        found += _unreadable(safe.read, len(samples), size, threads, "pictures")
    if safe.masks is not None:
        found += _unreadable(safe.masks, len(samples), min(size, 224), threads, "masks")
    return list(dict.fromkeys(found))


def _outside(samples: Samples) -> Iterator[str]:
    """Names in the protocol that are no labels or structures."""
    protocol, names = samples.protocol, set(samples.labels.names)
    spoken = {
        "group_all": protocol.group_all,
        "apart": protocol.apart,
        "evidence": tuple(protocol.evidence),
        **{
            f"prior_subsets {name!r}": tuple(label for part in parts.values() for label in part)
            for name, parts in protocol.prior_subsets.items()
        },
    }
    for where, given in spoken.items():
        for name in given:
            if name not in names:
                yield f"protocol: {where} names {name!r}, which is no label"
    for label, structures in protocol.evidence.items():
        for name in structures:
            if name not in samples.structures:
                yield f"protocol: evidence of {label!r} names {name!r}, which no mask shows"


def _raised(samples: Samples) -> Iterator[str]:
    """What stands in the way of official folds, of worker processes, of vectors."""
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: refuse_straddling(samples),
        lambda: pickle.dumps((samples.read, samples.masks, samples.vectors)),
        lambda: samples.vectors and finite_vectors(samples),
    )
    for attempt in attempts:
        try:
            attempt()
        except LtmlbenchError as error:
            yield str(error)


def _unreadable(
    read: Callable[[int, int], Image], n: int, size: int, threads: int, what: str
) -> list[str]:
    def problem(row: int) -> str:
        try:
            read(row, size)
        except LtmlbenchError as error:
            return str(error)
        return ""

    found = []
    spoken = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        for done, text in enumerate(pool.map(problem, range(n)), start=1):
            if text:
                found.append(text)
            if time.monotonic() - spoken > 10:
                spoken = time.monotonic()
                print(f"{what}: {done} of {n} read", file=sys.stderr, flush=True)
    more = len(found) - MOST_LINES
    return [*found[:MOST_LINES], *([f"and {more} more {what}"] if more > 0 else [])]
