"""The kinds of arrays that pass between rooms. Shapes: N samples, C labels, B of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
"""Scores, features, prototypes: what is computed with in double precision."""

Rows = npt.NDArray[np.int64]
"""Indices of samples or of labels."""

Logits = npt.NDArray[np.float32]
"""What a network says, before the sigmoid."""

Image = npt.NDArray[np.uint8]
"""A picture H×W×3 (RGB), or a stack of masks H×W×L of 0 and 1."""


def of_tensor(tensor: Any) -> npt.NDArray[Any]:
    """A torch tensor of any device and type as an array. NumPy has no bfloat16 and no gradients,
    and float64 holds every narrower type exactly."""
    import torch

    tensor = tensor.detach().cpu()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    array: npt.NDArray[Any] = (tensor.double() if tensor.is_floating_point() else tensor).numpy()
    return array
