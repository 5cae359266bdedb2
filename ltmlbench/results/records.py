"""The forms of run.json and benchmark.json: typed, versioned, older versions upgraded.

A record of a foreign folder is checked here once, so that what reads it can rely on it: names are
file names, numbers are numbers. What a name *says* may still be anything and is escaped where it
is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ltmlbench.contracts import PublishedRow
from ltmlbench.data.samples import Protocol
from ltmlbench.errors import DataError
from ltmlbench.labels import Shot

SCHEMA = 2
"""Raised when the form of a record changes. Version 1 (ltmlbench 0.1.0) had no number."""

Json = dict[str, Any]


def safe_name(name: str) -> str:
    """The name, if it is one of a folder beside the others and nothing else.

    Raises:
        ValueError: it could lead out of the folder.
    """
    whole = 0 < len(name.encode("utf-8", "replace")) <= 255 and name.isprintable()
    if not whole or name in (".", "..") or set(name) & {"/", "\\"}:
        raise ValueError(f"{name[:60]!r} is no name of a run or stage folder")
    return name


class _Form(BaseModel):
    """Unknown keys are those of a newer version: they are left alone."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, protected_namespaces=()
    )


class SplitRecord(_Form):
    """Sizes of the parts of a split, and its fingerprint."""

    name: str
    fingerprint: str
    train: int
    val: int
    test: int


class FailureRecord(_Form):
    """``kind``: error, out-of-memory, diverged or unplanned; ``cause`` is one line."""

    kind: str = "error"
    cause: str = ""


class ExplanationRecord(_Form):
    """Where a run looks: which files there are, or why there are none."""

    component: str = ""
    identity: str = ""
    files: tuple[str, ...] = ()
    seconds: float | None = None
    failure: FailureRecord | None = None


class CostRecord(_Form):
    """What all stages of a model cost, shared ones too (`ltmlbench.results.cost`); None where an
    earlier version noted nothing."""

    seconds: float
    trained: int
    scored: int
    parameters: int | None = None
    memory: int | None = None
    device_memory: int | None = None


class RunRecord(_Form):
    """The content of a run.json.

    Args:
        row: identity of method and backbone with all their options, and of the arithmetic: runs of
            one row differ in fold and seed alone. Empty before version 2.
        options: what tells rows of one name apart: ``{"method": {...}, "backbone": {...}}``.
        reduced: what the method lacks of the one it is named after; empty if nothing.
        trials: settings of the row that were tried before this one was chosen; 0: none were told.
        setting: what the run has in common with all others of its table (`BenchmarkRecord`).
        identity, model, inputs: of its predictions, of the model, and of the stages that it is
            made from.
        distributions: component -> the package it comes from and its version.
        environment: where the model was trained; empty if unknown.
        seconds: per stage: "fit", "predict".
        cost: of all stages the model is made from; None if unknown.
        spent: seconds by phase (`ltmlbench.results.spent`).
        metrics: unit -> metric -> value over all labels, as they were when the run ended; None
            where it is undefined.
        recorded: UTC; of a run that is done, when its predictions were made.
    """

    schema_version: int = Field(SCHEMA, alias="schema")
    id: str
    method: str
    backbone: str
    fold: str
    seed: int = Field(ge=-(2**63), lt=2**63)
    floor: bool
    status: Literal["done", "failed"]
    row: str = ""
    options: Mapping[str, Mapping[str, Any]] = {}
    reduced: str = ""
    trials: int = Field(0, ge=0, lt=2**63)
    setting: Mapping[str, Any] = {}
    identity: str = ""
    model: str = ""
    inputs: tuple[str, ...] = ()
    distributions: Mapping[str, str] = {}
    split: SplitRecord | None = None
    environment: Mapping[str, Any] = {}
    seconds: Mapping[str, float] = {}
    cost: CostRecord | None = None
    spent: Mapping[str, float] = {}
    metrics: Mapping[str, Mapping[str, float | None]] = {}
    network: Mapping[str, Any] = {}
    failure: FailureRecord | None = None
    explanation: ExplanationRecord | None = None
    recorded: str = ""

    _id = field_validator("id")(safe_name)

    @property
    def done(self) -> bool:
        return self.status == "done"

    def json_form(self) -> Json:
        """What run.json holds."""
        return _json_form(self)


