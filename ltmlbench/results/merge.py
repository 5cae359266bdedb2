"""Output folders of several machines made one: the runs of one grid, wherever each was made."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TypeVar

from ltmlbench.config import dump_config, make_config
from ltmlbench.errors import RequestError
from ltmlbench.identity import difference, digest
from ltmlbench.plain_yaml import parse_yaml
from ltmlbench.results.account import Part, account_of, doubles
from ltmlbench.results.collect import collect
from ltmlbench.results.folder import OutFolder, link_or_copy
from ltmlbench.results.records import BenchmarkRecord
from ltmlbench.store import remove

T = TypeVar("T")


@dataclass(frozen=True)
class Merged:
    """What came of it.

    Args:
        folder: the new output folder; its report is not written yet.
        runs: how many it holds.
        account: what differs between the folders, a line each.
        damaged: runs that cannot be read and were left out, a line each.
    """

    folder: OutFolder
    runs: int
    account: tuple[str, ...]
    damaged: tuple[str, ...]


def merge(sources: Sequence[Path], out: Path) -> Merged:
    """Makes one output folder of several; it is there whole or not at all.

    A run that lies in several is taken from the first that has it done.

    Raises:
        RequestError: the folders do not make one table (other data, splits, protocol or schedule),
            or ``out`` exists.
        DataError: one of them holds no benchmark, or cannot be read.
    """
    parts = [_part(name, path) for name, path in _named(sources)]
    for one, other in combinations(parts, 2):
        _refuse_apart(one, other)
    if os.path.lexists(out):
        raise RequestError(f"--out {out} exists: nothing is merged into it, name a new folder")
    chosen = _chosen(parts)
    account = (*account_of(parts, chosen), *doubles(parts, chosen))
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        _write(parts, chosen, OutFolder(temporary), _config(parts, out), account)
        os.rename(temporary, out)
    except OSError as error:
        raise RequestError(f"--out {out} cannot be written ({error.strerror or error})") from error
    finally:
        remove(temporary)
    damaged = tuple(f"{part.name}: {run}: {why}" for part in parts for run, why in part.damaged)
    return Merged(OutFolder(out), len(chosen), account, damaged)


def _named(sources: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """The folders, called by the ends of their paths that tell them apart."""
    paths = list(dict.fromkeys(path.expanduser().resolve() for path in sources))
    if len(paths) < 2:
        raise RequestError("one folder is not enough to merge: give two or more")
    depth = 1
    while len({path.parts[-depth:] for path in paths}) < len(paths):
        depth += 1
    return ((str(Path(*path.parts[-depth:])), path) for path in paths)


def _part(name: str, path: Path) -> Part:
    folder = OutFolder(path)
    benchmark = folder.benchmark()
    if not benchmark.setting:
        raise RequestError(
            f"{path} was written by a version that did not note data and schedule: "
            "run its command once more with this one"
        )
    found = collect(folder, benchmark)
    # as they are recorded: their names in a table depend on what else is in it
    runs = {run.id: folder.run(run.id) for run in found.runs}
    damaged = tuple(found.damaged.items())
    return Part(name, folder, found.benchmark, runs, damaged, len(found.others))


def _refuse_apart(first: Part, other: Part) -> None:
    """What cannot stand in one table is not merged."""
    lines = difference(first.benchmark.setting, other.benchmark.setting)
    lines += [
        f"{name}: {first.benchmark.splits[name][:12]} -> {fingerprint[:12]}"
        for name, fingerprint in other.benchmark.splits.items()
        if first.benchmark.splits.get(name, fingerprint) != fingerprint
    ]
    if lines:
        more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
        raise RequestError(
            f"{first.name} and {other.name} make no one table, nothing is merged: "
            f"{'; '.join(lines[:5])}{more}"
        )


def _chosen(parts: Sequence[Part]) -> dict[str, Part]:
    """Which folder each run is taken from."""
    chosen: dict[str, Part] = {}
    for part in parts:
        for name, run in part.runs.items():
            if name not in chosen or (run.done and not chosen[name].runs[name].done):
                chosen[name] = part
    return chosen


def _write(
    parts: Sequence[Part],
    chosen: dict[str, Part],
    new: OutFolder,
    config: str,
    account: Sequence[str],
) -> None:
    for name, part in chosen.items():
        _copy(part.folder.run_folder(name), new.run_folder(name))
    for part in parts:
        for name in part.benchmark.stages:
            if part.folder.stage_folder(name).is_dir() and not new.stage_folder(name).exists():
                _copy(part.folder.stage_folder(name), new.stage_folder(name))
    new.write_benchmark(_benchmark(parts, chosen, account, config))
    noted = [part.folder.uses() for part in parts]
    if None not in noted:  # else what an older folder used is not known
        new.note_uses(_union([uses or () for uses in noted]))
    if config:
        new.write_config(config, "")


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, copy_function=link_or_copy)


def _benchmark(
    parts: Sequence[Part], chosen: dict[str, Part], account: Sequence[str], config: str
) -> BenchmarkRecord:
    """The first folder's record, with what the others add."""
    records = [part.benchmark for part in parts]
    merged = f"merged from {', '.join(part.name for part in parts)}"
    return records[0].model_copy(
        update={
            "networks": {
                key: value for r in reversed(records) for key, value in r.networks.items()
            },
            "notes": (*_union([r.notes for r in records]), merged, *account),
            "remarks": _union([r.remarks for r in records]),
            "runs": tuple(name for name in _union([r.runs for r in records]) if name in chosen),
            "stages": _union([r.stages for r in records]),
            "splits": {name: mark for r in records for name, mark in r.splits.items()},
            "config": digest(config),
        }
    )


def _config(parts: Sequence[Part], out: Path) -> str:
    """The configuration that asks for all rows, networks and seeds of the folders: a run of it
    makes what none of them has. Empty if one of them has none."""
    texts = [part.folder.config() for part in parts]
    if not all(texts):
        return ""
    configs = [make_config(parse_yaml(text)) for text in texts]
    asked = {
        name: _union([getattr(config, name) for config in configs])
        for name in ("methods", "backbones", "seeds")
    }
    return dump_config(configs[0].model_copy(update={**asked, "out": out}))


def _union(lists: Sequence[Sequence[T]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for items in lists for item in items))
