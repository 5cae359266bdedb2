"""What a benchmark leaves in its output folder: one folder per run, and the report over all.

out/config.yaml       resolved; `ltmlbench run --config` with it gives the same table
out/benchmark.json    data set, labels, protocol, published numbers, which runs belong together
out/runs/<id>/        run.json, identity.json, predictions.parquet, history.csv, model...,
                      gallery.png and pointing.csv of the explanation
out/stages/<name>/    what stages before the runs left to look at: pre-training, label subsets
out/results.csv       tidy: one row per run, unit, metric and label
out/summary.csv       mean, std (ddof = 1), n and 95 % interval over the runs of each row
out/table.md, report.html
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ltmlbench.benchmark import Benchmark
from ltmlbench.config import dump_config
from ltmlbench.grid import Node, Outcome, Run, slug
from ltmlbench.registry import load, registry
from ltmlbench.report.folder import Report, write_report
from ltmlbench.store import Artifact, write_atomic, write_json

GENERAL_METRICS = ("map", "macro_auc", "micro_f1", "macro_f1")


class Recorder:
    """Writes each run's folder as soon as its predictions are stored, and the report at the end."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark
        self.out = benchmark.config.out
        self._runs: dict[str, list[Run]] = {}
        self._outcomes: dict[str, Outcome] = {}
        for run in benchmark.grid.runs:
            for identity in {run.identity, run.explanation} - {""}:
                self._runs.setdefault(identity, []).append(run)
        write_atomic(self.out / "config.yaml", dump_config(benchmark.config))
        write_json(self.out / "benchmark.json", describe(benchmark))

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
                write_json(self.out / "runs" / run.id / "run.json", record)
                if outcome is predicted:
                    registry().announce("run_finished", run=record)

    def _show(self, node: Node) -> None:
        """Copies what a stage leaves to look at, with a line on what came out."""
        artifact = self.benchmark.store.get(node.identity)
        assert artifact is not None, "an outcome without failure is stored"
        folder = self.out / "stages" / shown_name(node)
        _copy(artifact, folder, node.stage.shown)
        about = {
            "title": _shown_title(node),
            "summary": node.stage.summary(artifact.folder),
            "identity": node.identity,
            "seconds": artifact.seconds,
        }
        write_json(folder / "stage.json", about)

    def write_report(self) -> Report:
        """Table, results and page of the runs recorded so far."""
        return write_report(self.out)

    def _record(self, run: Run, outcome: Outcome) -> dict[str, Any]:
        folder = self.out / "runs" / run.id
        store, node = self.benchmark.store, self.benchmark.grid.nodes[run.identity]
        model = self.benchmark.grid.nodes[run.model]
        record: dict[str, Any] = {
            "id": run.id,
            "method": run.method,
            "backbone": run.backbone,
            "fold": run.fold,
            "seed": run.seed,
            "floor": run.floor,
            "status": "failed" if outcome.failure else "done",
            "identity": run.identity,
            "split": {
                "name": node.task.split.name,
                "fingerprint": node.task.split.fingerprint,
                "train": len(node.task.split.train),
                "val": len(node.task.split.val),
                "test": len(node.task.split.test),
            },
            "environment": environment(),
            "recorded": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        write_json(folder / "identity.json", expanded(model.stage.preimage(model.task), self))
        if outcome.failure:
            record["failure"] = {"kind": outcome.failure, "cause": outcome.cause}
            if outcome.trace:
                write_atomic(folder / "traceback.txt", outcome.trace)
            return record
        for identity in (run.model, run.identity):
            artifact = store.get(identity)
            assert artifact is not None, "an outcome without failure is stored"
            record[f"seconds_{'fit' if identity == run.model else 'predict'}"] = artifact.seconds
            _copy(artifact, folder)
        if explained := self._outcomes.get(run.explanation):
            record["explanation"] = self._explanation(explained, folder)
        network = folder / "network.json"
        if network.exists():
            record["network"] = json.loads(network.read_text())
        return record

    def _explanation(self, outcome: Outcome, folder: Path) -> dict[str, Any]:
        """What ``run.json`` says of an explanation; one that failed leaves the run as it is."""
        named = {"component": self.benchmark.config.explanation, "identity": outcome.identity}
        if outcome.failure:
            return named | {"failure": {"kind": outcome.failure, "cause": outcome.cause}}
        artifact = self.benchmark.store.get(outcome.identity)
        assert artifact is not None, "an outcome without failure is stored"
        _copy(artifact, folder)
        return named | {"files": list(artifact.manifest["files"]), "seconds": artifact.seconds}


def expanded(preimage: Any, recorder: Recorder) -> Any:
    """A pre-image with those of its input stages written out, so that `why` can compare them."""
    if isinstance(preimage, Mapping):
        if set(preimage) == {"stage"}:
            node = recorder.benchmark.grid.nodes[preimage["stage"]]
            return expanded(node.stage.preimage(node.task), recorder)
        return {key: expanded(value, recorder) for key, value in preimage.items()}
    if isinstance(preimage, list):
        return [expanded(item, recorder) for item in preimage]
    return preimage


def _shown_title(node: Node) -> str:
    """A stage by what it depends on: one that all folds share names no fold."""
    fold = [node.task.split.name] if "split" in node.stage.depends else []
    return " · ".join([node.stage.title, *fold, f"seed {node.task.seed}"])


def shown_name(node: Node) -> str:
    """The name of a stage's folder in ``out/stages``."""
    return f"{slug(_shown_title(node))}-{node.identity[:8]}"


def _copy(artifact: Artifact, folder: Path, only: Sequence[str] = ()) -> None:
    """Copies of an artifact's files: hard links where possible (both are read-only by custom)."""
    for name in [n for n in artifact.manifest["files"] if n in only or not only]:
        source, target = artifact.folder / name, folder / name
        target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:  # another file system
            shutil.copyfile(source, target)


def environment() -> dict[str, Any]:
    """The machine and the versions a run was made with."""
    import torch

    return {
        "ltmlbench": version("ltmlbench"),
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "timm": version("timm"),
        "machine": platform.machine(),
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} × {len(names)}" if names else platform.processor()


def describe(benchmark: Benchmark) -> dict[str, Any]:
    """Everything the report needs besides the runs, so that it can be made without the data."""
    samples, dataset, config = benchmark.samples, benchmark.dataset, benchmark.config
    metrics = list(dict.fromkeys([*samples.protocol.headline, *GENERAL_METRICS]))
    for name in metrics:
        load("metric", name)  # an unknown one is refused now, not after the training
    settings = config.model_dump(mode="json")
    networks = {n.task.backbone.label: n.task.numerics for n in benchmark.grid.nodes.values()}
    return {
        "title": f"{config.dataset}: {', '.join(config.methods)}",
        "dataset": config.dataset,
        "fingerprint": samples.fingerprint,
        "samples": len(samples),
        "groups": len(set(samples.groups)),
        "labels": list(samples.labels.names),
        "counts": samples.labels.counts.tolist(),
        "shots": list(benchmark.shots),
        "protocol": samples.protocol.model_dump(mode="json"),
        "metrics": metrics,
        "networks": {label: dict(n.identity) for label, n in networks.items()},
        "notes": list(samples.notes),
        "remarks": dataset.remarks(settings, samples),
        "published": [row.model_dump(mode="json") for row in dataset.published()],
        "runs": [run.id for run in benchmark.grid.runs],
        "stages": [shown_name(n) for n in benchmark.grid.nodes.values() if n.stage.shown],
    }
