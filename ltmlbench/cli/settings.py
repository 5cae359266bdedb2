"""Flags that make a configuration: those of `run` and `plan`."""

from __future__ import annotations

import argparse
from typing import Any

from ltmlbench.config import BenchmarkConfig, read_config
from ltmlbench.errors import RequestError
from ltmlbench.places import path_argument
from ltmlbench.plain_yaml import parse_yaml

_FLAGS = (
    "methods",
    "dataset",
    "data_dir",
    "backbones",
    "folds",
    "seeds",
    "epochs",
    "image_size",
    "batch_size",
    "limit",
    "metrics",
    "device",
    "engine",
    "jobs",
    "cache_dir",
    "out",
)
_SUGGESTED = ("folds", "epochs", "image_size", "batch_size")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """One flag per setting that is often given; the others go through ``--set``."""
    for name in _FLAGS:
        field = BenchmarkConfig.model_fields[name]
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            metavar={"data_dir": "DIR", "cache_dir": "DIR", "out": "DIR"}.get(name, name.upper()),
            help=f"{field.description}{_default(name, field.default)}",
        )
    parser.add_argument(
        "--source",
        metavar="NAME=DIR",
        action="append",
        help="data to pre-train on, e.g. idrid=/path/to/IDRiD; may be repeated",
    )
    parser.add_argument(
        "--tracker",
        metavar="NAME",
        action="append",
        help="experiment tracker, e.g. jsonl or mlflow[experiment=x]; may be repeated",
    )
    parser.add_argument(
        "--config", metavar="FILE", type=path_argument, help="settings in YAML; flags override them"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="any setting, e.g. lr=0.0005 or augment.rotate=30; may be repeated. Also: "
        + ", ".join(
            n for n in BenchmarkConfig.model_fields if n not in (*_FLAGS, "sources", "trackers")
        ),
    )


def _default(name: str, value: Any) -> str:
    if value in (None, "", ()):
        return ""
    shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
    other = ", or as the data set suggests" if name in _SUGGESTED else ""
    return f" (default: {shown}{other})"


def settings_of(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """The layers of settings a command line gives, weakest first."""
    layers = [read_config(arguments.config)] if arguments.config else []
    layers.append({n: v for n in _FLAGS if (v := getattr(arguments, n)) is not None})
    repeated = {f"{name}s": getattr(arguments, name) for name in ("source", "tracker")}
    layers.append({name: given for name, given in repeated.items() if given})
    for text in arguments.set:
        key, equals, value = text.partition("=")
        if not equals:
            raise RequestError(f"cannot read --set {text!r}: write KEY=VALUE")
        layers.append({key.strip(): _value(text, value)})
    return layers


def _value(text: str, value: str) -> Any:
    try:
        return parse_yaml(value)
    except RequestError as error:
        raise RequestError(f"cannot read the value of --set {text[:200]!r}: {error}") from None
