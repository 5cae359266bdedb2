"""Whose folder ``--out`` is. What is not ours is never overwritten."""

from __future__ import annotations

from pathlib import Path

from ltmlbench.errors import RequestError
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
)


def claim(out: Path, cache: Path) -> None:
    """Sees to it that an output folder may be written, before anything is done. Writes nothing.

    Raises:
        RequestError: it is a file, or holds files of somebody else under names of ours, or lies
            in the cache, or the cache in it.
    """
    try:
        _refuse_cache(out.resolve(), cache.resolve())
        first = next(path for path in (out, *out.absolute().parents) if path.exists())
        if not first.is_dir():
            raise RequestError(f"--out {out}: {first} is a file: name a folder")
        if not out.exists() or is_benchmark(out / MARKER):
            return
        strange = [name for name in OURS if (out / name).exists()]
    except (OSError, RuntimeError) as error:  # a loop of links; no permission; too long
        raise RequestError(f"--out {out} cannot be used: {error}") from None
    if strange:
        raise RequestError(
            f"--out {out} holds {', '.join(strange)} and no {MARKER} of ltmlbench: it is somebody "
            "else's and would be overwritten; name another folder"
        )


def _refuse_cache(out: Path, cache: Path) -> None:
    if out.is_relative_to(cache):
        raise RequestError(f"--out {out} lies in the cache {cache}: name a folder outside of it")
    if cache.is_relative_to(out):
        raise RequestError(
            f"the cache {cache} lies in --out {out}: name another folder for one of them"
        )
