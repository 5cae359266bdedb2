"""What a loss may be given, looked at in one place. Shapes: B samples, C labels."""

from __future__ import annotations

from typing import Any

import torch

from ltmlbench.errors import DataError


def check_batch(
    logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None = None
) -> torch.Tensor | None:
    """Refuses what a loss would turn into a plausible but wrong number. For every loss to call.

    Values are read at once only where that waits for nobody, in a process's own memory. On an
    accelerator an answer would stop the queue at every step: there wrong values make the loss NaN,
    which the training loop reports, and never a finite number.

    Args:
        logits: B×C of a floating type.
        targets: B×C of any type, every element 0 or 1. An unknown label has no value here: leave
            the sample out, or use ``reduction="none"`` and mask the losses.
        weights: B sample weights, finite and not negative, or None.

    Returns:
        None, or on an accelerator a scalar to add to the loss: 0, or NaN for wrong values.

    Raises:
        DataError: shapes, types, devices or values are wrong (one line).
    """
    for name, given in (("logits", logits), ("targets", targets), ("weights", weights)):
        if given is not None and not isinstance(given, torch.Tensor):
            raise DataError(f"{name} have to be a torch.Tensor, not {type(given).__name__}")
    if logits.ndim != 2 or logits.shape != targets.shape:
        raise DataError(
            f"logits {tuple(logits.shape)} and targets {tuple(targets.shape)} have to be B×C alike"
        )
    if not logits.is_floating_point():
        raise DataError(
            f"logits of type {logits.dtype}: a network's raw outputs are floating-point numbers"
        )
    if weights is not None and weights.shape != logits.shape[:1]:
        raise DataError(f"weights {tuple(weights.shape)} have to be B = {logits.shape[0]}")
    devices = {given.device for given in (logits, targets, weights) if given is not None}
    if len(devices) > 1:
        raise DataError(
            f"logits, targets and weights lie on {' and '.join(sorted(map(str, devices)))}: "
            "move them to one device"
        )
    if logits.device.type == "cpu" and not torch.compiler.is_compiling():
        _check_values(targets, weights)
        return None
    sound = _binary(targets).all()
    if weights is not None:
        sound = sound & _usable(weights).all()
    return torch.where(sound, 0.0, torch.nan)


def _check_values(targets: torch.Tensor, weights: torch.Tensor | None) -> None:
    binary = _binary(targets)
    if not bool(binary.all()):
        raise DataError(
            f"targets hold only 0 and 1; {_first(targets, ~binary)} found: an unknown label is not "
            'a negative one, leave the sample out or mask the losses of reduction="none"'
        )
    if weights is not None and not bool((usable := _usable(weights)).all()):
        raise DataError(
            f"weights have to be finite and not negative; {_first(weights, ~usable)} found"
        )


def _binary(targets: torch.Tensor) -> torch.Tensor:
    return (targets == 0) | (targets == 1)


def _usable(weights: torch.Tensor) -> torch.Tensor:
    return (weights >= 0) & (weights < torch.inf)


def _first(values: torch.Tensor, at: torch.Tensor) -> str:
    """The first value there and its row."""
    where = at.nonzero()[0].tolist()
    value: Any = values[tuple(where)].item()
    return (
        f"{value:g} (row {where[0]})" if isinstance(value, float) else f"{value} (row {where[0]})"
    )
