"""Saves and restores a training run between epochs, without pickle.

Random streams need no saving: every epoch seeds them anew from (seed, epoch).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ltmlbench.store import remove

HistoryRow = dict[str, float]
Tensors = Mapping[str, torch.Tensor]

_NETWORK, _OPTIMIZER = "network.", "optimizer."


def save_checkpoint(
    path: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer, history: Sequence[Any]
) -> None:
    """Writes weights, optimizer moments and the history so far; whole or not at all."""
    tensors = {f"{_NETWORK}{name}": value for name, value in network.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"{_OPTIMIZER}{index}.{name}": value for name, value in moments.items()}
    temporary = path.with_suffix(".tmp")
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    said = json.dumps(history)
    save_file(whole, temporary, metadata={"history": said, "sha256": _digest(whole, said)})
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)


def load_checkpoint(
    path: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> list[HistoryRow]:
    """Restores what `save_checkpoint` wrote; returns the history (empty without a checkpoint).

    One that is damaged, be it by a single bit, or of another network, is removed with a word on
    stderr, and nothing is restored: the training starts over.
    """
    if not os.path.lexists(path):
        return []
    try:
        tensors, history = _read(path)
        _refuse_another_network(tensors, network)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        cause = " ".join(str(error).split())
        print(
            f"ltmlbench: checkpoint of {path.parent.parent.name[:12]} is damaged ({cause}): "
            "the training starts over",
            file=sys.stderr,
        )
        remove(path)
        return []
    network.load_state_dict(_part(tensors, _NETWORK))
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in _part(tensors, _OPTIMIZER).items():
        index, key = name.split(".")
        moments.setdefault(int(index), {})[key] = _laid_out_as(parameters[int(index)], value)
    state = optimizer.state_dict()
    optimizer.load_state_dict({"state": moments, "param_groups": state["param_groups"]})
    return history


def _read(path: Path) -> tuple[Tensors, list[HistoryRow]]:
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        said = file.metadata() or {}
    if said["sha256"] != _digest(tensors, said["history"]):
        raise ValueError("its content is not what was written")
    return tensors, json.loads(said["history"])


def _digest(tensors: Tensors, history: str) -> str:
    """sha256 of names, types, shapes and bytes of all tensors, and of the history."""
    digest = hashlib.sha256(history.encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _refuse_another_network(tensors: Tensors, network: torch.nn.Module) -> None:
    """Looks before anything is loaded: torch copies what fits before it complains of the rest."""
    here = {name: value.shape for name, value in network.state_dict().items()}
    if here != {name: value.shape for name, value in _part(tensors, _NETWORK).items()}:
        raise ValueError("it is of another network")


def _part(tensors: Tensors, prefix: str) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _laid_out_as(parameter: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The moment with the memory layout of its parameter: the fused optimizer walks both alike."""
    if value.shape != parameter.shape:
        return value  # the step counter
    return torch.empty_like(parameter, device="cpu", requires_grad=False).copy_(value)
