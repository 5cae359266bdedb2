"""A component looked at from another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from typing import NamedTuple

HEAVY = ("torch", "timm", "torchvision", "tensorflow", "jax", "mlflow")
"""Packages that take long to import."""


class Probe(NamedTuple):
    """What another process says: the identity, and which of `HEAVY` came with the class."""

    identity: str
    heavy: tuple[str, ...]


_SCRIPT = f"""
import json, pickle, sys
sys.path[:] = json.loads(sys.argv.pop())
component = pickle.loads(sys.stdin.buffer.read())
heavy = [name for name in {HEAVY!r} if name in sys.modules]
from ltmlbench.identity import canonical, digest
print(json.dumps([digest(canonical(component)), heavy]))
"""


@cache
def probe(pickled: bytes) -> Probe:
    """Unpickles a component in a process with another hash seed and working folder.

    Raises:
        RuntimeError: that process failed; the text is the last line it wrote.
    """
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, json.dumps([os.path.abspath(p) for p in sys.path])],
            input=pickled,
            capture_output=True,
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise RuntimeError("".join(last))
    identity, heavy = json.loads(done.stdout)
    return Probe(identity, tuple(heavy))
