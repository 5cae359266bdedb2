"""YAML and command line -> one resolved, frozen configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from ltmlbench.data.files import refuse_unless_regular
from ltmlbench.errors import DataError, RequestError, did_you_mean
from ltmlbench.places import plain_path
from ltmlbench.plain_yaml import parse_yaml
from ltmlbench.spec import split_outside_brackets
from ltmlbench.task import Schedule

Names = tuple[str, ...]
MOST_BYTES = 100_000
"""More than any configuration has; YAML of a megabyte takes half a minute to read."""
Seed = Annotated[int, Field(ge=0, lt=2**63)]


class BenchmarkConfig(Schedule):
    """Everything a benchmark is made from. ``None`` and "auto" are filled in by the data set and
    the machine; the resolved configuration is written to ``config.yaml``."""

    model_config = ConfigDict(validate_default=True)

    methods: Names = Field(
        ("ib", "cb", "focal", "db"), description="rows of the table", min_length=1
    )
    dataset: str = Field("", description="data set (default: the embedded, simulated one)")
    data_dir: Path | None = Field(None, description="where the data set is")
    backbones: Names = Field(("tf_efficientnet_lite0",), description="networks", min_length=1)
    sources: Names = Field(
        (), description="data to pre-train on: name=folder, e.g. idrid=/path; may be several"
    )
    floors: Names = Field(
        ("all-negative", "majority"),
        description="predictors that never see a sample, listed first; none leaves them out",
    )
    folds: int | Literal["official"] = Field(
        3, description="K stratified folds of whole groups, or the official test sets"
    )
    seeds: tuple[Seed, ...] = Field((0,), description="base seeds, one run each", min_length=1)
    validation: float = Field(
        0.1, ge=0, lt=1, description="share of the training rows held out for validation"
    )
    limit: int | None = Field(None, ge=1, description="use only about N samples (whole groups)")
    feed: str | None = Field(
        None, description="how samples become batches (default: as the data set says)"
    )
    image_size: int = Field(96, ge=16, le=4096, description="side of the square pictures, pixels")
    head: str = Field("linear", description="head of every network")
    metrics: Names = Field(
        (), description="columns of the table (default: those of the data set, and general ones)"
    )
    explanation: str = Field(
        "grad-cam",
        description="shows where each network looks, a gallery per run; none leaves it out",
    )
    augment: Mapping[str, bool | FiniteFloat] = Field({}, description="augmentation options")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1")
    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="arithmetic")
    engine: str = Field("local", description="what executes the stages")
    jobs: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"] = Field(
        "auto",
        description="stages executed at once; auto: one process per core on CPUs, at most 4, "
        "and one per GPU, if there is enough to train",
    )
    trackers: Names = Field((), description="experiment trackers, e.g. jsonl; may be several")
    trials: Mapping[str, Annotated[int, Field(ge=1, le=10**6)]] = Field(
        {},
        description="how many settings of a row were tried before this one was chosen, e.g. "
        "trials.focal=6 or in YAML trials: {'focal[gamma=1]': 6}; it is told beside the numbers",
    )
    out: Path = Field(Path("out"), description="where table, report and runs are written")
    cache_dir: Path | None = Field(
        None, description="where stages and decoded samples are stored, shared by all runs"
    )

    @field_validator(
        "methods", "backbones", "sources", "floors", "metrics", "trackers", mode="before"
    )
    @classmethod
    def _names(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [] if value == "none" else split_outside_brackets(value)
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise ValueError("names are needed, a,b[option=value] or a list of them")
        return tuple(dict.fromkeys(value))

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth(cls, value: Any) -> Any:
        """True would count as 1."""
        given = value if isinstance(value, list | tuple) else (value,)
        if any(isinstance(one, bool) for one in given):
            raise ValueError("true and false fit no setting but the options of augment")
        return value

    @field_validator("seeds", mode="before")
    @classmethod
    def _seeds(cls, value: Any) -> Any:
        if isinstance(value, int):
            value = (value,)
        return tuple(value.split(",")) if isinstance(value, str) else value

    @field_validator("seeds")
    @classmethod
    def _each_seed_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(value))

    @field_validator("trials")
    @classmethod
    def _of_rows(cls, value: Mapping[str, int], info: ValidationInfo) -> Mapping[str, int]:
        rows = info.data.get("methods", ())
        for name in value:
            if name not in rows:
                raise ValueError(f"{name!r} is none of the methods ({', '.join(rows)})")
        return value

    @field_validator("folds")
    @classmethod
    def _at_least_two(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value < 2:
            raise ValueError("at least 2 folds, or official")
        return value

    @field_validator("device")
    @classmethod
    def _known_device(cls, value: str) -> str:
        if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", value):
            close = ", did you mean cuda?" if "gpu" in value.lower() else ""
            raise ValueError(f"there is no such device{close} (auto, cpu, cuda or cuda:1)")
        return value

    @field_validator("data_dir", "out", "cache_dir", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return plain_path(value) if isinstance(value, str | Path) else value


def make_config(*layers: Mapping[str, Any]) -> BenchmarkConfig:
    """One configuration from several sources; later layers override earlier ones.

    Raises:
        RequestError: an unknown setting, or a value that does not fit.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            name, dot, inner = str(key).partition(".")
            if name not in BenchmarkConfig.model_fields:
                hint = did_you_mean(name, BenchmarkConfig.model_fields)
                raise RequestError(f"there is no setting {_shown(name)!r}{hint}")
            if not dot:
                merged[name] = value
                continue
            group = merged.get(name, BenchmarkConfig.model_fields[name].default)
            if not isinstance(group, Mapping):
                raise RequestError(f"setting {name} has no options ({_shown(key)}): {name}=VALUE")
            merged[name] = {**group, inner: value}
    try:
        return BenchmarkConfig(**merged)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where, message = first["loc"][0], first["msg"].removeprefix("Value error, ")
        given = _shown(merged.get(str(where)))
        raise RequestError(f"setting {where}={given}: {_shown(message, 300)}") from None


def _shown(value: Any, most: int = 60) -> str:
    """A value in part of a line."""
    text = " ".join(str(value).split())
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= most else text[: most - 1] + "…"


def read_config(path: Path) -> dict[str, Any]:
    """The settings of a YAML file.

    Raises:
        RequestError: the file cannot be read, or is not a mapping of settings.
    """
    try:
        refuse_unless_regular(path)
        with open(path, "rb") as file:
            given = file.read(MOST_BYTES + 1)
        if len(given) > MOST_BYTES:
            raise DataError(f"it holds more than {MOST_BYTES:,} bytes, more than any configuration")
        content = parse_yaml(given.decode())
    except (DataError, OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot read configuration {path}: {error}") from error
    except RequestError as error:
        raise RequestError(f"{path} cannot be read as YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise RequestError(f"{path} holds no settings: write lines such as `epochs: 8`")
    return {str(key): value for key, value in content.items()}


def dump_config(config: BenchmarkConfig) -> str:
    """The YAML that gives the same configuration again."""
    values = config.model_dump(mode="json")
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
