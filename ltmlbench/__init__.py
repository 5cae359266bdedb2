"""An honest, resumable, plugin-based benchmark for long-tailed multi-label recognition."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ltmlbench.api import run as run
    from ltmlbench.config import BenchmarkConfig as BenchmarkConfig
    from ltmlbench.labels import LabelMatrix as LabelMatrix
    from ltmlbench.registry import components as components
    from ltmlbench.registry import load as load

_HOMES = {
    "BenchmarkConfig": "ltmlbench.config",
    "LabelMatrix": "ltmlbench.labels",
    "components": "ltmlbench.registry",
    "load": "ltmlbench.registry",
    "run": "ltmlbench.api",
}

__version__ = "0.1.0"
__all__ = ["BenchmarkConfig", "LabelMatrix", "components", "load", "run"]


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used, so that the command line starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