class BenchmarkRecord(_Form):
    """The content of a benchmark.json: what a report needs besides the runs.

    Args:
        setting: what all runs of one table have in common: data, protocol, schedule.
        splits: name -> fingerprint of the splits of the table; empty before version 2, as
            ``setting`` is.
        metrics: as the table calls them; ``chosen``: by the user, so that they are the headline.
        runs: names of the runs that were asked for, done or not.
        config: digest of the config.yaml beside it, as it was written.
    """

    schema_version: int = Field(SCHEMA, alias="schema")
    title: str
    dataset: str
    fingerprint: str
    samples: int
    groups: int
    labels: tuple[str, ...] = Field(min_length=1)
    counts: tuple[int, ...]
    shots: tuple[Shot, ...]
    protocol: Protocol
    metrics: tuple[str, ...]
    chosen: bool = False
    networks: Mapping[str, Any] = {}
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    published: tuple[PublishedRow, ...] = ()
    runs: tuple[str, ...]
    stages: tuple[str, ...] = ()
    setting: Mapping[str, Any] = {}
    splits: Mapping[str, str] = {}
    config: str = ""

    @field_validator("runs", "stages")
    @classmethod
    def _names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(safe_name(name) for name in names)

    @model_validator(mode="after")
    def _as_long(self) -> Self:
        if len({len(self.labels), len(self.counts), len(self.shots)}) != 1:
            raise ValueError("labels, counts and shots differ in number")
        return self

    def json_form(self) -> Json:
        """What benchmark.json holds."""
        return _json_form(self)


def read_run(path: Path) -> RunRecord:
    """A run.json of any version.

    Raises:
        DataError: it cannot be read, or is not one (one line).
    """
    return _read(path, RunRecord, _run_of_version_1)


def read_benchmark(path: Path) -> BenchmarkRecord:
    """A benchmark.json of any version.

    Raises:
        DataError: it cannot be read, or is not one (one line).
    """
    return _read(path, BenchmarkRecord, lambda content: content)


def is_benchmark(path: Path) -> bool:
    """Whether a file is a benchmark.json of ours, of whatever version, whole or not."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and {"dataset", "labels", "protocol", "runs"} <= set(content)


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        DataError: it cannot be read, or is no JSON (one line).
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path.name} is missing") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path.name}: {' '.join(str(error).split())}") from error


_R = TypeVar("_R", RunRecord, BenchmarkRecord)


def _read(path: Path, form: type[_R], upgrade: Callable[[Json], Json]) -> _R:
    content = read_json(path)
    if not isinstance(content, dict):
        raise DataError(f"{path.name} holds no record")
    version = content.get("schema", 1)
    if not isinstance(version, int):
        raise DataError(f"{path.name}: schema {version!r} is no number")
    if version > SCHEMA:
        raise DataError(
            f"{path.name} is of a newer ltmlbench (schema {version}, this one reads {SCHEMA}): "
            "upgrade ltmlbench"
        )
    try:
        return form.model_validate(upgrade(content) if version == 1 else content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise DataError(f"{path.name}: {f'{where}: ' if where else ''}{message}") from None


def _run_of_version_1(content: Json) -> Json:
    """Seconds stood each for itself; the environment was that of whoever wrote the record."""
    seconds = {
        stage: content[f"seconds_{stage}"]
        for stage in ("fit", "predict")
        if f"seconds_{stage}" in content
    }
    return {**content, "seconds": seconds}


def _json_form(record: BaseModel) -> Json:
    """Without what is not known; what every record has stays, also where it is empty."""
    content = record.model_dump(mode="json", by_alias=True)
    needed = {field.alias or name for name, field in type(record).model_fields.items()
              if field.is_required()}  # fmt: skip
    return {
        key: value
        for key, value in content.items()
        if key in needed or value not in (None, {}, [], "")
    }
