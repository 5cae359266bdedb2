"""Finds plugins, isolates broken ones, and turns ``"db[mu=0.2]"`` into a component."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Container, Iterable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Literal, overload

import pluggy

from ltmlbench import hooks
from ltmlbench.errors import RequestError, did_you_mean
from ltmlbench.hooks import KINDS, Command, Record
from ltmlbench.plugins import (
    IN_PROCESS,
    OWN,
    Plugin,
    cause_of,
    collect,
    folder_kept,
    hook_functions,
    import_plugin,
    isolated,
    listing,
    one_line,
    origin,
    refusal,
    verb_refusal,
)
from ltmlbench.spec import Spec, parse_spec

if TYPE_CHECKING:
    from ltmlbench.contracts import (
        Backbone,
        Component,
        Dataset,
        Distillation,
        Engine,
        Explanation,
        Feed,
        Head,
        Loss,
        Method,
        Metric,
        Pretraining,
        Sampler,
        SubsetGenerator,
        Tracker,
    )


GROUP = "ltmlbench"
COMMANDS = "ltmlbench_commands"
WORKER = "LTMLBENCH_WORKER"
"""Set in the environment of worker processes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered component: what the plugin said, and whose it is."""

    kind: str
    record: Record
    plugin: Plugin = field(compare=False)

    @property
    def distribution(self) -> str:
        return self.plugin.distribution

    @property
    def own(self) -> bool:
        """Whether it is one of the bench's own, whose names nobody else can take."""
        return self.distribution == OWN

    @property
    def names(self) -> tuple[str, ...]:
        return (self.record.name, *self.record.aliases)

    @property
    def qualified(self) -> str:
        return f"{self.distribution}:{self.record.name}"


class _Hook:
    """One hook of one plugin. Each is registered by itself, so that one can fail alone."""

    def __init__(self, key: str, name: str, function: Any) -> None:
        self.key = key
        setattr(self, name, function)


