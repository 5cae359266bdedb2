"""The pictures of a task as a network is shown them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from ltmlbench.arrays import Rows
from ltmlbench.data.augment import Augment
from ltmlbench.data.feed import batches
from ltmlbench.seeding import derive_seed
from ltmlbench.task import Task
from ltmlbench.training.network import Trunk


def views(
    task: Task,
    trunk: Trunk,
    order: Rows,
    epoch: int | None,
    *,
    drop_last: bool = False,
    batch_size: int | None = None,
) -> Iterator[tuple[Rows, torch.Tensor]]:
    """Batches of (rows B, normalised pictures B×3×S×S on the device), in the given order.

    Args:
        order: rows of ``task.samples``.
        epoch: whose random views; every stage of a fold and seed that asks for the same row and
            epoch gets the same view. None: the pictures as they are, in batches twice as large.
        batch_size: that of the task's schedule if None.
    """
    assert task.pixels is not None, "a task that is executed has pixels"
    stream = batches(
        np.load(task.pixels, mmap_mode="r"),
        order,
        (batch_size or task.schedule.batch_size) * (1 if epoch is not None else 2),
        None if epoch is None else Augment(**task.augment),
        seed=derive_seed(task.seed, "augment"),
        epoch=epoch or 0,
        mean=trunk.mean,
        std=trunk.std,
        drop_last=drop_last,
    )
    for rows, images in stream:
        yield rows, torch.from_numpy(images).to(task.numerics.device, non_blocking=True)
