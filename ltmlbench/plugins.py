"""Loads plugins one by one, so that what is broken in one of them harms nothing else.

Foreign code runs here at import and in hooks. Whatever it raises, exits with or prints becomes a
line that names the plugin; what is sound of the same plugin is used all the same.
"""

from __future__ import annotations

import importlib
import inspect
import io
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypeVar

from ltmlbench.errors import did_you_mean
from ltmlbench.hooks import (
    API_VERSION,
    COMMAND_HOOKS,
    COMPONENT_HOOKS,
    EVENT_HOOKS,
    VERSIONED,
    Command,
    Record,
)

OWN = "ltmlbench"
"""The distribution whose names nobody else can take."""

IN_PROCESS = "this process"
"""In place of a distribution: what was added while it runs, such as a tracker."""

_NAME = re.compile(r"[A-Za-z0-9][\w.+\-]*\Z")
_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*\Z")
_VERB = re.compile(r"[a-z][a-z0-9-]*\Z")
_HOOKS = COMPONENT_HOOKS | COMMAND_HOOKS | EVENT_HOOKS


Announced = TypeVar("Announced", Record, Command)


@dataclass
class Plugin:
    """An entry point, and what of it cannot be used.

    Args:
        module: the module that the entry point names.
        cause: why nothing of it is used; empty if something is.
        problems: what is wrong with parts of it, one line each.
        remarks: what only `ltmlbench plugins` says.
    """

    name: str
    distribution: str
    version: str
    module: str = ""
    cause: str = ""
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def fail(self, cause: str) -> None:
        self.cause = cause

    def lines(self) -> list[str]:
        """Everything a user should know, one line each."""
        who = f"plugin {self.name!r} of {self.distribution!r}"
        who = self.name if self.distribution == IN_PROCESS else who
        whole = [f"{who} is not used: {self.cause}"] if self.cause else []
        return whole + [f"{who}: {problem}" for problem in self.problems]


@contextmanager
def isolated(note: Callable[[str], None]) -> Iterator[None]:
    """Runs code of a plugin. Only Ctrl-C gets out; ``note`` is told of anything else it raises."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit as well: a plugin may do anything
        note(cause_of(error))


@contextmanager
def listing(plugin: Plugin, note: Callable[[str], None]) -> Iterator[None]:
    """As `isolated`; what the plugin prints does not reach stdout, which belongs to the command."""
    printed = _Printed()
    with isolated(note), folder_kept(plugin), redirect_stdout(printed):
        yield
    if printed.closing:
        plugin.problems.append("closed standard output, which stays open: it is not the plugin's")
    if text := one_line(printed.getvalue(), 80):
        plugin.problems.append(f"printed {text!r}: a plugin has to be silent when it is listed")


class _Printed(io.StringIO):
    """Text that can still be read after a plugin has closed it."""

    closing = False

    def close(self) -> None:
        self.closing = True


@contextmanager
def folder_kept(plugin: Plugin) -> Iterator[None]:
    """Runs code of a plugin. Afterwards the relative paths of the user mean what they meant."""
    before = _folder()
    try:
        yield
    finally:
        if before and _folder() != before:
            os.chdir(before)
            plugin.problems.append("changed the working directory, which was changed back")


def _folder() -> str:
    """The working directory; empty if it was deleted, so that nothing leads back to it."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def cause_of(error: BaseException) -> str:
    """An exception in one line, with the file and line it was raised at."""
    if isinstance(error, SyntaxError):
        text, place = error.msg, f"{error.filename}:{error.lineno}"
    else:
        text, place = _text(error), _place(error)
    text = one_line(text, 300)
    where = f" ({place})" if place else ""
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception whose own text raises
        return ""


def _place(error: BaseException) -> str:
    machinery = (str(Path(__file__).parent), str(Path(importlib.__file__).parent), "<")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(machinery):
            return f"{frame.filename}:{frame.lineno}"
    return ""