class Registry:
    """All components of all plugins.

    Args:
        points: entry points to load; those of the ``ltmlbench`` group by default.
    """

    def __init__(self, points: Iterable[EntryPoint] | None = None) -> None:
        self.manager = pluggy.PluginManager("ltmlbench")
        self.manager.add_hookspecs(hooks.ComponentHooks)
        self.manager.add_hookspecs(hooks.CommandHooks)
        self.manager.add_hookspecs(hooks.EventHooks)
        self.plugins: dict[str, Plugin] = {}
        self._entries: dict[str, list[Entry]] = {}
        self._modules: dict[int, Plugin] = {}
        self._reported: set[str] = set()
        for point in entry_points(group=GROUP) if points is None else points:
            self._add(point)

    def _add(self, point: EntryPoint) -> None:
        distribution, version = origin(point)
        key = f"{distribution}:{point.name}"
        if key in self.plugins:
            key = f"{key} ({point.value})"
        plugin = Plugin(point.name, distribution, version, point.value.partition(":")[0])
        self.plugins[key] = plugin
        module = import_plugin(point, plugin)
        if plugin.cause:
            return
        if twin := self._modules.get(id(module)):
            plugin.fail(f"it is the same module as {twin.name!r} of {twin.distribution!r}")
            return
        self._modules[id(module)] = plugin
        found: dict[str, Any] = {}
        with listing(plugin, plugin.fail):
            found = hook_functions(module, plugin)
        for name, function in found.items():
            with isolated(plugin.problems.append):
                self.manager.register(_Hook(key, name, function), name=f"{key}/{name}")

    def report_broken(self) -> None:
        """Says once, on stderr, what of which plugin is not used and why."""
        if WORKER in os.environ:  # its parent has said it
            return
        for plugin in self.plugins.values():
            for line in plugin.lines():
                if line not in self._reported:
                    self._reported.add(line)
                    print(f"ltmlbench: {line}", file=sys.stderr)

    def entries(self, kind: str) -> list[Entry]:
        """The components of a kind, by name."""
        if kind not in KINDS:
            raise RequestError(
                f"there is no kind {kind!r}{did_you_mean(kind, KINDS)}; kinds: {', '.join(KINDS)}"
            )
        if kind not in self._entries:
            self._entries[kind] = sorted(self._collect(kind), key=lambda entry: entry.qualified)
            self._point_out_own_names(kind)
            self.report_broken()
        return self._entries[kind]

    def _collect(self, kind: str) -> Iterator[Entry]:
        taken: set[tuple[str, str]] = set()
        for implementation in getattr(self.manager.hook, KINDS[kind]).get_hookimpls():
            plugin = self.plugins[implementation.plugin.key]
            for record in collect(KINDS[kind], implementation.function, plugin, Record):
                entry = Entry(kind, record, plugin)
                if cause := refusal(kind, record) or _double(entry, taken):
                    name = one_line(repr(record.name), 60)
                    plugin.problems.append(f"{kind} {name} is not used: {cause}")
                    continue
                taken |= {(plugin.distribution, it) for it in (*entry.names, record.target)}
                yield entry

    def commands(self, taken: Container[str]) -> list[tuple[Command, Plugin]]:
        """The verbs of all plugins, by name; none of those ``taken`` by the command line itself."""
        found = []
        for implementation in getattr(self.manager.hook, COMMANDS).get_hookimpls():
            plugin = self.plugins[implementation.plugin.key]
            for command in collect(COMMANDS, implementation.function, plugin, Command):
                if cause := verb_refusal(command, taken):
                    name = one_line(repr(command.verb), 60)
                    plugin.problems.append(f"command {name} is not used: {cause}")
                else:
                    found.append((command, plugin))
        self.report_broken()
        return sorted(found, key=lambda one: (one[0].verb, one[1].distribution))

    def _point_out_own_names(self, kind: str) -> None:
        own = {name for entry in self._entries[kind] if entry.own for name in entry.names}
        for entry in self._entries[kind]:
            for name in [] if entry.own else sorted(own.intersection(entry.names)):
                entry.plugin.problems.append(
                    f"{kind} {name!r} is a name of ltmlbench's own and stays that: "
                    f"write {entry.distribution}:{name} for this one"
                )

    def announce(self, event: str, **values: Any) -> None:
        """Tells every observer of an event (a hook of `EventHooks` without its prefix).

        An observer that raises is reported once and no longer told anything; the components of its
        plugin stay.
        """
        hook = f"ltmlbench_{event}"
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            key = getattr(implementation.plugin, "key", implementation.plugin_name)
            causes: list[str] = []
            with isolated(causes.append):
                implementation.function(*(values[name] for name in implementation.argnames))
            for cause in causes:
                self.plugins[key].problems.append(f"{hook} failed and is told no more: {cause}")
                self.unobserve(key)
                self.report_broken()

    def observe(self, observer: object, name: str) -> None:
        """Adds an observer of this process (hook implementations as methods), such as a display."""
        self.plugins[name] = Plugin(name, IN_PROCESS, "")
        self.manager.register(observer, name=name)

    def unobserve(self, key: str) -> None:
        """Tells an observer, or the observers of a plugin, nothing more."""
        for name in (key, *(f"{key}/{hook}" for hook in hooks.EVENT_HOOKS)):
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)

    def observed(self, plugin: Plugin) -> list[str]:
        """The events a plugin is told of."""
        key = next(key for key, known in self.plugins.items() if known is plugin)
        return sorted(h for h in hooks.EVENT_HOOKS if self.manager.has_plugin(f"{key}/{h}"))

    def find(self, kind: str, name: str, distribution: str = "") -> Entry:
        """The one component of that name (or alias). One of the bench's own goes first.

        Raises:
            RequestError: nobody registered the name, or more than one distribution did.
        """
        asked = _canonical(distribution)
        entries = [e for e in self.entries(kind) if asked in ("", _canonical(e.distribution))]
        found = [e for e in entries if name in e.names]
        found = found or [e for e in entries if e.record.catch_all]
        found = [e for e in found if e.own] or found
        if len(found) == 1:
            return found[0]
        if found:
            owners = " and ".join(sorted(entry.qualified for entry in found))
            raise RequestError(f"{kind} {name!r} is claimed by {owners}: write which one you mean")
        known = [n for e in entries for n in e.names]
        raise RequestError(
            f"there is no {kind} {one_line(repr(name), 80)}{did_you_mean(name, known)}; "
            f"see `ltmlbench list {kind}`{self._excuse()}"
        )

    def _excuse(self) -> str:
        broken = [p.name for p in self.plugins.values() if p.cause or p.problems]
        return f" (not everything of these plugins is used: {', '.join(broken)})" if broken else ""

    def typed(self, entry: Entry) -> tuple[str, ...]:
        """Its names as a user has to type them: with the distribution where it takes that."""
        others = {n for e in self.entries(entry.kind) if e is not entry for n in e.names}
        return tuple(
            f"{entry.distribution}:{name}" if name in others and not entry.own else name
            for name in entry.names
        )

    def embedded(self) -> str:
        """The data set that is used where nobody names one.

        Raises:
            RequestError: no plugin brings one.
        """
        found = [e.record.name for e in self.entries("dataset") if e.own and e.record.embedded]
        if not found:
            raise RequestError("no data set is named: give --dataset, see `ltmlbench list dataset`")
        return found[0]

    def component_class(self, entry: Entry) -> type[Component]:
        """Imports the class an entry points at.

        Raises:
            RequestError: its module cannot be imported or holds no such component.
        """
        target = entry.record.target
        module, _, name = target.partition(":")
        found: Any = None
        causes: list[str] = []
        with isolated(causes.append), folder_kept(entry.plugin), redirect_stdout(sys.stderr):
            found = getattr(importlib.import_module(module), name)
        self.report_broken()
        who = f"{entry.kind} {entry.qualified!r}"
        if causes:
            raise RequestError(f"{who} cannot be loaded from {target!r}: {causes[0]}")
        if getattr(found, "kind", None) != entry.kind or not isinstance(found, type):
            raise RequestError(f"{target!r} of {entry.distribution!r} is no {entry.kind} component")
        if missing := ", ".join(sorted(getattr(found, "__abstractmethods__", ()))):
            raise RequestError(f"{who} is not finished: {target} does not define {missing}")
        if (real := f"{found.__module__}:{found.__qualname__}") != target:
            # identities go by where a class is: one that has two places would have two
            raise RequestError(f"{who} has the target {target!r}, but that class is {real!r}")
        return found

    def load(self, kind: str, text: str) -> Component:
        """The component that ``name[option=value,...]`` names, its options checked.

        Raises:
            RequestError: unknown name or option, or a value that does not fit the option.
        """
        spec = parse_spec(text)
        entry = self.find(kind, spec.name, spec.distribution)
        if not entry.own and not spec.distribution:
            for own in (e for e in self.entries(kind) if e.own and e.record.catch_all):
                with suppress(RequestError):  # a name it does not take is the plugin's to give
                    return self._load(own, spec)
        return self._load(entry, spec)

    def _load(self, entry: Entry, spec: Spec) -> Component:
        options = dict(spec.options)
        caught = entry.record.catch_all
        if caught and spec.name not in entry.names:
            options.setdefault(caught, spec.name)
        return _construct(self.component_class(entry), spec, options)

    def entry_of(self, component: Component) -> Entry | None:
        """The entry a component came from; None for a class nobody registered.

        Where several name one class, it is the bench's own, else that of the plugin the class
        lives in: a stranger's record changes nobody's identities.
        """
        cls = type(component)
        target, package = f"{cls.__module__}:{cls.__qualname__}", cls.__module__.partition(".")[0]
        found = [e for e in self.entries(component.kind) if e.record.target == target]

        def strangeness(entry: Entry) -> tuple[bool, bool]:
            return not entry.own, entry.plugin.module.partition(".")[0] != package

        return min(found, key=strangeness, default=None)


