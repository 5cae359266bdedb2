"""Whose folder ``--out`` is. What is not ours is never overwritten."""

from __future__ import annotations

from pathlib import Path

from ltmlbench.errors import RequestError
from ltmlbench.places import check_places
from ltmlbench.results.records import is_benchmark

MARKER = "benchmark.json"
OURS = (
    MARKER,
    "config.yaml",
    "results.csv",
    "summary.csv",
    "table.md",
    "report.html",
    "runs",
    "stages",
    "uses.json",
)


def claim(out: Path, cache: Path) -> None:
    """Sees to it that an output folder may be written, before anything is done. Writes nothing.

    Raises:
        RequestError: it cannot be written, or holds files of somebody else under names of ours, or
            lies in the cache, or the cache in it.
    """
    try:
        check_places(out, cache)
        if cache.resolve().is_relative_to(out.resolve()):
            raise RequestError(
                f"the cache {cache} lies in --out {out}: name another folder for one of them"
            )
        if not out.exists() or is_benchmark(out / MARKER):
            return
        strange = [name for name in OURS if (out / name).exists()]
    except (OSError, RuntimeError) as error:  # a loop of links
        raise RequestError(f"--out {out} cannot be used: {error}") from None
    if strange:
        raise RequestError(
            f"--out {out} holds {', '.join(strange)} and no {MARKER} of ltmlbench: it is somebody "
            "else's and would be overwritten; name another folder"
        )
