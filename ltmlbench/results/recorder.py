"""Writes the output folder while a benchmark runs: each run as soon as it ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ltmlbench.benchmark import Benchmark
from ltmlbench.config import dump_config
from ltmlbench.errors import DataError
from ltmlbench.grid import Node, Outcome, Run, slug
from ltmlbench.identity import canonical, digest
from ltmlbench.registry import registry
from ltmlbench.results.claim import claim
from ltmlbench.results.collect import Collected, collect
from ltmlbench.results.cost import cost_of
from ltmlbench.results.folder import OutFolder, copy_files
from ltmlbench.results.records import (
    BenchmarkRecord,
    CostRecord,
    ExplanationRecord,
    FailureRecord,
    Json,
    RunRecord,
    SplitRecord,
    read_json,
)
from ltmlbench.results.scores import Metrics, default_metrics, overall
from ltmlbench.results.spent import spent_on
from ltmlbench.store import Artifact


class Recorder:
    """Writes each run's folder as soon as its predictions are stored.

    Raises:
        RequestError: the output folder is somebody else's, or a metric is unknown.
    """

    def __init__(self, benchmark: Benchmark) -> None:
        claim(benchmark.config.out, benchmark.store.root)
        self.benchmark = benchmark
        self.folder = OutFolder(benchmark.config.out)
        self.record = benchmark_record(benchmark)
        self.metrics = Metrics.load(self.record.metrics)
        self._runs: dict[str, list[Run]] = {}
        self._outcomes: dict[str, Outcome] = {}
        for run in benchmark.grid.runs:
            for identity in {run.identity, run.explanation} - {""}:
                self._runs.setdefault(identity, []).append(run)
        self._begin()

    def _begin(self) -> None:
        """The marker first: a folder with anything of ours in it is known as ours."""
        found = self.collected()
        written = self._written_config()
        self.folder.write_benchmark(found.benchmark)
        self.folder.note_uses(self.benchmark.uses)
        if kept := self.folder.write_config(dump_config(self.benchmark.config), written):
            print(f"ltmlbench: config.yaml was edited: kept as {kept}", file=sys.stderr)
        if found.others_line:
            print(f"ltmlbench: {found.others_line}", file=sys.stderr)
        for run in self.benchmark.grid.unplanned:
            failure = FailureRecord(kind="unplanned", cause=run.failure)
            record = self._head(run).model_copy(update={"failure": failure})
            self.folder.write_run(record, trace=run.trace)
            registry().announce("run_finished", run=record.json_form())

    def _written_config(self) -> str:
        try:
            return self.folder.benchmark().config
        except DataError:
            return ""

    def collected(self) -> Collected:
        """The table as it is now: our own benchmark, and what else in the folder belongs to it,
        whatever another command has written there since."""
        return collect(self.folder, self.record)

    def ended(self, outcome: Outcome) -> None:
        """Records the runs whose predictions or explanation (or failure) an outcome is.

        The two may end in either order; a run is finished with its predictions.
        """
        self._outcomes[outcome.identity] = outcome
        node = self.benchmark.grid.nodes[outcome.identity]
        if node.stage.shown and not outcome.failure:
            self._show(node)
        for run in self._runs.get(outcome.identity, ()):
            if predicted := self._outcomes.get(run.identity):
                record = self._record(run, predicted)
                if outcome is predicted:
                    registry().announce("run_finished", run=record.json_form())

    def finish(self) -> None:
        """The end, after the report: the folder is that of this benchmark, and observers hear how
        it ended."""
        self.folder.write_benchmark(self.collected().benchmark)
        wanted = {run.identity for run in self.benchmark.grid.runs}
        failed = bool(self.benchmark.grid.unplanned) or any(
            outcome.failure for key, outcome in self._outcomes.items() if key in wanted
        )
        stopped = not wanted <= self._outcomes.keys()
        status = "stopped" if stopped else "failed" if failed else "done"
        registry().announce("benchmark_finished", out=str(self.folder.root), status=status)

    def _show(self, node: Node) -> None:
        """Copies what a stage leaves to look at, with a line on what came out."""
        artifact = self._stored(node.identity)
        name = stage_name(node)
        copy_files(artifact, self.folder.stage_folder(name), node.stage.shown)
        about = {
            "title": _stage_title(node),
            "summary": node.stage.summary(artifact.folder),
            "identity": node.identity,
            "seconds": artifact.seconds,
        }
        self.folder.write_stage(name, about)

    def _record(self, run: Run, outcome: Outcome) -> RunRecord:
        node = self.benchmark.grid.nodes[run.model]
        preimage = _expanded(node.stage.preimage(node.task), self.benchmark)
        record = self._head(run)
        if outcome.failure:
            failure = FailureRecord(kind=outcome.failure, cause=outcome.cause)
            record = record.model_copy(update={"failure": failure})
            self.folder.write_run(record, preimage, outcome.trace)
            return record
        folder = self.folder.run_folder(run.id)
        model, predicted = self._stored(run.model), self._stored(run.identity)
        for artifact in (model, predicted):
            copy_files(artifact, folder)
        done: dict[str, Any] = {
            "status": "done",
            "environment": model.manifest.get("environment") or {},
            "seconds": {"fit": model.seconds, "predict": predicted.seconds},
            "cost": self._cost(run),
            "spent": spent_on(run, self.benchmark.grid, self.benchmark.store, self._outcomes),
            "network": self._network(run.model),
            "explanation": self._explanation(run),
            "recorded": predicted.manifest["created"],
        }
        try:
            scores = self.metrics.scores(record, self.folder, self.record)
            done["metrics"] = overall(scores)
        except DataError as error:  # what an earlier version stored without looking at it
            cause = f"stored predictions: {error}; --fresh makes them again"
            done |= {"status": "failed", "failure": FailureRecord(kind="diverged", cause=cause)}
        record = record.model_copy(update=done)
        self.folder.write_run(record, preimage)
        return record

    def _head(self, run: Run) -> RunRecord:
        """What is known of a run before it ends; it counts as failed until it is done."""
        split = next(t.split for t in self.benchmark.grid.tasks if t.split.name == run.fold)
        node = self.benchmark.grid.nodes.get(run.model)
        return RunRecord(
            id=run.id,
            method=run.method,
            backbone=run.backbone,
            fold=run.fold,
            seed=run.seed,
            floor=run.floor,
            status="failed",
            row=run.row,
            options=run.options,
            reduced=run.reduced,
            trials=run.trials,
            setting=self.record.setting,
            identity=run.identity,
            model=run.model,
            inputs=node.inputs if node else (),
            distributions=self._distributions,
            split=SplitRecord(
                name=split.name,
                fingerprint=split.fingerprint,
                train=len(split.train),
                val=len(split.val),
                test=len(split.test),
            ),
            recorded=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )

    @cached_property
    def _distributions(self) -> dict[str, str]:
        """Packages that plugins come from, with their versions."""
        found = {plugin.distribution for plugin in registry().plugins.values() if not plugin.cause}
        return {name: text for name in sorted(found) if (text := _version(name))}

    def _explanation(self, run: Run) -> ExplanationRecord | None:
        """What run.json says of an explanation; one that failed leaves the run as it is."""
        outcome = self._outcomes.get(run.explanation)
        if outcome is None:  # not yet told; of a finished benchmark it lies there already
            if not run.explanation or not self.benchmark.store.has(run.explanation):
                return None
            outcome = Outcome(run.explanation)
        record = ExplanationRecord(
            component=self.benchmark.config.explanation, identity=outcome.identity
        )
        if outcome.failure:
            failure = FailureRecord(kind=outcome.failure, cause=outcome.cause)
            return record.model_copy(update={"failure": failure})
        artifact = self._stored(outcome.identity)
        copy_files(artifact, self.folder.run_folder(run.id))
        files = tuple(artifact.manifest["files"])
        return record.model_copy(update={"files": files, "seconds": artifact.seconds})

    def _cost(self, run: Run) -> CostRecord | None:
        found = cost_of(run.model, self.benchmark.grid, self.benchmark.store)
        return None if found is None else CostRecord(**asdict(found))

    def _network(self, identity: str) -> Json:
        """What is known of a model's network: what its stage says, or the nearest one before it."""
        file = self._stored(identity).folder / "network.json"
        if file.exists():
            return dict(read_json(file))
        found = (self._network(inner) for inner in self.benchmark.grid.nodes[identity].inputs)
        return next(filter(None, found), {})

    def _stored(self, identity: str) -> Artifact:
        artifact = self.benchmark.store.get(identity)
        if artifact is None:
            raise DataError(f"{identity[:12]} is not stored any more: run again")
        return artifact