def _canonical(distribution: str) -> str:
    """A distribution's name as installers compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _double(entry: Entry, taken: Container[tuple[str, str]]) -> str:
    """Why a second record of one distribution cannot stand beside the first; else empty."""
    for name in entry.names:
        if (entry.distribution, name) in taken:
            return f"{entry.distribution!r} has a {entry.kind} {name!r} already; the first is used"
    if (entry.distribution, entry.record.target) in taken:
        return f"{entry.record.target!r} is registered already: give one record both names"
    return ""


def _construct(cls: type[Component], spec: Spec, options: dict[str, str]) -> Component:
    from pydantic import ValidationError

    fields = cls.model_fields
    for name in options:
        if name not in fields:
            raise RequestError(
                f"{cls.kind} {spec.name!r} has no option {name!r}{did_you_mean(name, fields)}; "
                f"options: {', '.join(fields) or 'none'}"
            )
    try:
        return cls.model_validate_strings(options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"][:1]) or "options"
        message = one_line(first["msg"].removeprefix("Value error, "), 300)
        value = f"={one_line(options[where], 60)}" if where in options else ""
        raise RequestError(f"{cls.kind} {spec.name!r}, {where}{value}: {message}") from None
    except (RequestError, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit as well: a plugin's validator may do anything
        raise RequestError(f"{cls.kind} {spec.name!r}: {cause_of(error)}") from error


@cache
def registry() -> Registry:
    """The registry of this process."""
    return Registry()


@overload
def load(kind: Literal["dataset"], text: str) -> Dataset: ...
@overload
def load(kind: Literal["backbone"], text: str) -> Backbone: ...
@overload
def load(kind: Literal["feed"], text: str) -> Feed: ...
@overload
def load(kind: Literal["head"], text: str) -> Head: ...
@overload
def load(kind: Literal["loss"], text: str) -> Loss: ...
@overload
def load(kind: Literal["distillation"], text: str) -> Distillation: ...
@overload
def load(kind: Literal["pretraining"], text: str) -> Pretraining: ...
@overload
def load(kind: Literal["sampler"], text: str) -> Sampler: ...
@overload
def load(kind: Literal["subsets"], text: str) -> SubsetGenerator: ...
@overload
def load(kind: Literal["method"], text: str) -> Method: ...
@overload
def load(kind: Literal["metric"], text: str) -> Metric: ...
@overload
def load(kind: Literal["explanation"], text: str) -> Explanation: ...
@overload
def load(kind: Literal["engine"], text: str) -> Engine: ...
@overload
def load(kind: Literal["tracker"], text: str) -> Tracker: ...
def load(kind: str, text: str) -> Component:
    """A component by kind and name: ``load("loss", "db[mu=0.3]")``. See `Registry.load`."""
    return registry().load(kind, text)


def components(kind: str) -> list[Record]:
    """What is registered of a kind, by name. Imports no component."""
    return [entry.record for entry in registry().entries(kind)]
