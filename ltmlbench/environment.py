"""The machine, the versions and the threads that a stage was made with, and what is installed."""

from __future__ import annotations

import platform
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ltmlbench.errors import RequestError

PACKAGES = ("ltmlbench", "torch", "timm", "numpy")


def environment() -> dict[str, Any]:
    """Of this process: versions, processor, graphics card, and the threads torch computes with.

    Neither a host name nor a time: equal environments are to look equal.
    """
    torch = sys.modules.get("torch")  # a stage that did without it used none of its threads
    cuda = torch is not None and torch.cuda.is_available()
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "machine": platform.machine(),
        "processor": _processor(),
        "threads": torch.get_num_threads() if torch else 1,
        "gpu": torch.cuda.get_device_name() if torch and cuda else "",
    }


def need(module: str, extra: str, who: str) -> Any:
    """A module of a package that only an extra installs.

    Args:
        who: what needs it, for the error, e.g. ``"tracker 'mlflow'"``.

    Raises:
        RequestError: it is not installed; the line says how to get it.
    """
    try:
        return import_module(module)
    except ImportError:
        raise RequestError(
            f"{who} needs a package that is not installed: pip install 'ltmlbench[{extra}]'"
        ) from None


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


@cache
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} × {len(names)}" if names else platform.processor()
