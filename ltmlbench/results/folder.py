"""Reads what a benchmark left in its output folder, and writes into it."""

from __future__ import annotations

import contextlib
import csv
import json
import math
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ltmlbench.arrays import Floats
from ltmlbench.cells import from_cell
from ltmlbench.contracts import POINTING
from ltmlbench.errors import DataError
from ltmlbench.identity import digest
from ltmlbench.labels import LabelMatrix
from ltmlbench.results.records import (
    BenchmarkRecord,
    RunRecord,
    read_benchmark,
    read_json,
    read_run,
    safe_name,
)
from ltmlbench.store import Artifact, replacing, write_atomic, write_json

if TYPE_CHECKING:
    import pandas as pd


State = tuple[int, ...]
"""Which file lies at a path, and when it was written; empty if none does."""


@dataclass(frozen=True)
class Predictions:
    """Truth, scores (N×C in 0..1) and groups of the rows of one part of a run."""

    labels: LabelMatrix
    scores: Floats
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.groups)


@dataclass(frozen=True)
class OutFolder:
    """An output folder; ``root`` is the ``--out`` of a run."""

    root: Path
    _records: dict[str, tuple[State, RunRecord]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def runs_folder(self) -> Path:
        return self.root / "runs"

    def run_folder(self, name: str) -> Path:
        return self.runs_folder / safe_name(name)

    def stage_folder(self, name: str) -> Path:
        return self.root / "stages" / safe_name(name)

    def run_names(self) -> list[str]:
        """Names of the run folders there are, in order."""
        if not self.runs_folder.is_dir():
            return []
        found = (path.name for path in self.runs_folder.iterdir() if path.is_dir())
        return sorted(name for name in found if _is_safe(name))

    def begun(self, name: str, *, whole: bool) -> bool:
        """Whether a run left its run.json; or, if ``whole``, its predictions without one. A folder
        without either is being written, or was left by a stop."""
        files = ("run.json", "predictions.parquet") if whole else ("run.json",)
        return any((self.run_folder(name) / file).exists() for file in files)

    def lost_runs(self) -> bool:
        """Whether results.csv holds numbers of runs that lie here no more."""
        from ltmlbench.results.tables import read_results

        try:
            named = set(read_results(self.root / "results.csv")["run"])
        except DataError:
            return False
        return bool(named - set(self.run_names()))

    # reading

    def benchmark(self) -> BenchmarkRecord:
        """What benchmark.json says.

        Raises:
            DataError: the folder holds no benchmark, or none that can be read.
        """
        try:
            return read_benchmark(self.root / "benchmark.json")
        except DataError as error:
            raise DataError(
                f"{self.root} holds no benchmark ({error}): give the --out of a run"
            ) from None

    def run(self, name: str) -> RunRecord:
        """What the run.json of a run says. Asked again, it reads it only if it was written since.

        Raises:
            DataError: it cannot be read, or is that of another run (one line).
        """
        path = self.run_folder(name) / "run.json"
        state = _state(path)
        if name not in self._records or self._records[name][0] != state:
            record = read_run(path)
            if record.id != name:
                raise DataError(f"run.json is that of {record.id!r}")
            self._records[name] = state, record
        return self._records[name][1]

    def predictions(self, name: str, labels: Sequence[str], part: str) -> Predictions:
        """The predictions of a run for its ``"test"`` or ``"val"`` rows.

        Raises:
            DataError: predictions.parquet is missing, damaged or of other labels (one line).
        """
        return self.all_predictions(name, labels)[part]

    def all_predictions(self, name: str, labels: Sequence[str]) -> dict[str, Predictions]:
        """The predictions of a run for its ``"test"`` and its ``"val"`` rows.

        Raises:
            DataError: as `predictions`.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.run_folder(name) / "predictions.parquet"
        truth, scored = [f"y:{label}" for label in labels], [f"p:{label}" for label in labels]
        try:
            table = pq.ParquetFile(pa.BufferReader(path.read_bytes())).read(
                columns=["group", "part", *truth, *scored], use_threads=False
            )
            columns = dict(zip(table.column_names, table.columns, strict=True))
            parts = columns["part"].to_numpy()
            groups = np.array([str(group) for group in columns["group"].to_pylist()], dtype=object)
            values = np.column_stack([columns[key].to_numpy() for key in truth])
            scores = np.column_stack([columns[key].to_numpy() for key in scored])
            scores = scores.astype(np.float64, copy=False)
            return {
                part: Predictions(
                    LabelMatrix(values[chosen], labels), scores[chosen], tuple(groups[chosen])
                )
                for part in ("test", "val")
                for chosen in [parts == part]
            }
        except FileNotFoundError:
            raise DataError(f"{path.name} is missing") from None
        except Exception as error:  # a damaged file may break its reader anyhow
            text = " ".join(str(error).split()) or type(error).__name__
            raise DataError(f"{path.name} is damaged: {text[:200]}") from error

    def state(self, name: str) -> State:
        """Which predictions.parquet of a run there is: another one has another state."""
        return _state(self.run_folder(name) / "predictions.parquet")

    def history(self, run: RunRecord) -> list[dict[str, Any]]:
        """The training history of a run, a mapping per epoch; none if it left none."""
        path = self.run_folder(run.id) / "history.csv"
        if not run.done or not path.exists():
            return []
        try:
            with open(path, newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
        except (OSError, ValueError, csv.Error):  # it is a picture less, and no number
            return []
        entries = ({str(key): _number(text) for key, text in row.items()} for row in rows)
        return [
            {"run": run.id, **entry}
            for entry in entries
            if math.isfinite(entry.get("epoch", math.nan))
        ]

    def pointing(self, runs: Sequence[RunRecord]) -> pd.DataFrame:
        """The pointing.csv of all runs, one below the other, with the columns ``run``, ``method``,
        ``backbone``, ``fold``, ``seed`` before `POINTING`; empty if there are none."""
        import pandas as pd

        columns = ["run", "method", "backbone", "fold", "seed", *POINTING]
        frames = []
        for run in runs:
            if run.explanation and "pointing.csv" in run.explanation.files:
                path = self.run_folder(run.id) / "pointing.csv"
                keys = {key: getattr(run, key) for key in columns[1:5]}
                try:
                    frame = pd.read_csv(
                        path, dtype={"label": "str"}, keep_default_na=False, na_values=[""]
                    )
                    for measure in set(POINTING) - {"label", "cells"}:
                        frame[measure] = pd.to_numeric(frame[measure])
                    frame["label"] = frame["label"].map(from_cell, na_action="ignore")
                    frame = frame.assign(run=run.id, cells=frame["cells"].astype(str), **keys)
                    frames.append(frame[columns])
                except (OSError, ValueError, KeyError):  # as for a history
                    continue
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)

    def galleries(self, runs: Sequence[RunRecord]) -> dict[str, bytes]:
        """The gallery (PNG) of the first run of each row of the table, by the run's id."""
        found: dict[tuple[str, str], tuple[str, bytes]] = {}
        for run in runs:
            path = self.run_folder(run.id) / "gallery.png"
            row = (run.method, run.backbone)
            drawn = run.explanation is not None and "gallery.png" in run.explanation.files
            if drawn and row not in found and path.is_file():
                found[row] = (run.id, path.read_bytes())
        return dict(found.values())

    def made(self, names: Sequence[str]) -> dict[str, str]:
        """What stages before the runs left: a line per folder in ``stages/``."""
        found = {}
        for name in names:
            try:
                stage = read_json(self.stage_folder(name) / "stage.json")
                found[name] = f"{stage['title']}: {stage['summary']}"
            except (DataError, KeyError, TypeError):  # not made yet
                continue
        return found

    def uses(self) -> list[str] | None:
        """Identities of the artifacts that the commands of this folder laid out, done or not; None
        of a folder of an earlier version.

        Raises:
            DataError: they cannot be read (one line).
        """
        path = self.root / "uses.json"
        if not path.exists():
            return None
        found = read_json(path)
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise DataError(f"{path} holds no identities")
        return found

    def config(self) -> str:
        """The text of config.yaml; empty if there is none."""
        try:
            return (self.root / "config.yaml").read_text()
        except (OSError, UnicodeDecodeError):
            return ""

    # writing

    def write_benchmark(self, record: BenchmarkRecord) -> None:
        write_json(self.root / "benchmark.json", record.json_form())

    def note_uses(self, identities: Iterable[str]) -> None:
        """Adds to what `uses` gives."""
        try:
            before = self.uses() or []
        except DataError:  # what it said is lost, and what runs say of themselves is not
            before = []
        _update(self.root / "uses.json", sorted({*before, *identities}))

    def write_config(self, text: str, written: str) -> Path | None:
        """Writes config.yaml. What somebody has edited in it since is kept beside it: where.

        Args:
            written: digest of the text that was written last.
        """
        there, kept = self.config(), None
        if there not in ("", text) and digest(there) != written:
            kept = self.root / f"config.edited-{digest(there)[:8]}.yaml"
            write_atomic(kept, there)
        write_atomic(self.root / "config.yaml", text)
        return kept

    def write_run(self, record: RunRecord, preimage: Any = None, trace: str = "") -> None:
        """Writes run.json, and beside it what the run's identity is made from and the traceback
        of a failure; a traceback of an earlier try is removed."""
        folder = self.run_folder(record.id)
        if preimage is not None:
            _update(folder / "identity.json", preimage)
        if trace:
            write_atomic(folder / "traceback.txt", trace)
        else:
            (folder / "traceback.txt").unlink(missing_ok=True)
        _update(folder / "run.json", record.json_form())

    def write_stage(self, name: str, about: Mapping[str, Any]) -> None:
        write_json(self.stage_folder(name) / "stage.json", about)

    def write_together(self, files: Mapping[str, str]) -> None:
        """Replaces files of the folder, all of them or none.

        Raises:
            DataError: there is no room, or no permission; what was there is untouched.
        """
        temporary = {name: self.root / f".{name}.{os.getpid()}.tmp" for name in files}
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                with open(temporary[name], "wb") as file:
                    file.write(text.encode("utf-8", "surrogateescape"))
                    file.flush()
                    os.fsync(file.fileno())
            for name, path in temporary.items():
                os.replace(path, self.root / name)
        except OSError as error:
            for path in temporary.values():
                path.unlink(missing_ok=True)
            names = ", ".join(files)
            raise DataError(
                f"cannot write {names} into {self.root} ({error.strerror or error}): what was "
                "there is left as it was"
            ) from error


def copy_files(artifact: Artifact, folder: Path, only: Sequence[str] = ()) -> None:
    """Copies of an artifact's files: hard links where possible (both are read-only by custom)."""
    for name in [n for n in artifact.manifest["files"] if n in only or not only]:
        source, target = artifact.folder / name, folder / name
        if target.exists() and target.samefile(source):
            continue
        with replacing(target) as temporary:
            temporary.unlink(missing_ok=True)
            link_or_copy(source, temporary)


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """A hard link, or on another file system a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _update(path: Path, value: Any) -> None:
    """Writes JSON; a file that says the same already is left alone, for each write is synced."""
    with contextlib.suppress(DataError):
        if read_json(path) == json.loads(json.dumps(value)):
            return
    write_json(path, value)


def _state(path: Path) -> State:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _number(text: Any) -> float:
    """NaN for what is none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def _is_safe(name: str) -> bool:
    try:
        return bool(safe_name(name))
    except ValueError:
        return False