def benchmark_record(benchmark: Benchmark) -> BenchmarkRecord:
    """Everything the report needs besides the runs, so that it can be made without the data."""
    samples, dataset, config, grid = (
        benchmark.samples,
        benchmark.dataset,
        benchmark.config,
        benchmark.grid,
    )
    settings = config.model_dump(mode="json")
    networks = {n.task.backbone.label: n.task.numerics for n in grid.nodes.values()}
    return BenchmarkRecord(
        title=f"{config.dataset}: {', '.join(config.methods)}",
        dataset=config.dataset,
        fingerprint=samples.fingerprint,
        samples=len(samples),
        groups=len(set(samples.groups)),
        labels=tuple(samples.labels.names),
        counts=tuple(samples.counted.counts.tolist()),
        shots=benchmark.shots,
        protocol=samples.protocol,
        metrics=config.metrics or default_metrics(samples.protocol.headline),
        chosen=bool(config.metrics),
        networks={label: dict(n.identity) for label, n in networks.items()},
        notes=(*samples.notes, *grid.notes),
        remarks=tuple(dataset.remarks(settings, samples)),
        published=dataset.published(),
        runs=tuple(run.id for run in _in_order(benchmark)),
        stages=tuple(stage_name(n) for n in grid.nodes.values() if n.stage.shown),
        setting=_setting(benchmark),
        splits={task.split.name: task.split.fingerprint for task in grid.tasks},
        config=digest(dump_config(config)),
    )