def one_line(text: str, most: int) -> str:
    """A text without line breaks, cut where it is longer than ``most``."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def origin(point: EntryPoint) -> tuple[str, str]:
    """Distribution and version of an entry point, as far as its metadata say."""
    try:
        assert point.dist is not None
        return str(point.dist.name or "unknown"), str(point.dist.version or "")
    except Exception:  # no METADATA file, or a damaged one
        return "unknown", ""


def import_plugin(point: EntryPoint, plugin: Plugin) -> Any:
    """What the entry point names; ``plugin.cause`` says why it cannot be used."""
    had_torch, start = "torch" in sys.modules, time.perf_counter()
    module = None
    if not point.pattern.match(point.value):
        plugin.fail(f"the entry point {one_line(repr(point.value), 60)} names no package.module")
        return None
    with listing(plugin, plugin.fail):
        module = point.load()
        wanted = getattr(module, "LTMLBENCH_API", API_VERSION)
        if type(wanted) is not int:
            shown = one_line(repr(wanted), 60)
            raise TypeError(f"LTMLBENCH_API is {shown}: it has to be a whole number")
        if wanted > API_VERSION:
            raise RuntimeError(
                f"written for plugin API {wanted}, this ltmlbench has {API_VERSION}: "
                "upgrade ltmlbench"
            )
    if "torch" in sys.modules and not had_torch:
        seconds = time.perf_counter() - start
        plugin.remarks.append(
            f"slow to list: imports torch ({seconds:.1f} s); import it in the functions that use it"
        )
    return module


def hook_functions(module: Any, plugin: Plugin) -> dict[str, Callable[..., Any]]:
    """The hooks a plugin implements, by name; misspelled and unmarked ones are problems."""
    found: dict[str, Callable[..., Any]] = {}
    for name in dir(module):
        value: Any = getattr(module, name, None)
        # a mark is a dict: anything may answer to any attribute, a mock for instance
        if isinstance(getattr(value, "ltmlbench_impl", None), dict):
            if name in _HOOKS:
                found[name] = value
            else:
                plugin.problems.append(
                    f"there is no hook {name!r}{did_you_mean(name, _HOOKS)} (it is not used)"
                )
        elif inspect.isfunction(value) and name.startswith("ltmlbench_") and _meant(name):
            plugin.problems.append(
                f"{name} is not used: mark it with @hookimpl (from ltmlbench.plugin)"
            )
    if not found and not plugin.problems:
        plugin.problems.append("brings nothing: no function of it is a hook marked with @hookimpl")
    return found


def _meant(name: str) -> bool:
    return name in _HOOKS or bool(did_you_mean(name, _HOOKS))


def collect(
    hook: str, function: Callable[..., Any], plugin: Plugin, kind: type[Announced]
) -> list[Announced]:
    """The records a hook returns; anything else in its list is a problem and left out."""
    found: list[Any] = []

    def note(cause: str) -> None:
        plugin.problems.append(f"{hook} is not used: {cause}")

    with listing(plugin, note):
        given = function()
        if isinstance(given, str | dict | Record | Command) or not isinstance(given, Iterable):
            raise TypeError(
                f"it returned {one_line(repr(given), 60)}, not a list of {kind.__name__}s"
            )
        found = list(given)
    good = []
    for item in found:
        if isinstance(item, kind):
            good.append(item)
        else:
            shown = one_line(repr(item), 60)
            note(f"it returned {shown}, not a {kind.__name__}; the others are used")
    return good


def refusal(kind: str, record: Record) -> str:
    """Why a record cannot be used; empty if it can.

    A version that would count for nothing is refused: methods, pre-trainings and explanations only
    plan stages, metrics are computed anew by every report, an engine changes no number.
    """
    names = (record.name, *record.aliases) if isinstance(record.aliases, tuple) else (record.name,)
    for name in names:
        if not isinstance(name, str) or not _NAME.match(name) or name == "none":
            return (
                f"the name {one_line(repr(name), 60)} cannot be asked for: letters, digits and "
                '. + - _ only, and not "none"'
            )
    if not isinstance(record.aliases, tuple):
        return f"aliases are {one_line(repr(record.aliases), 60)}, not a tuple of names"
    if not isinstance(record.target, str) or not _TARGET.match(record.target):
        return f"the target {one_line(repr(record.target), 60)} is not package.module:Class"
    texts = (record.summary, record.citation, record.catch_all)
    if not all(isinstance(text, str) for text in texts):
        return "summary, citation and catch_all have to be texts"
    if type(record.version) is not int or record.version < 1:
        return f"version {one_line(repr(record.version), 60)} is not a whole number from 1 on"
    if record.version != 1 and kind not in VERSIONED:
        return (
            f"version={record.version} would be in no identity of a {kind}: raise `version` of the "
            "Stage that gives other results (or that of the loss, sampler, ... it uses)"
        )
    return ""


def verb_refusal(command: Command, taken: Container[str]) -> str:
    """Why a verb cannot be used; empty if it can. ``taken``: verbs of the command line itself."""
    if not isinstance(command.verb, str) or not _VERB.match(command.verb):
        return "a verb is of small letters, digits and hyphens"
    if command.verb in taken:
        return "ltmlbench itself has one of this name"
    if not isinstance(command.target, str) or not _TARGET.match(command.target):
        return f"the target {one_line(repr(command.target), 60)} is not package.module:function"
    return "" if isinstance(command.summary, str) else "the summary has to be a text"
