"""What a plugin may implement: one hook per kind of component, verbs, and events of a run.

A plugin is a module (or object) registered under the ``ltmlbench`` entry-point group. Its hooks
return light `Record` objects; the code a record points at is imported only when it is used.

    # my_package/__init__.py
    from ltmlbench.plugin import Record, hookimpl

    @hookimpl
    def ltmlbench_losses():
        return [Record("asl", "my_package.losses:Asymmetric", "asymmetric loss")]

    # pyproject.toml
    [project.entry-points.ltmlbench]
    my_package = "my_package"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pluggy

API_VERSION = 1
"""Raised when a hook or contract changes. A plugin module may state the version it was written
for as ``LTMLBENCH_API = 1``; one that asks for a newer version is not loaded."""

hookspec = pluggy.HookspecMarker("ltmlbench")
hookimpl = pluggy.HookimplMarker("ltmlbench")


@dataclass(frozen=True, slots=True)
class Record:
    """A component as a plugin announces it: light enough to list without importing it.

    Args:
        name: what users type, e.g. ``"focal"``.
        target: where its class is, ``"package.module:Class"``.
        summary: one line for ``ltmlbench list``.
        citation: paper, equation, licence of the source; empty if it is the plugin's own.
        aliases: other names users may type.
        version: raise it when the same options would give other results; it is part of every
            identity the component is in. Only for `VERSIONED` kinds: the others (a method) have no
            part in an identity but the stages they plan, which have versions of their own.
        catch_all: the option that takes a name nobody registered (timm's model names).
        embedded: the data set that is used where nobody names one.
        formula: what it computes, one line.
        ours: what of it is not in the source, one line.
        checked: what its numbers were held against, e.g. those of the authors' released code.
        reduced: it is less than the method it is named after, as ``ours`` says; lists, tables and
            reports call it reduced.
    """

    name: str
    target: str
    summary: str
    citation: str = ""
    aliases: tuple[str, ...] = ()
    version: int = 1
    catch_all: str = ""
    embedded: bool = False
    formula: str = ""
    ours: str = ""
    checked: str = ""
    reduced: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A verb of the command line as a plugin announces it.

    Args:
        verb: what users type after ``ltmlbench``: small letters, digits and hyphens.
        target: where its function is, ``"package.module:function"``, imported when the verb is
            used. It is called with an `argparse.ArgumentParser`, to which it adds its options, and
            the arguments given; it returns the exit code. Its docstring is the help.
        summary: one line for ``ltmlbench --help``.
    """

    verb: str
    target: str
    summary: str


class ComponentHooks:
    """One hook per kind of component. Each returns the records of one plugin."""

    @hookspec
    def ltmlbench_datasets(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Data sets: ``Record("flowers", "pkg.data:Flowers", "tagged flower pictures")``."""

    @hookspec
    def ltmlbench_backbones(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Backbones: ``Record("timm", "pkg.nets:Timm", "any timm model", catch_all="model")``."""

    @hookspec
    def ltmlbench_feeds(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Feeds: ``Record("spectra", "pkg.feeds:Spectra", "sounds as spectrograms")``."""

    @hookspec
    def ltmlbench_heads(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Heads: ``Record("linear", "pkg.heads:Linear", "pooling and one linear layer")``."""

    @hookspec
    def ltmlbench_losses(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Losses: ``Record("asl", "pkg.losses:Asymmetric", "asymmetric loss")``."""

    @hookspec
    def ltmlbench_distillations(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Distillation losses: ``Record("kd", "pkg.losses:Kd", "mean of teachers and labels")``."""

    @hookspec
    def ltmlbench_pretrainings(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Pre-trainings: ``Record("rotate", "pkg.pre:Rotations", "which way up is it?")``."""

    @hookspec
    def ltmlbench_samplers(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Samplers: ``Record("cb", "pkg.samplers:ClassAware", "classes in turn")``."""

    @hookspec
    def ltmlbench_subsets(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Subset generators: ``Record("shot", "pkg.subsets:Shot", "labels by frequency")``."""

    @hookspec
    def ltmlbench_methods(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Methods, a row of the table: ``Record("asl", "pkg.methods:Asl", "ASL, IB sampling")``."""

    @hookspec
    def ltmlbench_metrics(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Metrics: ``Record("map", "pkg.metrics:MeanAP", "mean average precision")``."""

    @hookspec
    def ltmlbench_explanations(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Explanations: ``Record("grad-cam", "pkg.cam:GradCam", "where the network looks")``."""

    @hookspec
    def ltmlbench_engines(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Engines: ``Record("local", "pkg.engines:Local", "stages in this process")``."""

    @hookspec
    def ltmlbench_trackers(self) -> Iterable[Record]:  # type: ignore[empty-body]
        """Trackers: ``Record("board", "pkg.board:Board", "curves in a browser")``."""


class CommandHooks:
    """Verbs of the command line."""

    @hookspec
    def ltmlbench_commands(self) -> Iterable[Command]:  # type: ignore[empty-body]
        """Verbs: ``Command("folds", "pkg.folds:command", "how a data set would be split")``."""


class EventHooks:
    """Events of a run, for observers such as experiment trackers. An observer can never fail a
    run: what it raises is reported once on stderr and then ignored."""

    @hookspec
    def ltmlbench_benchmark_started(self, config: Mapping[str, Any], stages: int) -> None:
        """``config`` is the resolved configuration, ``stages`` how many are still to be done."""

    @hookspec
    def ltmlbench_stage_started(self, stage: str, title: str) -> None:
        """``stage`` is the identity (sha256) of the stage, ``title`` a line for people."""

    @hookspec
    def ltmlbench_stage_waiting(self, stage: str, title: str) -> None:
        """Another process is making the same stage; its output will be used."""

    @hookspec
    def ltmlbench_epoch_finished(
        self, stage: str, epoch: int, epochs: int, values: Mapping[str, float]
    ) -> None:
        """``values``: loss, learning rate, images per second and what else the epoch measured."""

    @hookspec
    def ltmlbench_stage_finished(self, stage: str, title: str, seconds: float) -> None:
        """The artifact of the stage is stored."""

    @hookspec
    def ltmlbench_stage_failed(self, stage: str, title: str, kind: str, cause: str) -> None:
        """``kind``: error, out-of-memory or diverged."""

    @hookspec
    def ltmlbench_run_finished(self, run: Mapping[str, Any]) -> None:
        """``run``: the content of the run's ``run.json``; ``run["metrics"]`` holds its scores, unit
        -> metric -> value."""

    @hookspec
    def ltmlbench_benchmark_finished(self, out: str, status: str) -> None:
        """The report is written. ``out``: the output folder; ``status``: done, failed (some runs)
        or stopped."""


KINDS: Mapping[str, str] = {
    "dataset": "ltmlbench_datasets",
    "feed": "ltmlbench_feeds",
    "backbone": "ltmlbench_backbones",
    "head": "ltmlbench_heads",
    "loss": "ltmlbench_losses",
    "distillation": "ltmlbench_distillations",
    "pretraining": "ltmlbench_pretrainings",
    "sampler": "ltmlbench_samplers",
    "subsets": "ltmlbench_subsets",
    "method": "ltmlbench_methods",
    "metric": "ltmlbench_metrics",
    "explanation": "ltmlbench_explanations",
    "engine": "ltmlbench_engines",
    "tracker": "ltmlbench_trackers",
}
"""Kinds of components and the hook that collects each."""

VERSIONED = frozenset(
    {"dataset", "feed", "backbone", "head", "loss", "distillation", "sampler", "subsets"}
)
"""Kinds whose `Record.version` is part of identities."""

COMPONENT_HOOKS = frozenset(KINDS.values())
COMMAND_HOOKS = frozenset({"ltmlbench_commands"})
EVENT_HOOKS = frozenset(name for name in vars(EventHooks) if name.startswith("ltmlbench_"))
