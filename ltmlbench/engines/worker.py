"""A worker process: executes the stages that come over a connection, one at a time.

It is started as a program of its own, not by `multiprocessing`, which would import the script of
the caller again: a script needs no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ltmlbench.lifeline import die_with_parent_thread, follow_parent
from ltmlbench.output import guarded_output


def main(descriptor: int, threads: int, root: str) -> None:
    """Serves until the other end closes the connection, which also happens when that process dies.

    Receives pickled `Node`s; sends ``("event", name, values)`` and ``("ended", Outcome)``.
    """
    # the process that started this one stops it; what a terminal sends to all is not for us
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    die_with_parent_thread()
    follow_parent()
    with guarded_output():
        _serve(Connection(descriptor), threads, root)


def _serve(connection: Connection[Any, Any], threads: int, root: str) -> None:
    inbox: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, inbox), daemon=True).start()

    import torch

    from ltmlbench.store import Store

    torch.set_num_threads(threads)
    store = Store(Path(root))  # one for all stages: what is checked once need not be read again
    while True:
        _send(connection, ("ended", _answer(inbox.get(), store, connection)))


def _answer(message: bytes, store: Any, connection: Connection[Any, Any]) -> Any:
    from ltmlbench.engines.execute import execute

    def tell(event: str, /, **values: Any) -> None:
        _send(connection, ("event", event, values))

    try:
        node = pickle.loads(message)
    except Exception as error:  # code that only the caller's script has, for one
        return f"{type(error).__name__}: {error}"
    return execute(node, store, tell)


def _listen(connection: Connection[Any, Any], inbox: SimpleQueue[bytes]) -> None:
    """In a thread of its own, so that the end of the parent is seen during the longest stage."""
    while True:
        try:
            inbox.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(1)


def _send(connection: Connection[Any, Any], message: Any) -> None:
    try:
        connection.send(message)
    except OSError:  # nobody is there any more
        os._exit(1)
