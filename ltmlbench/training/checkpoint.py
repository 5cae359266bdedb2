"""Saves and restores a training run between epochs, without pickle.

Random streams need no saving: every epoch seeds them anew from (seed, epoch).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

HistoryRow = dict[str, float]


def save_checkpoint(
    path: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer, history: Sequence[Any]
) -> None:
    """Writes weights, optimizer moments and the history so far; whole or not at all."""
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
    temporary = path.with_suffix(".tmp")
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    save_file(whole, temporary, metadata={"history": json.dumps(history)})
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)


def load_checkpoint(
    path: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> list[HistoryRow]:
    """Restores what `save_checkpoint` wrote; returns the history (empty without a checkpoint)."""
    if not path.exists():
        return []
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            history: list[HistoryRow] = json.loads(file.metadata()["history"])
    except SafetensorError:  # damaged on disk: start over rather than fail for ever
        path.unlink()
        return []
    start = len("network.")
    network.load_state_dict({k[start:]: v for k, v in tensors.items() if k.startswith("network.")})
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            moments.setdefault(int(index), {})[key] = _laid_out_as(parameters[int(index)], value)
    state = optimizer.state_dict()
    optimizer.load_state_dict({"state": moments, "param_groups": state["param_groups"]})
    return history


def _laid_out_as(parameter: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The moment with the memory layout of its parameter: the fused optimizer walks both alike."""
    if value.shape != parameter.shape:
        return value  # the step counter
    return torch.empty_like(parameter, device="cpu", requires_grad=False).copy_(value)
