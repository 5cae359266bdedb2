"""YAML and command line -> one resolved, frozen configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ltmlbench.errors import RequestError, did_you_mean
from ltmlbench.spec import split_outside_brackets

Names = tuple[str, ...]


class BenchmarkConfig(BaseModel):
    """Everything a benchmark is made from. ``None`` and "auto" are filled in by the data set and
    the machine; the resolved configuration is written to ``config.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    methods: Names = Field(
        ("ib", "cb", "focal", "db"), description="rows of the table", min_length=1
    )
    dataset: str = Field("fundus-sim", description="data set; the default one is simulated")
    data_dir: Path | None = Field(None, description="where the data set is")
    backbones: Names = Field(("tf_efficientnet_lite0",), description="networks", min_length=1)
    sources: Names = Field(
        (), description="data to pre-train on: name=folder, e.g. idrid=/path; may be several"
    )
    floors: Names = Field(
        ("all-negative", "majority"),
        description="predictors that never see an image, as first rows; none: leave them out",
    )
    folds: int | Literal["official"] = Field(
        3, description="K patient-wise stratified folds, or the official test sets"
    )
    seeds: tuple[int, ...] = Field((0,), description="base seeds, one run each", min_length=1)
    validation: float = Field(
        0.1, ge=0, lt=1, description="share of the training rows held out to watch"
    )
    limit: int | None = Field(None, ge=1, description="use only about N samples (whole groups)")
    feed: str | None = Field(
        None, description="how samples become batches; without, as the data set says"
    )
    image_size: int = Field(96, ge=16, description="side of the square pictures, pixels")
    epochs: int = Field(8, ge=1, description="passes over the training rows")
    batch_size: int = Field(32, ge=1, description="samples per step")
    lr: float = Field(1e-3, gt=0, description="peak learning rate (AdamW, warm-up, cosine)")
    weight_decay: float = Field(0.01, ge=0, description="AdamW weight decay")
    warmup: float = Field(0.1, ge=0, lt=1, description="share of the steps that warm up")
    clip: float = Field(1.0, gt=0, description="gradient norm is clipped to this")
    head: str = Field("linear", description="head of every network")
    explanation: str = Field(
        "grad-cam", description="where each network looks: a gallery per run; none: leave it out"
    )
    augment: Mapping[str, bool | float] = Field({}, description="augmentation options")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1")
    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="arithmetic")
    engine: str = Field("local", description="who executes the stages")
    jobs: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        "auto",
        description="stages executed at once; auto: on CPUs a process per core, at most 4, where "
        "there is enough to train; on a GPU one",
    )
    out: Path = Field(Path("out"), description="where table, report and runs are written")
    cache_dir: Path | None = Field(None, description="shared artifacts and decoded pixels")

    @field_validator("methods", "backbones", "sources", "floors", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [] if value == "none" else split_outside_brackets(value)
        return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value

    @field_validator("seeds", mode="before")
    @classmethod
    def _seeds(cls, value: Any) -> Any:
        if isinstance(value, int):
            value = (value,)
        return tuple(value.split(",")) if isinstance(value, str) else value

    @field_validator("folds")
    @classmethod
    def _at_least_two(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value < 2:
            raise ValueError("at least 2 folds, or official")
        return value


def make_config(*layers: Mapping[str, Any]) -> BenchmarkConfig:
    """One configuration from several sources; later layers go before earlier ones.

    Raises:
        RequestError: an unknown setting, or a value that does not fit.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            name, _, inner = key.partition(".")
            if name not in BenchmarkConfig.model_fields:
                hint = did_you_mean(name, BenchmarkConfig.model_fields)
                raise RequestError(f"there is no setting {name!r}{hint}")
            merged[name] = {**merged.get(name, {}), inner: value} if inner else value
    try:
        return BenchmarkConfig(**merged)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where, message = first["loc"][0], first["msg"].removeprefix("Value error, ")
        raise RequestError(f"setting {where}={merged.get(str(where))}: {message}") from None


def read_config(path: Path) -> dict[str, Any]:
    """The settings of a YAML file.

    Raises:
        RequestError: the file cannot be read, or is not a mapping of settings.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot read configuration {path}: {error}") from error
    except yaml.YAMLError as error:
        raise RequestError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise RequestError(f"{path} holds no settings: write lines such as `epochs: 8`")
    return {str(key): value for key, value in content.items()}


def dump_config(config: BenchmarkConfig) -> str:
    """The YAML that gives the same configuration again."""
    values = config.model_dump(mode="json")
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
