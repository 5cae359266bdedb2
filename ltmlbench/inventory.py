"""What lies in a store, what of it is needed, and removing the rest."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltmlbench.errors import RequestError
from ltmlbench.in_use import gate, users
from ltmlbench.manifest import MANIFEST
from ltmlbench.store import Store


@dataclass(frozen=True)
class Item:
    """An artifact, or what a stopped stage left of one.

    Args:
        stage: the name of the class that made it; empty if that cannot be read.
        created: UTC; empty for an unfinished one.
        size: bytes of its files; ``alone``: of those that no output folder shares (hard links).
        inputs: identities of the artifacts it was made from.
    """

    identity: str
    stage: str
    created: str
    size: int
    alone: int
    inputs: frozenset[str] = frozenset()
    unfinished: bool = False


def inventory(store: Store) -> list[Item]:
    """All that lies in a store, the largest first."""
    found = [_finished(path) for path in sorted(store.root.glob("artifacts/??/*"))]
    found += [_unfinished(path) for path in sorted(store.root.glob("work/*"))]
    return sorted(found, key=lambda item: (-item.size, item.identity))


def _finished(folder: Path) -> Item:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        preimage, created = manifest["preimage"], str(manifest["created"])
        stage = str(preimage["stage"]).rpartition(":")[2]
    except (OSError, ValueError, KeyError, TypeError):
        preimage, created, stage = None, "", ""
    inputs = frozenset(_stages(preimage))
    return Item(folder.name, stage, created, *_sizes(folder), inputs)


def _unfinished(folder: Path) -> Item:
    return Item(folder.name, "", "", *_sizes(folder), unfinished=True)


def _stages(preimage: Any) -> Iterator[str]:
    """The identities that a pre-image refers to (`Stage.preimage`)."""
    if isinstance(preimage, dict):
        if set(preimage) == {"stage"}:
            yield str(preimage["stage"])
        for value in preimage.values():
            yield from _stages(value)
    elif isinstance(preimage, list):
        for value in preimage:
            yield from _stages(value)


def _sizes(folder: Path) -> tuple[int, int]:
    states = [path.lstat() for path in folder.rglob("*") if not path.is_dir()]
    return sum(s.st_size for s in states), sum(s.st_size for s in states if s.st_nlink == 1)


def with_inputs(items: Iterable[Item], identities: Collection[str]) -> set[str]:
    """Some identities, and those of all that they were made from, as far as it is stored."""
    known = {item.identity: item for item in items}
    found: set[str] = set()
    waiting = list(identities)
    while waiting:
        identity = waiting.pop()
        if identity not in found:
            found.add(identity)
            waiting += known[identity].inputs if identity in known else ()
    return found


def running_needs(store: Store) -> set[str]:
    """What running processes need.

    Raises:
        RequestError: one of them has only begun and may need anything.
    """
    found: set[str] = set()
    for user in users(store.root):
        if user.needs is None:
            raise RequestError(
                f"process {user.process} has begun to use {store.root} and has not said yet what "
                "it needs: nothing is removed; try again in a minute, or stop it"
            )
        found |= user.needs
    return found


def prune(store: Store, keep: Collection[str]) -> list[Item]:
    """Removes what is neither in ``keep`` nor needed by a running process, what was made last
    first. Gives what was removed.

    Raises:
        RequestError: see `running_needs`.
    """
    with gate(store.root):
        kept = {*keep, *running_needs(store)}
        gone = []
        for item in sorted(inventory(store), key=lambda item: item.created, reverse=True):
            if item.identity not in kept and not store.busy(item.identity):
                store.discard(item.identity)
                gone.append(item)
        return gone
