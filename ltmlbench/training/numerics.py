"""Which device and arithmetic a backbone trains with."""

from __future__ import annotations

import torch

from ltmlbench.contracts import Backbone
from ltmlbench.errors import RequestError
from ltmlbench.task import Numerics


def choose_numerics(
    backbone: Backbone, device: str, precision: str, *, here: bool = True
) -> Numerics:
    """The rule behind ``--device auto`` and ``precision=auto``; the choice is part of the identity.

    CUDA: bfloat16 autocast. CPU with native bfloat16 (AVX512-BF16 or AMX): bfloat16 for backbones
    that gain from it, else float32. Vectors: float32, as their features are not rounded.
    Channels-last always: it was faster in every case measured. A rule and not a timing, so that two
    runs on one machine never choose differently.

    Args:
        here: whether this machine computes; other machines have devices of their own.

    Raises:
        RequestError: the device is not there.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if here:
        _refuse_missing(device)
    if precision == "auto":
        native = device.startswith("cuda") or _cpu_has_bfloat16()
        native = native and backbone.takes != "vector"
        quicker = device.startswith("cuda") or backbone.gains_from_bfloat16
        precision = "bfloat16" if native and quicker else "float32"
    return Numerics(device=device, dtype=precision, channels_last=True)


def _refuse_missing(device: str) -> None:
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise RequestError(f"device {device!r} was asked for, but torch finds no GPU: --device cpu")
    if device.startswith("cuda:") and int(device[5:]) >= torch.cuda.device_count():
        number = torch.cuda.device_count()
        raise RequestError(f"device {device!r} was asked for, but the GPUs are 0 to {number - 1}")


def _cpu_has_bfloat16() -> bool:
    onednn: bool = torch._C._has_mkldnn
    return onednn and bool(torch.cpu._is_avx512_bf16_supported())
