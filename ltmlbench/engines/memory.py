"""The most memory that a stage held."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROCESS = Path("/proc/self")


@contextmanager
def peak_memory() -> Iterator[dict[str, int]]:
    """Filled when the block ends: ``host``, most bytes of this process in RAM (what it held before
    included, such as torch itself), and ``device``, most bytes of tensors on the graphics card.

    What cannot be measured is left out: a peak of RAM where there is no Linux to reset it.
    """
    found: dict[str, int] = {}
    measured = _reset()
    try:
        yield found
    finally:
        if measured and (peak := _peak()):
            found["host"] = peak
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
            found["device"] = int(torch.cuda.max_memory_allocated())


def _reset() -> bool:
    """Makes the peaks those of now. Whether that of the RAM could be."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()
    try:
        (PROCESS / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _peak() -> int:
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", (PROCESS / "status").read_text(), re.M)
    except OSError:
        return 0
    return 1024 * int(found[1]) if found else 0
