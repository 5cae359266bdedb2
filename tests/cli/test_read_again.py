"""What is finished is not read whole again. The witness is the kernel: which pages of the pixels'
file it holds in memory, after it was told to forget them and a command has run."""

import ctypes
import gc
import mmap
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ltmlbench.cli import main

PICTURES, SIDE = 24, 320
GIVEN = [
    "--dataset=table[pictures=file]",
    "--methods=ib",
    "--backbones=test_resnet[weights=random]",
    f"--image-size={SIDE}",
    "--folds=2",
    "--epochs=1",
    "--set=explanation=none",
    "--set=validation=0",
    "--set=precision=float32",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for its page cache"),
]


def held(path):
    """The share of a file's pages that the page cache holds (mincore(2)); whoever read them, by
    ``read`` or through a memory map."""
    size = path.stat().st_size
    pages = -(-size // mmap.PAGESIZE)
    seen = (ctypes.c_ubyte * pages)()
    with open(path, "rb") as file, mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY) as map_:
        first = ctypes.c_char.from_buffer(map_)
        libc = ctypes.CDLL(None, use_errno=True)
        start = ctypes.c_void_p(ctypes.addressof(first))
        failed = libc.mincore(start, ctypes.c_size_t(size), seen)
        del first
    assert not failed, os.strerror(ctypes.get_errno())
    return sum(page & 1 for page in seen) / pages


def forget(path):
    gc.collect()  # maps of it that this process has left behind
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def ask(commands, before=""):
    """The commands in a process of their own."""
    code = (
        f"{before}\nfrom ltmlbench.cli import main\n"
        f"assert [main(line) for line in {commands!r}] == {[0] * len(commands)}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished benchmark of 7 MB of pixels: its flags, its output folder, the pixels' file."""
    root = tmp_path_factory.mktemp("finished")
    rng = np.random.default_rng(0)
    labels = (rng.random((PICTURES, 2)) < 0.5).astype(int)
    rows = []
    for i, (a, b) in enumerate(labels):
        Image.new("RGB", (SIDE, SIDE), (60 + 90 * int(a), 60 + 90 * int(b), i)).save(
            root / f"{i}.png"
        )
        rows.append({"file": f"{i}.png", "a": a, "b": b})
    pd.DataFrame(rows).to_csv(root / "table.csv", index=False)
    out = root / "out"
    given = [*GIVEN, f"--data-dir={root / 'table.csv'}", f"--cache-dir={root / 'cache'}"]
    assert main(["run", *given, f"--out={out}"]) == 0
    (pixels,) = root.glob("cache/artifacts/*/*/pixels.npy")
    assert pixels.stat().st_size > PICTURES * SIDE * SIDE * 3
    forget(pixels)
    if held(pixels):
        pytest.skip("this file system keeps its files in memory")
    return given, out, pixels


def test_no_command_on_a_finished_benchmark_reads_the_pixels(finished):
    given, out, pixels = finished
    ask(
        [
            ["run", *given, f"--out={out}"],
            ["plan", *given],
            ["report", str(out)],
            ["compare", str(out), "--against=majority", "--resamples=20"],
            ["leaderboard", str(out)],
        ]
    )
    assert held(pixels) < 0.05  # the header, and what the kernel reads ahead


def test_the_witness_would_have_noticed(finished):
    """A store that takes no time and size for an answer, and hashes the pixels."""
    given, _, pixels = finished
    forget(pixels)
    ask([["plan", *given]], before="from ltmlbench import store; store.SMALL = 1 << 40")
    assert held(pixels) > 0.9
