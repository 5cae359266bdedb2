"""``ltmlbench doctor``: what is installed, on which machine, and what is amiss."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path

MIN_FREE = 2 * 10**9
"""Bytes below which a disk is called nearly full: decoded pictures and checkpoints take as much."""


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Says what is installed, what the machine computes with, how large the cache is, and what is
    amiss: extras that are missing, broken plugins, a full disk. Worth adding to any question.

    Exit code: 0, or 1 if something is broken.

    Example: ltmlbench doctor
    """
    parser.parse_args(given)
    broken: list[str] = []
    for title, lines in (
        ("versions", _versions()),
        ("extras", _extras()),
        ("device", _device()),
        ("cache", _cache(broken)),
        ("plugins", _plugins(broken)),
    ):
        print(f"{title}:")
        for line in lines:
            print(f"  {line}")
    print("\n".join(f"AMISS: {line}" for line in broken) or "nothing is amiss")
    return 1 if broken else 0


def _versions() -> Iterator[str]:
    from ltmlbench.environment import environment

    said = environment()
    names = ("ltmlbench", "python", "torch", "timm", "numpy")
    yield ", ".join(f"{name} {said[name] or 'is missing'}" for name in names)


def _extras() -> Iterator[str]:
    """Each extra of ltmlbench with what it needs, or the line that installs it."""
    from packaging.requirements import Requirement

    about = metadata("ltmlbench")
    needed = [Requirement(text) for text in about.get_all("Requires-Dist") or ()]
    for extra in about.get_all("Provides-Extra") or ():
        names = [r.name for r in needed if r.marker and r.marker.evaluate({"extra": extra})]
        missing = [name for name in names if not _installed(name)]
        hint = f"without {', '.join(missing)}: pip install 'ltmlbench[{extra}]'"
        yield f"{extra}: {hint if missing else 'installed'}"


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def _device() -> Iterator[str]:
    """What torch sees; the processor too, because decoding and resampling are its work."""
    import torch

    from ltmlbench.environment import environment

    said = environment()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield f"processor: {said['processor']}, {usable} usable, torch takes {said['threads']} threads"
    if not torch.cuda.is_available():
        yield "graphics card: none that torch can use; `--device auto` means cpu"
    for number in range(torch.cuda.device_count()):
        memory = torch.cuda.get_device_properties(number).total_memory / 1e9
        yield f"cuda:{number}: {torch.cuda.get_device_name(number)}, {memory:.0f} GB"


def _cache(broken: list[str]) -> Iterator[str]:
    from ltmlbench.cli.cache import amount, state_of
    from ltmlbench.errors import RequestError
    from ltmlbench.inventory import inventory
    from ltmlbench.places import check_folder
    from ltmlbench.store import Store, cache_folder

    root = cache_folder()
    try:
        check_folder(root, "the cache")
    except RequestError as error:
        broken.append(str(error))
        return
    if root.is_dir() and not os.access(root, os.W_OK | os.X_OK):
        broken.append(f"nothing can be written into {root}: give another --cache-dir")
    if not root.is_dir():
        yield f"{root}: nothing is stored yet"
    else:
        yield from state_of(Store(root), inventory(Store(root)))
    for place in (_existing(root), Path.cwd()):
        free = shutil.disk_usage(place).free
        if free < MIN_FREE:
            broken.append(f"the disk of {place} is nearly full: {amount(free)} free")


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.resolve().parents) if folder.exists())


def _plugins(broken: list[str]) -> Iterator[str]:
    """A line for all that are sound; each that is not, with its cause."""
    from ltmlbench.cli.catalog import fault
    from ltmlbench.hooks import KINDS
    from ltmlbench.registry import registry

    entries = [entry for kind in KINDS for entry in registry().entries(kind)]
    plugins = list(registry().plugins.values())
    names = dict.fromkeys(f"{p.distribution} {p.version}".strip() for p in plugins)
    yield f"{len(plugins)} plugins of {', '.join(names)} bring {len(entries)} components"
    for plugin in plugins:
        name = f"plugin {plugin.name!r} of {plugin.distribution!r}"
        broken += [f"{name}: {said}" for said in filter(None, [plugin.cause, *plugin.problems])]
    broken += [said for entry in entries if (said := fault(entry, whole=False))]
