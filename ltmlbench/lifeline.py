"""A helper process that does not outlive the one it works for."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from functools import cache

SECONDS = 1.0
_PR_SET_PDEATHSIG = 1


def die_with_parent_thread() -> None:
    """Asks Linux to kill this process when the *thread* that started it ends, even by SIGKILL.

    Only for processes whose parent keeps that thread for as long as it wants them.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@cache
def follow_parent() -> None:
    """Ends this process soon after its parent has gone, whatever it is doing; asked once or often.
    Works on every POSIX system: an orphan gets another parent."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
