"""The samples of a task as a network is shown them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from ltmlbench.arrays import Rows
from ltmlbench.contracts import ByteBatch
from ltmlbench.feeds.batches import batches, feed_threads
from ltmlbench.feeds.ready import Ready
from ltmlbench.seeding import derive_seed
from ltmlbench.stages import Work
from ltmlbench.training.network import Trunk


def views(
    work: Work,
    trunk: Trunk,
    order: Rows,
    epoch: int | None,
    *,
    drop_last: bool = False,
    batch_size: int | None = None,
    source: int | None = None,
) -> Iterator[tuple[Rows, Any]]:
    """Batches of (rows B, what a network is shown of them, on the device), in the given order:
    a tensor whose first dimension is B, such as B×3×S×S or B×D, or several by name.

    Args:
        order: rows of ``task.samples``, or of a source.
        epoch: whose random views; every stage of a fold and seed that asks for the same row and
            epoch gets the same view. None: the samples as they are, in batches twice as large.
        batch_size: that of the task's schedule if None.
        source: rows of which of ``task.sources`` they are; None: of ``task.samples``.
    """
    task = work.task
    opened = trunk.shown or Ready(source=source).opened(work)
    stream = batches(
        opened,
        order,
        (batch_size or task.schedule.batch_size) * (1 if epoch is not None else 2),
        seed=derive_seed(task.seed, "augment"),
        epoch=epoch,
        norm=opened.norm(task.split.train if source is None else np.unique(order), trunk.norm),
        drop_last=drop_last,
        threads=feed_threads(task.numerics.device),
    )
    for rows, inputs in stream:
        yield rows, on_device(inputs, task.numerics.device)


def on_device(inputs: Any, device: str) -> Any:
    """An array, arrays by name, or a `ByteBatch`, as tensors on a device."""
    if isinstance(inputs, dict):
        return {name: on_device(part, device) for name, part in inputs.items()}
    if isinstance(inputs, ByteBatch):
        return shown(on_device(inputs.pictures, device), on_device(inputs.maps, device))
    return torch.from_numpy(inputs).to(device, non_blocking=True)


def shown(pictures: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """A `ByteBatch`, on its device, as a network is shown it: B×3×S×S float32, channels-last in
    memory. No product of matrices: that would be rounded under autocast or TF32."""
    values, parts = pictures.float(), maps[:, None, None].unbind(dim=4)
    views = parts[3].expand_as(values)
    for channel in range(3):
        views = torch.addcmul(views, values[..., channel, None], parts[channel])
    return views.permute(0, 3, 1, 2)
