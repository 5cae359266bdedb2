"""The GPUs of this machine, and which of them a worker process may use."""

from __future__ import annotations

import os
from collections.abc import Sequence

VISIBLE = "CUDA_VISIBLE_DEVICES"


def gpus() -> list[str]:
    """The GPUs this process may use, as ``CUDA_VISIBLE_DEVICES`` names them."""
    import torch

    number = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    return (named or [str(index) for index in range(number)])[:number]


def one_of(devices: Sequence[str], worker: int) -> dict[str, str]:
    """The environment of a worker: one GPU of its own, in turn; nothing where there are none.

    It is ``cuda`` there, whichever it is, so that a benchmark is the same on any of them.
    """
    return {VISIBLE: devices[worker % len(devices)]} if devices else {}