def _setting(benchmark: Benchmark) -> dict[str, Any]:
    """What all rows of a table have in common; the splits are compared one by one."""
    task = benchmark.grid.tasks[0]
    parts = {part: task.identity(part) for part in ("data", "schedule", "views", "sources")}
    protocol = canonical(benchmark.samples.protocol)
    if not protocol["counted_in"]:
        del protocol["counted_in"]  # so that folders made before it was there go on
    return {
        **parts,
        "head": task.head,
        "protocol": protocol,
    }


def _in_order(benchmark: Benchmark) -> Iterator[Run]:
    """All runs, those that could not be planned too, as the grid is laid out."""
    rows: dict[str, list[Run]] = {}
    for run in (*benchmark.grid.runs, *benchmark.grid.unplanned):
        rows.setdefault(run.row, []).append(run)
    for task in benchmark.grid.tasks:
        for runs in rows.values():
            yield from (r for r in runs if (r.fold, r.seed) == (task.split.name, task.seed))


def stage_name(node: Node) -> str:
    """The name of a stage's folder in ``out/stages``."""
    return f"{slug(_stage_title(node))}-{node.identity[:8]}"


def _stage_title(node: Node) -> str:
    """A stage by what it depends on: one that all folds share names no fold."""
    fold = [node.task.split.name] if "split" in node.stage.depends else []
    return " · ".join([node.stage.title, *fold, f"seed {node.task.seed}"])


def _expanded(preimage: Any, benchmark: Benchmark) -> Any:
    """A pre-image with those of its input stages written out, so that `why` can compare them."""
    if isinstance(preimage, Mapping):
        if set(preimage) == {"stage"}:
            node = benchmark.grid.nodes[preimage["stage"]]
            return _expanded(node.stage.preimage(node.task), benchmark)
        return {key: _expanded(value, benchmark) for key, value in preimage.items()}
    if isinstance(preimage, list):
        return [_expanded(item, benchmark) for item in preimage]
    return preimage


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
