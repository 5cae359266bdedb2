"""What the number of pictures costs on the whole way: memory, and time of processor and clock.

    python benchmarks/growth.py [--pictures 20000,200000] [--folder /tmp]

Makes a table of small JPEGs and PNGs (32 pixels, each a file of its own in subfolders of a
thousand; 200,000 of them take 1.5 GB with all that is made of them), and takes it the whole way
with the command line: listed and laid out, laid out again, decoded, trained for an epoch with a
tiny network in two folds, and both asked again. Memory is the peak of what all processes of a
command hold for themselves (RssAnon, looked at ten times a second): pages of the decoded file
belong to the system, which takes them back.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

from ltmlbench.environment import environment

SIDE, KINDS, PER_FOLDER = 32, 500, 1000
LABELS = {"common": 0.5, "middling": 0.1, "rare": 0.01}
DECODE = (
    "import json, sys\n"
    "from ltmlbench.benchmark import configure, make_benchmark\n"
    "make_benchmark(*configure(json.loads(sys.argv[1])), decode=True)\n"
)


def make_data(folder: Path, number: int) -> Path:
    """A CSV of ``number`` pictures with three labels, and the pictures. No two files are equal: a
    number follows the end of each picture, where decoders do not look."""
    rng = np.random.default_rng(0)
    pictures = []
    for kind in range(KINDS):
        small = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        buffer = io.BytesIO()
        small.resize((SIDE, SIDE)).save(buffer, format="PNG" if kind % 2 else "JPEG")
        pictures.append(buffer.getvalue())
    labels = rng.random((number, len(LABELS))) < list(LABELS.values())
    lines = [",".join(["image", *LABELS])]
    for i, row in enumerate(labels.astype(int)):
        name = f"{i // PER_FOLDER:04d}/{i:07d}.{'png' if i % KINDS % 2 else 'jpg'}"
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(pictures[i % KINDS] + i.to_bytes(8, "big"))
        lines.append(",".join([name, *map(str, row)]))
    table = folder / "table.csv"
    table.write_text("\n".join(lines) + "\n")
    return table


def held(root: int) -> int:
    """Bytes that a process and its children hold for themselves."""
    total, known = 0, [root]
    while known:
        process = Path(f"/proc/{known.pop()}")
        try:
            status = (process / "status").read_text()
            for task in (process / "task").iterdir():
                known += map(int, (task / "children").read_text().split())
        except OSError:  # it has ended
            continue
        for line in status.splitlines():
            if line.startswith("RssAnon"):
                total += 1024 * int(line.split()[1])
    return total


def measured(command: Sequence[str]) -> tuple[float, float, float]:
    """Peak MB, processor seconds, and seconds by the clock of a command and its children."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.1):
            peak = max(peak, held(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    ended.set()
    watcher.join()
    if status:
        raise SystemExit(said.decode())
    return peak / 1e6, usage.ru_utime + usage.ru_stime, time.monotonic() - start


def steps(folder: Path, table: Path) -> Iterator[tuple[str, tuple[float, float, float]]]:
    cache, out = folder / "cache", folder / "out"
    settings = {
        "dataset": "table[pictures=image]",
        "methods": "ib",
        "backbones": "lcnet_035[weights=random]",
        "folds": "2",
        "epochs": "1",
        "image_size": str(SIDE),
        "batch_size": "256",
        "device": "cpu",
        "cache_dir": str(cache),
    }
    given = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    given += [f"--data-dir={table}", "--set=floors=none"]
    program = [sys.executable, "-m", "ltmlbench"]
    plan, run = [*program, "plan", *given], [*program, "run", *given, f"--out={out}"]
    asked = {**settings, "data_dir": str(table), "floors": "none", "out": str(out)}
    yield "`plan`, nothing known", measured(plan)
    yield "`plan` again", measured(plan)
    yield "decode", measured([sys.executable, "-c", DECODE, json.dumps(asked)])
    yield "`run`, an epoch of two folds", measured(run)
    yield "`run` again", measured(run)
    yield "`plan` again, all done", measured(plan)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", default="20000,200000", help="sizes, in turn")
    parser.add_argument("--folder", type=Path, default=None, help="where the pictures are made")
    given = parser.parse_args()
    here = environment()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {here['processor']}\n")
    print("| pictures | step | peak MB | processor s | s |\n|---|---|---|---|---|", flush=True)
    for number in map(int, given.pictures.split(",")):
        with tempfile.TemporaryDirectory(prefix="growth-", dir=given.folder) as name:
            folder = Path(name)
            table = make_data(folder, number)
            for step, (peak, seconds, clock) in steps(folder, table):
                print(f"| {number:,} | {step} | {peak:.0f} | {seconds:.1f} | {clock:.0f} |",
                      flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
