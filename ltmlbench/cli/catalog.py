"""``ltmlbench list``, ``info`` and ``plugins``: what is installed. No component is imported for
`list` and `plugins`, and none of their heavy parts for `info`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from inspect import cleandoc

from ltmlbench.errors import RequestError
from ltmlbench.hooks import KINDS, Record
from ltmlbench.plugins import cause_of
from ltmlbench.registry import Entry, registry
from ltmlbench.spec import parse_spec


def list_command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """The components you can name on the command line, by kind.

    Example: ltmlbench list loss
    """
    parser.add_argument("kind", nargs="?", help=f"one of: {', '.join(KINDS)}")
    kind = parser.parse_args(given).kind
    for name in [kind] if kind else KINDS:
        entries = registry().entries(name)
        if entries:
            print(f"{name}:")
        width = max((len(_names(entry)) for entry in entries), default=0)
        for entry in entries:
            print(f"  {_names(entry):<{width}}  {_summary(entry)}")
    return 0


def _summary(entry: Entry) -> str:
    reduced = "reduced: " if entry.record.reduced else ""
    return reduced + " ".join(entry.record.summary.split())


def _names(entry: Entry) -> str:
    return ", ".join(registry().typed(entry))


def info_command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """What a component is, its options with types and defaults, and its source.

    Example: ltmlbench info db
    """
    parser.add_argument("name", help="name of a component; KIND/NAME where a name has two kinds")
    found = find(parser.parse_args(given).name)
    for entry in found:
        _print_entry(entry)
    return 0


def find(text: str) -> list[Entry]:
    """The components of that name, of one kind (``KIND/NAME``) or of every.

    Raises:
        RequestError: there is none.
    """
    kind, slash, name = text.rpartition("/")
    spec = parse_spec(name)
    kinds = [kind] if slash else list(KINDS)
    found: list[Entry] = []
    for candidate in kinds:
        found += [
            entry
            for entry in registry().entries(candidate)
            if spec.name in entry.names and spec.distribution in ("", entry.distribution)
        ]
    if not found:
        known = [n for k in kinds for e in registry().entries(k) for n in (e.record.name,)]
        import difflib

        close = difflib.get_close_matches(spec.name, known, n=3)
        hint = f", did you mean {' or '.join(close)}?" if close else ""
        raise RequestError(f"there is no component {text!r}{hint}; see `ltmlbench list`")
    return found


def _print_entry(entry: Entry) -> None:
    record = entry.record
    cls = registry().component_class(entry)
    print(f"{entry.kind} {record.name}  ({entry.qualified}, version {record.version})")
    if record.aliases:
        print(f"  also called: {', '.join(record.aliases)}")
    print(f"  {record.summary}")
    if record.reduced:
        print("  a reduced re-implementation, less than the authors' method: see `ours` below")
    documentation = cleandoc(cls.__doc__ or "").splitlines()
    print("\n".join(["", *(f"  {line}".rstrip() for line in documentation), ""]))
    for name, text in facts(record).items():
        print(f"  {name}: {text}")
    print("  options:" if cls.model_fields else "  options: none")
    for name, field in cls.model_fields.items():
        annotation = field.annotation
        kind = annotation.__name__ if isinstance(annotation, type) else str(annotation)
        default = "required" if field.is_required() else f"default {field.default!r}"
        bounds = ", ".join(_bound(item) for item in field.metadata if _bound(item))
        shape = f"{kind}, {default}" + (f", {bounds}" if bounds else "")
        print(f"    {name} ({shape.replace('typing.', '')})")
        if field.description:
            print(f"        {field.description}")
    print()


def facts(record: Record) -> dict[str, str]:
    """What is known of a component in a line each: formula, source, what is ours, how it was
    checked; only what its plugin says."""
    told = {
        "formula": record.formula,
        "source": record.citation,
        "ours": record.ours,
        "checked": record.checked,
    }
    return {name: text for name, text in told.items() if text}


def _bound(item: object) -> str:
    signs = {"Ge": ("ge", ">="), "Gt": ("gt", ">"), "Le": ("le", "<="), "Lt": ("lt", "<")}
    if type(item).__name__ not in signs:
        return ""
    attribute, sign = signs[type(item).__name__]
    return f"{sign} {getattr(item, attribute)}"


def plugins_command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Installed plugins: what of each is used, what is not, and why.

    Exit code: 0, or 1 if --check found a component that cannot be loaded.

    Example: ltmlbench plugins --check
    """
    parser.add_argument("--check", action="store_true", help="import every component as well")
    check = parser.parse_args(given).check
    entries = [entry for kind in KINDS for entry in registry().entries(kind)]
    faulty = 0
    for plugin in registry().plugins.values():
        brought = [entry for entry in entries if entry.plugin is plugin]
        observed = registry().observed(plugin)
        state = "ok" if not plugin.problems else "USED IN PART" if brought or observed else ""
        state = f"NOT USED: {plugin.cause}" if plugin.cause else state or "NOT USED"
        print(f"{plugin.name}  ({plugin.distribution} {plugin.version})  {state}")
        for line in (*plugin.problems, *plugin.remarks):
            print(f"  {line}")
        if brought:
            print("  brings: " + ", ".join(f"{e.kind} {e.record.name}" for e in brought))
        if observed:
            print("  observes: " + ", ".join(observed))
        faults = [said for entry in brought if (said := fault(entry, whole=check))]
        print(*(f"  NOT USABLE: {said}" for said in faults), sep="\n", end="\n" * bool(faults))
        faulty += len(faults)
    return 1 if faulty and check else 0


def fault(entry: Entry, *, whole: bool) -> str:
    """Why a component could not be loaded: by importing it, or just by looking for its module."""
    try:
        if whole:
            registry().component_class(entry)
            return ""
        module = entry.record.target.partition(":")[0]
        if module not in sys.modules and find_spec(module) is None:
            return f"{entry.kind} {entry.record.name}: there is no module {module!r}"
    except RequestError as error:
        return str(error)
    except Exception as error:  # the module's parent may raise anything on import
        return f"{entry.kind} {entry.record.name}: {cause_of(error)}"
    return ""
