"""What to say where a package is not installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ltmlbench.plugin import RequestError


def need(module: str, extra: str) -> Any:
    """The module.

    Raises:
        RequestError: it is not installed; the line says how to get it.
    """
    try:
        return import_module(module)
    except ImportError:
        raise RequestError(
            f"tracker {extra!r} needs a package that is not installed: "
            f"pip install 'ltmlbench[{extra}]'"
        ) from None
