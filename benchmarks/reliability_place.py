"""A folder of its own for a run of the program in a process of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

KINDS = {  # run types, cheap ones
    "vectors": "--methods=ib,crt",
    "calibrated": "--methods=ib,calibrated[base=ib,by=prior]",
    "distilled": "--methods=ours",
    "pictures": "--methods=focal",
}


def table(path: Path, names: Sequence[str] = ("a", "b", "c"), samples: int = 120) -> Path:
    """A CSV of labels and four features that tell them apart."""
    rng = np.random.default_rng(0)
    share = np.linspace(0.5, 0.1, len(names))
    labels = (rng.random((samples, len(names))) < share).astype(int)
    features = rng.normal(size=(samples, 4))
    features[:, : min(4, len(names))] += labels[:, :4]
    frame = pd.DataFrame(labels, columns=list(names))
    frame[["f0", "f1", "f2", "f3"]] = features
    frame.to_csv(path, index=False)
    return path


class Place:
    """A folder of its own for a case, and what a run in it is called with."""

    def __init__(self, root: Path, kind: str = "vectors", data: Path | None = None) -> None:
        self.root, self.out, self.cache = root, root / "out", root / "cache"
        root.mkdir(parents=True, exist_ok=True)
        flags = [KINDS[kind], "--folds=2", "--jobs=1", f"--out={self.out}"]
        flags += [f"--cache-dir={self.cache}"]
        if kind == "pictures":
            flags += ["--backbones=test_resnet[weights=random]", "--image-size=32", "--limit=40"]
            flags += ["--epochs=2"]
        else:
            given = data or table(root / "table.csv")
            flags += ["--dataset=table", f"--data-dir={given}", "--backbones=mlp", "--epochs=3"]
        self.flags = flags

    def results(self) -> bytes:
        return (self.out / "results.csv").read_bytes()


def start(place: Place, *more: str, verb: str = "run") -> int:
    """Starts the program; its process is the head of a group of its own. -> its id."""
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    with open(place.root / "said", "ab", buffering=0) as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    from ltmlbench.cli import main

    try:
        code = main([verb, *place.flags, *more])
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 3
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def wait(pid: int) -> int:
    """The exit code, -n of a process that signal n ended."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def whole(place: Place, *more: str, verb: str = "run") -> tuple[int, str]:
    """A run from beginning to end: exit code and all it said."""
    (place.root / "said").unlink(missing_ok=True)
    code = wait(start(place, *more, verb=verb))
    return code, (place.root / "said").read_text(errors="replace")
