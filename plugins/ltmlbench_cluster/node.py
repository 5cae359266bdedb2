"""What happens on the other machine, whichever engine brought the stage there."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path

from ltmlbench.plugin import Node, Outcome, Store, Tell, execute

PATIENCE = 60.0
"""Seconds until what one machine has stored is seen by another, at most: NFS clients remember for
so long that a file is not there."""


def run_stage(node: Node, root: Path, threads: int, tell: Tell) -> Outcome:
    """Executes a stage on this machine; everything that goes wrong is in its outcome.

    Args:
        root: the store, on a folder that all machines share.
        threads: torch computes with. The same number gives the same digits as any other engine.
    """
    import torch

    torch.set_num_threads(threads)
    if not root.is_dir():
        cause = f"{platform.node()} does not see {root}: give a --cache-dir that all nodes share"
        return Outcome(node.identity, failure="error", cause=cause)
    store = Store(root)
    wait_for(store, node.inputs)
    return execute(node, store, tell)


def wait_for(store: Store, identities: Iterable[str], patience: float = PATIENCE) -> bool:
    """Waits until this machine sees what another says it has stored; False if that took too long
    (then it is damaged, removed, or lies in a folder that is not shared)."""
    end = time.monotonic() + patience
    for identity in identities:
        while not store.has(identity):
            if time.monotonic() > end:
                return False
            _look_again(store.folder(identity).parent)
            time.sleep(0.2)
    return True


def _look_again(folder: Path) -> None:
    """Listing a folder makes an NFS client ask its server what is in it now."""
    try:
        os.listdir(folder)
    except OSError:
        return


def uses_gpu(node: Node) -> bool:
    """Whether a stage is to run where there is a GPU."""
    return node.task.numerics.device.startswith("cuda")
