"""Finds plugins, isolates broken ones, and turns ``"db[mu=0.2]"`` into a component."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import pluggy

from ltmlbench import hooks
from ltmlbench.errors import RequestError, did_you_mean
from ltmlbench.hooks import API_VERSION, KINDS, Command, Record
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
    )

GROUP = "ltmlbench"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered component: what the plugin said, and whose it is."""

    kind: str
    record: Record
    distribution: str

    @property
    def qualified(self) -> str:
        return f"{self.distribution}:{self.record.name}"


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point and, if it could not be used, why."""

    name: str
    distribution: str
    version: str
    cause: str = ""


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
        for point in entry_points(group=GROUP) if points is None else points:
            self._add(point)
        self._reported: set[str] = set()

    def _add(self, point: EntryPoint) -> None:
        distribution = point.dist.name if point.dist else "unknown"
        version = point.dist.version if point.dist else ""
        key = f"{distribution}:{point.name}"
        self.plugins[key] = Plugin(point.name, distribution, version)
        try:
            module = point.load()
            wanted = getattr(module, "LTMLBENCH_API", API_VERSION)
            if wanted > API_VERSION:
                raise RuntimeError(
                    f"written for plugin API {wanted}, this ltmlbench has {API_VERSION}: "
                    "upgrade ltmlbench"
                )
            _refuse_unknown_hooks(module)
            self.manager.register(module, name=key)
        except Exception as error:  # a plugin may raise anything; it must not stop the others
            self._isolate(key, error)

    def _isolate(self, key: str, error: Exception) -> None:
        text = " ".join(str(error).split())
        cause = f"{type(error).__name__}: {text}" if text else type(error).__name__
        plugin = self.plugins[key]
        self.plugins[key] = Plugin(plugin.name, plugin.distribution, plugin.version, cause)
        if self.manager.has_plugin(key):
            self.manager.unregister(name=key)

    def report_broken(self) -> None:
        """Says once per plugin, on stderr, which one is not used and why."""
        for key, plugin in self.plugins.items():
            if plugin.cause and key not in self._reported:
                self._reported.add(key)
                print(
                    f"ltmlbench: plugin {plugin.name!r} of {plugin.distribution!r} is not used: "
                    f"{plugin.cause}",
                    file=sys.stderr,
                )

    def entries(self, kind: str) -> list[Entry]:
        """The components of a kind, by name."""
        if kind not in KINDS:
            raise RequestError(
                f"there is no kind {kind!r}{did_you_mean(kind, KINDS)}; kinds: {', '.join(KINDS)}"
            )
        if kind not in self._entries:
            found = [Entry(kind, r, owner) for r, owner in self._collect(KINDS[kind], Record)]
            self._entries[kind] = sorted(found, key=lambda entry: entry.qualified)
            self.report_broken()
        return self._entries[kind]

    def commands(self) -> list[tuple[Command, str]]:
        """The verbs of all plugins, each with its distribution, by name."""
        found = sorted(
            self._collect("ltmlbench_commands", Command), key=lambda c: (c[0].verb, c[1])
        )
        self.report_broken()
        return found

    def _collect(self, hook: str, wanted: type[T]) -> Iterator[tuple[T, str]]:
        """What every plugin returns from a hook, each with the plugin's distribution."""
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            key = implementation.plugin_name
            try:
                given = list(implementation.function())
                strangers = [one for one in given if not isinstance(one, wanted)]
                if strangers:
                    raise TypeError(f"{hook} returned {strangers[0]!r}, not a {wanted.__name__}")
            except Exception as error:  # see _add
                self._isolate(key, error)
                continue
            yield from ((one, self.plugins[key].distribution) for one in given)

    def announce(self, event: str, **values: Any) -> None:
        """Tells every observer of an event (a hook of `EventHooks` without its prefix).

        An observer that raises is reported once and no longer told anything.
        """
        for implementation in getattr(self.manager.hook, f"ltmlbench_{event}").get_hookimpls():
            try:
                implementation.function(*(values[name] for name in implementation.argnames))
            except Exception as error:  # see _add
                self._isolate(implementation.plugin_name, error)
                self.report_broken()

    def observe(self, observer: object, name: str) -> None:
        """Adds an observer of this process (hook implementations as methods), such as a display."""
        self.plugins[name] = Plugin(name, "this process", "")
        self.manager.register(observer, name=name)

    def find(self, kind: str, name: str, distribution: str = "") -> Entry:
        """The one component of that name (or alias).

        Raises:
            RequestError: nobody registered the name, or more than one distribution did.
        """
        entries = [e for e in self.entries(kind) if distribution in ("", e.distribution)]
        found = [e for e in entries if name == e.record.name or name in e.record.aliases]
        found = found or [e for e in entries if e.record.catch_all]
        if len(found) == 1:
            return found[0]
        if found:
            owners = " and ".join(sorted(entry.qualified for entry in found))
            raise RequestError(f"{kind} {name!r} is claimed by {owners}: write which one you mean")
        known = [n for e in entries for n in (e.record.name, *e.record.aliases)]
        raise RequestError(
            f"there is no {kind} {name!r}{did_you_mean(name, known)}; "
            f"see `ltmlbench list {kind}`{self._excuse()}"
        )

    def _excuse(self) -> str:
        broken = [plugin.name for plugin in self.plugins.values() if plugin.cause]
        return f" (plugins that could not be loaded: {', '.join(broken)})" if broken else ""

    def component_class(self, entry: Entry) -> type[Component]:
        """Imports the class an entry points at.

        Raises:
            RequestError: its module cannot be imported or holds no such component.
        """
        module, _, name = entry.record.target.partition(":")
        try:
            target: Any = getattr(importlib.import_module(module), name)
        except Exception as error:  # the plugin's code may raise anything on import
            raise RequestError(
                f"{entry.kind} {entry.qualified!r} cannot be loaded from {entry.record.target!r}: "
                f"{type(error).__name__}: {error}"
            ) from error
        if getattr(target, "kind", None) != entry.kind:
            raise RequestError(
                f"{entry.record.target!r} of {entry.distribution!r} is no {entry.kind} component"
            )
        return target  # type: ignore[no-any-return]

    def load(self, kind: str, text: str) -> Component:
        """The component that ``name[option=value,...]`` names, its options checked.

        Raises:
            RequestError: unknown name or option, or a value that does not fit the option.
        """
        spec = parse_spec(text)
        entry = self.find(kind, spec.name, spec.distribution)
        options = dict(spec.options)
        caught = entry.record.catch_all
        if caught and spec.name not in (entry.record.name, *entry.record.aliases):
            options.setdefault(caught, spec.name)
        return _construct(self.component_class(entry), spec, options)

    def entry_of(self, component: Component) -> Entry | None:
        """The entry a component came from; None for a class nobody registered."""
        target = f"{type(component).__module__}:{type(component).__qualname__}"
        for entry in self.entries(component.kind):
            if entry.record.target == target:
                return entry
        return None


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
        message = first["msg"].removeprefix("Value error, ")
        value = f"={options[where]}" if where in options else ""
        raise RequestError(f"{cls.kind} {spec.name!r}, {where}{value}: {message}") from None


def _refuse_unknown_hooks(module: Any) -> None:
    specs = (hooks.ComponentHooks, hooks.CommandHooks, hooks.EventHooks)
    known = {n for spec in specs for n in vars(spec)}
    for name in dir(module):
        marked = hasattr(getattr(module, name, None), "ltmlbench_impl")
        if marked and name not in known:
            raise AttributeError(f"there is no hook {name!r}{did_you_mean(name, known)}")


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
def load(kind: str, text: str) -> Component:
    """A component by kind and name: ``load("loss", "db[mu=0.3]")``. See `Registry.load`."""
    return registry().load(kind, text)


def components(kind: str) -> list[Record]:
    """What is registered of a kind, by name. Imports no component."""
    return [entry.record for entry in registry().entries(kind)]
