"""``ltmlbench cache``: what is stored, and removing what no result refers to."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ltmlbench.errors import RequestError
from ltmlbench.places import path_argument

if TYPE_CHECKING:
    from ltmlbench.inventory import Item
    from ltmlbench.store import Store


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Shows what is stored, and removes what no result refers to.

    size    how much there is of what (the default)
    list    every artifact, the largest first
    prune   removes what neither the output folders OUT... nor a running process refers to;
            nothing goes without --yes

    Results stay as they are: an output folder holds its predictions and models itself. What is
    removed is made again if somebody asks for it.

    Example: ltmlbench cache prune out/odir out/yeast --yes
    """
    actions = ("size", "list", "prune")
    parser.add_argument("action", nargs="?", choices=actions, default="size")
    parser.add_argument(
        "folders", nargs="*", type=path_argument, metavar="OUT",
        help="prune: output folders whose artifacts are kept",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="prune: do it")
    parser.add_argument("--cache-dir", type=path_argument, metavar="DIR", help="which store")
    arguments = parser.parse_args(given)
    if arguments.action != "prune" and (arguments.folders or arguments.yes):
        raise RequestError("only `ltmlbench cache prune` takes output folders and --yes")

    from ltmlbench.inventory import inventory
    from ltmlbench.store import Store, cache_folder

    store = Store(cache_folder(arguments.cache_dir))
    if not store.root.is_dir():
        print(f"{store.root}: there is no store yet")
        return 0
    if arguments.action == "prune":
        return _prune(store, arguments.folders, arguments.yes)
    items = inventory(store)
    if arguments.action == "list":
        for item in items:
            print(
                f"{item.identity[:12]}  {amount(item.size):>8}  {item.created:<20}  {_kind(item)}"
            )
    else:
        print("\n".join(state_of(store, items)))
    return 0


def state_of(store: Store, items: Sequence[Item]) -> Iterator[str]:
    """How much a store holds of what, who uses it, and how much room is left."""
    from ltmlbench.in_use import users

    free = amount(shutil.disk_usage(store.root).free)
    yield f"{store.root}: {_total(items)}, {free} free on its disk"
    yield from _by_kind(items)
    for user in users(store.root):
        needs = "everything" if user.needs is None else f"{len(user.needs)} artifacts"
        yield f"  process {user.process} uses {needs}"


def _prune(store: Store, folders: Sequence[Path], really: bool) -> int:
    from ltmlbench.inventory import inventory, prune, running_needs

    if not folders:
        raise RequestError(
            "name the output folders whose artifacts are to be kept: ltmlbench cache prune OUT...; "
            f"to forget everything, remove {store.root} while nothing runs"
        )
    items = inventory(store)
    keep = _referred_to(folders, items)
    kept = keep | running_needs(store)
    gone = prune(store, keep) if really else [i for i in items if i.identity not in kept]
    alone = sum(item.alone for item in gone)
    print(f"{'removed' if really else 'would remove'} {_total(gone)}, which frees {amount(alone)}")
    print(*_by_kind(gone), sep="\n", end="\n" * bool(gone))
    print(f"kept {_total([i for i in items if i not in gone])}")
    if gone and not really:
        print("nothing was removed: the same command with --yes does it")
    return 0


def _referred_to(folders: Sequence[Path], items: Sequence[Item]) -> set[str]:
    """What is to be kept for some output folders."""
    from ltmlbench.inventory import with_inputs
    from ltmlbench.results.folder import OutFolder
    from ltmlbench.results.used import used_by

    used = [used_by(OutFolder(path)) for path in folders]
    found = with_inputs(items, {identity for one in used for identity in one.identities})
    if not all(one.whole for one in used):  # an earlier version: which samples it used is unknown
        found |= {item.identity for item in items if item.stage == "Ready"}
    return found


def _by_kind(items: Iterable[Item]) -> Iterator[str]:
    kinds: dict[str, list[Item]] = {}
    for item in items:
        kinds.setdefault(_kind(item), []).append(item)
    for kind, found in kinds.items():
        size = amount(sum(item.size for item in found))
        yield f"  {len(found):>6}  {size:>8}  {kind}"


def _kind(item: Item) -> str:
    return "unfinished" if item.unfinished else item.stage or "damaged"


def _total(items: Sequence[Item]) -> str:
    number = "1 artifact" if len(items) == 1 else f"{len(items)} artifacts"
    return f"{number} of {amount(sum(item.size for item in items))}"


def amount(size: float) -> str:
    """Bytes for people, in decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
