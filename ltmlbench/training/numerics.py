"""Which device and arithmetic a backbone trains with. Torch is asked only where its answer is not
known already: to import it takes two seconds, which what is finished does without."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

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
        device = "cuda" if _has_gpu() else "cpu"
    if here:
        _refuse_missing(device)
    if precision == "auto":
        gains = backbone.takes != "vector" and (
            device.startswith("cuda") or (backbone.gains_from_bfloat16 and _cpu_has_bfloat16())
        )
        precision = "bfloat16" if gains else "float32"
    return Numerics(device=device, dtype=precision, channels_last=True)


def _refuse_missing(device: str) -> None:
    if device.startswith("cuda") and not _has_gpu():
        raise RequestError(f"device {device!r} was asked for, but torch finds no GPU: --device cpu")
    if device.startswith("cuda:"):
        import torch

        number = torch.cuda.device_count()
        if int(device[5:]) >= number:
            raise RequestError(
                f"device {device!r} was asked for, but the GPUs are 0 to {number - 1}"
            )


def _has_gpu() -> bool:
    """Whether torch finds a GPU. It cannot without a driver."""
    if "torch" not in sys.modules and not _has_driver():
        return False
    import torch

    return torch.cuda.is_available()


def _has_driver() -> bool:
    """False only on a Linux machine without the library that every CUDA program loads, and without
    the device of AMD's driver."""
    if sys.platform != "linux" or Path("/dev/kfd").exists():
        return True
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _cpu_has_bfloat16() -> bool:
    import torch

    onednn: bool = torch._C._has_mkldnn
    return onednn and bool(torch.cpu._is_avx512_bf16_supported())
