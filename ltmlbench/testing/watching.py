"""What code must leave alone: the global random generators, and what it is handed."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ltmlbench.testing.checking import expect


@contextmanager
def generators_untouched(what: str) -> Iterator[None]:
    """Expects that no global random generator is drawn from or seeded inside."""
    before = _states()
    yield
    for name, state in _states().items():
        if name in before:
            expect(
                state == before[name], f"{what} to leave the global generator of {name} alone",
                "that it moved: draw from a generator made of the seed",
            )  # fmt: skip


def _states() -> dict[str, Any]:
    states: dict[str, Any] = {"random": random.getstate(), "numpy": _numpy_state()}
    if torch := sys.modules.get("torch"):
        states["torch"] = torch.get_rng_state().numpy().tobytes()
    return states


def _numpy_state() -> tuple[bytes, int]:
    state: Any = np.random.get_state()
    return state[1].tobytes(), state[2]


@contextmanager
def unchanged(**given: Any) -> Iterator[None]:
    """Expects that arrays and tensors hold the same values afterwards."""
    before = {name: _values(value) for name, value in given.items()}
    yield
    for name, value in given.items():
        expect(
            np.array_equal(before[name], _values(value)), f"{name} to stay as they were given",
            "other values in them afterwards",
        )  # fmt: skip


def _values(value: Any) -> Any:
    if hasattr(value, "detach"):
        return value.detach().double().numpy().copy()
    return np.array(value, copy=True)
