"""The table of benchmarks/README.md: every gain beside the ordinary way, measured in one run.

    python benchmarks/table.py [--only input,decode,...]

One thread, and the processor time of the process, which busy neighbours disturb little. Both sides
of a ratio alternate, three times each, and the median of the ratios counts. The ordinary way is
what a careful script does: Pillow, torchvision's transforms, a DataLoader, timm's network, torch's
AdamW.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import itertools
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from PIL import Image

from ltmlbench import load
from ltmlbench.arrays import Rows
from ltmlbench.benchmark import Benchmark, configure, make_benchmark
from ltmlbench.contracts import Norm
from ltmlbench.environment import environment
from ltmlbench.feeds.batches import batches
from ltmlbench.feeds.pictures.decode import read_rgb, squared
from ltmlbench.feeds.pictures.feed import OpenedPictures
from ltmlbench.feeds.pictures.views import Augment
from ltmlbench.feeds.ready import make_ready
from ltmlbench.fit import Fit
from ltmlbench.frozen import FrozenTrunk
from ltmlbench.grid import Node
from ltmlbench.store import Store
from ltmlbench.task import Schedule
from ltmlbench.testing import bars, made, task_of, work_for
from ltmlbench.training.network import autocast, build_network
from ltmlbench.training.optimiser import make_optimizer
from ltmlbench.training.views import views

ROUNDS, BORDER, SIDE = 3, 10, 224
HASHED = 200
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Row(NamedTuple):
    """``ratio``: how many times better ours is; None where there is nothing to compare with."""

    what: str
    ordinary: str
    ours: str
    ratio: float | None
    goal: str


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def beside(
    ordinary: Callable[[], object], ours: Callable[[], object]
) -> tuple[float, float, float]:
    """Median seconds of both, and the median of the ratios of neighbouring measurements."""
    ordinary(), ours()
    pairs = [(seconds(ordinary), seconds(ours)) for _ in range(ROUNDS)]
    first, second = (statistics.median(column) for column in zip(*pairs, strict=True))
    return first, second, statistics.median(a / b for a, b in pairs)


def photographs(folder: Path, number: int = 6) -> list[Path]:
    """Fundus-like JPEGs, 2592×1728, quality 90, 4:2:0."""
    y, x = np.mgrid[-864:864, -1296:1296].astype(np.float32)
    inside = (x**2 + y**2 < 850**2)[:, :, None]
    paths = []
    for i in range(number):
        vessels = 25 * np.sin(x / 61 + 3 * np.sin(y / (90 + 9 * i)))
        image = np.stack([170 + vessels, 85 + vessels, 45 + vessels / 2], axis=2)
        image = (image + np.random.default_rng(i).normal(0, 3, image.shape)) * inside
        paths.append(folder / f"{i}.jpg")
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(paths[-1], quality=90)
    return paths


def tune_malloc() -> None:
    """Without this Pillow spends half its time on page faults: the comparison is with it."""
    libc = ctypes.CDLL(None)
    libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
    libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD


def cropped(image: Image.Image) -> Image.Image:
    """Without the dark border, found on a small copy."""
    small = np.asarray(image.resize((image.width // 8, image.height // 8))).max(axis=2) > BORDER
    rows, columns = np.flatnonzero(small.any(axis=1)), np.flatnonzero(small.any(axis=0))
    return image.crop((8 * columns[0], 8 * rows[0], 8 * columns[-1] + 8, 8 * rows[-1] + 8))


def decode(folder: Path) -> Iterator[Row]:
    paths = photographs(folder)

    def ordinary() -> None:
        for path in paths:
            with Image.open(path) as file:
                cropped(file.convert("RGB")).resize((SIDE, SIDE), Image.Resampling.BILINEAR)

    def ours() -> None:
        for path in paths:
            squared(read_rgb(path, SIDE), SIDE, BORDER)

    a, b, ratio = beside(ordinary, ours)
    n = len(paths)
    yield Row("one-off decode of 2592×1728 to 224, pictures/s", f"{n / a:.0f} (tuned Pillow)",
              f"{n / b:.0f}", ratio, "≥ 3")  # fmt: skip


def feed(folder: Path) -> Iterator[Row]:
    """An epoch of augmented 224-pixel pictures: from the photographs, as a DataLoader does it, and
    from the pixels that are decoded once."""
    from torchvision import transforms as T

    paths = photographs(folder) * 4
    transform = T.Compose([
        T.Resize((SIDE, SIDE)), T.RandomHorizontalFlip(),
        T.RandomAffine(15, (0.05, 0.05), (0.9, 1.1)),
        T.ColorJitter(0.1, 0.15, 0.15), T.ToTensor(), T.Normalize(MEAN, STD),
    ])  # fmt: skip

    class Files(torch.utils.data.Dataset[torch.Tensor]):
        def __len__(self) -> int:
            return len(paths)

        def __getitem__(self, index: int) -> torch.Tensor:
            with Image.open(paths[index]) as file:
                return transform(cropped(file.convert("RGB")))

    loader = torch.utils.data.DataLoader(Files(), batch_size=32, shuffle=True)
    number = 1024
    pixels = folder / "pixels.npy"
    np.save(pixels, np.random.default_rng(0).integers(0, 256, (256, SIDE, SIDE, 3), dtype=np.uint8))
    order = np.arange(number) % 256
    opened, norm = OpenedPictures(pixels, Augment(), {}), Norm(np.array(MEAN), np.array(STD))
    as_bytes = OpenedPictures(pixels, Augment(), {}, as_bytes=True)

    def ours(opened: OpenedPictures = opened) -> None:
        for _ in batches(opened, order, 32, seed=0, epoch=0, norm=norm):
            pass

    a, b, ratio = beside(lambda: [None for _ in loader], ours)
    ratio *= number / len(paths)
    yield Row("input at 224 pixels with augmentation, pictures/s", f"{len(paths) / a:.0f}",
              f"{number / b:.0f}", ratio, "≥ 50")  # fmt: skip
    a, b, ratio = beside(ours, lambda: ours(as_bytes))
    yield Row("the same, colours left to a GPU, beside float32, pictures/s", f"{number / a:.0f}",
              f"{number / b:.0f}", ratio, "")  # fmt: skip
    yield from _feed_threads(opened, order, norm)


def _feed_threads(opened: OpenedPictures, order: Rows, norm: Norm) -> Iterator[Row]:
    """Two threads beside one, by the clock, the best of many rounds; and what two threads gain here
    that share nothing and hold no lock of Python's, which is all that can be gained."""
    blob = os.urandom(2**20)

    def fed(threads: int) -> None:
        for _ in batches(opened, order, 32, seed=0, epoch=0, norm=norm, threads=threads):
            pass

    def hashed(threads: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: hashlib.sha256(blob).digest(), range(HASHED)))

    for what, work, amount in (
        ("two feed threads beside one, by the clock, pictures/s", fed, len(order)),
        ("two threads of SHA-256 beside one, by the clock, MB/s", hashed, HASHED),
    ):
        best = {1: math.inf, 2: math.inf}
        for _ in range(15):
            for threads in best:
                start = time.perf_counter()
                work(threads)
                best[threads] = min(best[threads], time.perf_counter() - start)
        one, two = amount / best[1], amount / best[2]
        yield Row(what, f"{one:.0f}", f"{two:.0f}", two / one, "")


def small_benchmark(folder: Path, backbone: str, **given: object) -> Benchmark:
    settings = {
        "dataset": "fundus-sim[patients=120]",
        "methods": "ib",
        "floors": "none",
        "explanation": "none",
        "validation": 0,
        "image_size": 96,
        "batch_size": 16,
        "folds": 2,
        "device": "cpu",
        "backbones": backbone,
        "cache_dir": folder / "cache",
        **given,
    }
    return make_benchmark(*configure(settings), decode=True)


def training(folder: Path) -> Iterator[Row]:
    """A whole epoch of Fit beside its bare steps, and beside those of an ordinary script."""
    for name in ("tf_efficientnet_lite0", "resnet50"):
        benchmark = small_benchmark(folder, f"{name}[weights=random]")
        node = next(n for n in benchmark.grid.nodes.values() if isinstance(n.stage, Fit))
        yield from _fit_of(name, node, benchmark, folder / name)


def _fit_of(name: str, node: Node, benchmark: Benchmark, folder: Path) -> Iterator[Row]:
    import timm

    task, stage = node.task, node.stage
    steps = len(task.split.train) // task.schedule.batch_size
    images, targets = torch.randn(16, 3, 96, 96), torch.rand(16, 8).round()
    layout = images.contiguous(memory_format=torch.channels_last)
    numbers = itertools.count()

    def epochs(number: int) -> float:
        schedule = task.schedule.model_copy(update={"epochs": number})
        longer = stage.model_copy(update={"schedule": schedule})
        work = work_for(longer, task, benchmark.store, folder / str(next(numbers)))
        return seconds(lambda: longer.run(work))

    def steps_of(network: torch.nn.Module, given: torch.Tensor, ours: bool) -> float:
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True if ours else None)
        network.train()

        def run() -> None:
            for _ in range(steps):
                with autocast(task.numerics) if ours else nullcontext():
                    logits = network(given)
                loss = torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), targets)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()

        return seconds(run)

    bare = build_network(task.backbone, (3, 96, 96), load("head", "linear"), 8, task.numerics, 0)
    plain = timm.create_model(name, num_classes=8)
    steps_of(bare, layout, True), steps_of(plain, images, False), epochs(1)
    found = []
    for _ in range(ROUNDS):
        whole = epochs(2) - epochs(1)
        script, step = steps_of(plain, images, False), steps_of(bare, layout, True)
        found.append((script / whole, step / whole, whole))
    script, step, whole = (statistics.median(column) for column in zip(*found, strict=True))
    rate = steps * 16 / whole
    how = f"{name}, 96 px, {task.numerics.dtype}"
    yield Row(f"whole Fit beside its bare steps ({how}), pictures/s", f"{rate / step:.0f}",
              f"{rate:.0f}", step, "≥ .97")  # fmt: skip
    yield Row("beside the steps of a float32 script in timm and torch", f"{rate / script:.0f}",
              f"{rate:.0f}", script, "")  # fmt: skip


def student(folder: Path) -> Iterator[Row]:
    """An epoch of a student of three teachers, whose outputs are stored, beside a plain epoch."""
    benchmark = small_benchmark(folder, "tf_efficientnet_lite0[weights=random]", batch_size=32)
    node = next(n for n in benchmark.grid.nodes.values() if isinstance(n.stage, Fit))
    task = node.task
    work = work_for(node.stage, task, benchmark.store, folder / "work")
    network = build_network(task.backbone, (3, 96, 96), load("head", "linear"), 8, task.numerics, 0)
    optimizer = make_optimizer(network, task.schedule)
    blocks = [np.array(block) for block in ([1, 6], [2, 3], [4, 5])]
    said = [np.zeros((len(task.samples), 2), np.float32) for _ in blocks]
    hard = load("loss", "bce").bind(task.labels)
    distil = load("distillation", "class-balanced").bind(task.labels, blocks, [np.full(2, 0.5)] * 3)
    targets = torch.from_numpy(task.samples.labels.dense.astype(np.float32))

    def epoch(taught: bool) -> None:
        network.train()
        for rows, images in views(work, network.trunk, task.split.train, 0, drop_last=True):
            with autocast(task.numerics):
                logits = network(images)
            loss = hard(logits, targets[rows], reduction="none" if taught else "mean")
            if taught:
                loss = distil(
                    loss, logits, targets[rows], [torch.from_numpy(s[rows]) for s in said]
                )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    a, b, ratio = beside(lambda: epoch(False), lambda: epoch(True))
    yield Row("an epoch of a student of three teachers beside a plain one, s", f"{a:.2f}",
              f"{b:.2f}", ratio, "≥ .95")  # fmt: skip


def head(folder: Path) -> Iterator[Row]:
    """An epoch of a linear head on a frozen trunk: shown new views, and on stored features of one
    view, which are computed once before."""
    backbone = load("backbone", "tf_efficientnet_lite0[weights=random]").resolve()
    feed = load("feed", "pictures[image_size=64]")
    task = task_of(bars(5625), backbone=backbone, feed=feed, schedule=Schedule(epochs=1))
    trunk, store = FrozenTrunk(views=1, pooled=True), Store(folder / "cache")
    anew = Fit(loss=load("loss", "bce"), sampler=load("sampler", "ib"), head=load("head", "linear"),
               trains="head")  # fmt: skip
    stored = anew.model_copy(update={"init": trunk})
    numbers = itertools.count()

    def whole(fit: Fit, epochs: int) -> None:
        schedule = task.schedule.model_copy(update={"epochs": epochs})
        longer = fit.model_copy(update={"schedule": schedule})
        longer.run(work_for(longer, task, store, folder / str(next(numbers))))

    make_ready(task.feed, task.samples, store)
    once = seconds(lambda: made(trunk, task, store))
    whole(anew, 1), whole(stored, 1)
    found = []
    for _ in range(ROUNDS):
        slow = seconds(lambda: whole(anew, 2)) - seconds(lambda: whole(anew, 1))
        quick = (seconds(lambda: whole(stored, 41)) - seconds(lambda: whole(stored, 1))) / 40
        found.append((slow, quick, slow / quick))
    a, b, ratio = (statistics.median(column) for column in zip(*found, strict=True))
    what = f"an epoch of a head on {len(task.split.train):,} pictures (lite0, 64 px), s"
    yield Row(what, f"{a:.2f} (views anew)", f"{b:.2f} (after {once:.2f} once)", ratio,
              "seconds")  # fmt: skip


def grid(folder: Path) -> Iterator[Row]:
    """Ten rows, five folds, two backbones: what is trained if every run is a script of its own,
    and what the shared stages train."""
    rows = ("ib,focal,db,crt,calibrated[base=ib,by=prior],ours,ours+focal,ours[kd_weight=uniform],"
            "ours[subsets=random],rskd")  # fmt: skip
    benchmark = small_benchmark(
        folder, "tf_efficientnet_lite0[weights=random],resnet18[weights=random]",
        methods=rows, folds=5, sources="fundus-sim[seed=1]",
    )  # fmt: skip
    nodes = benchmark.grid.nodes
    shared = sum(node.stage.trains_on(node.task) for node in nodes.values())

    def own(identity: str, seen: set[str]) -> int:
        if identity in seen:
            return 0
        seen.add(identity)
        node = nodes[identity]
        return node.stage.trains_on(node.task) + sum(own(i, seen) for i in node.inputs)

    alone = sum(own(run.model, set()) for run in benchmark.grid.runs)
    runs = len(benchmark.grid.runs)
    what = f"{runs} runs (10 rows × 5 folds × 2 backbones): samples to train on"
    yield Row(what, f"{alone:,}", f"{shared:,}", alone / shared, "≥ 2")


def finished(folder: Path) -> Iterator[Row]:
    """A 500-run grid on vectors, made once, asked again."""
    data = folder / "table.csv"
    rng = np.random.default_rng(0)
    labels = (rng.random((200, 4)) < [0.5, 0.3, 0.2, 0.1]).astype(int)
    both = np.hstack([labels, rng.normal(size=(200, 4)) + labels])
    np.savetxt(data, both, delimiter=",", header="a,b,c,d,w,x,y,z", comments="", fmt="%.6g")
    flags = [f"--data-dir={data}", "--dataset=table", "--backbones=mlp", "--folds=5", "--epochs=1",
             "--methods=ib,focal,db,cb,asl,hill,la,ral,rfs,zlpr", "--seeds=0,1,2,3,4,5,6,7,8,9",
             "--set=floors=none", "--set=explanation=none", "--jobs=1",
             f"--cache-dir={folder / 'cache'}", f"--out={folder / 'out'}"]  # fmt: skip
    for verb in ("first", "run", "plan"):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        line = [sys.executable, "-m", "ltmlbench", "run" if verb == "first" else verb, *flags]
        given = flags if verb != "plan" else [f for f in flags if not f.startswith("--out")]
        line[4:] = given
        subprocess.run(line, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if verb != "first":
            yield Row(
                f"finished grid of 500 runs, `{verb}` again, s", "", f"{took:.1f}", None, "< 3"
            )


def memory(folder: Path) -> Iterator[Row]:
    """The highest memory of a process that feeds an epoch, of few pictures and of 50 times as many
    (64 pixels, 2.4 GB on disk)."""
    code = (
        "import sys, resource, numpy as np; from pathlib import Path\n"
        "from ltmlbench.contracts import Norm\n"
        "from ltmlbench.feeds.batches import batches\n"
        "from ltmlbench.feeds.pictures.feed import OpenedPictures\n"
        "from ltmlbench.feeds.pictures.views import Augment\n"
        "path, number = Path(sys.argv[1]), int(sys.argv[2])\n"
        "opened = OpenedPictures(path, Augment(), {})\n"
        "order = np.random.default_rng(0).permutation(number)\n"
        "norm = Norm(np.zeros(3), np.ones(3))\n"
        "for _ in batches(opened, order, 32, seed=0, epoch=0, norm=norm): pass\n"
        "lines = Path('/proc/self/status').read_text().splitlines()\n"
        "print(next(l.split()[1] for l in lines if l.startswith('RssAnon')))\n"
    )
    found = []
    for number in (4_000, 200_000):
        path = folder / "pixels.npy"
        made = np.lib.format.open_memmap(path, "w+", np.uint8, (number, 64, 64, 3))
        for start in range(0, number, 10_000):
            made[start : start + 10_000] = start % 251
        del made
        done = subprocess.run([sys.executable, "-c", code, str(path), str(number)],
                              check=True, capture_output=True, text=True)  # fmt: skip
        found.append(int(done.stdout) / 1024)
        path.unlink()
    yield Row("memory of an epoch of 4,000 and of 200,000 pictures, MB", f"{found[0]:.0f}",
              f"{found[1]:.0f}", found[0] / found[1], "≈ 1")  # fmt: skip


PARTS = {"decode": decode, "input": feed, "training": training, "student": student, "head": head,
         "grid": grid, "finished": finished, "memory": memory}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="parts of the table")
    given = parser.parse_args()
    torch.set_num_threads(1)
    tune_malloc()
    here = environment()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {here['processor']}, torch {here['torch']}, one thread\n")
    print("| what | ordinary | ltmlbench | ratio | goal |\n|---|---|---|---|---|", flush=True)
    for name in given.only.split(","):
        with tempfile.TemporaryDirectory(prefix=f"table-{name}-") as folder:
            for row in PARTS[name](Path(folder)):
                ratio = "" if row.ratio is None else f"**{row.ratio:.2f}**"
                cells = (row.what, row.ordinary, row.ours, ratio, row.goal)
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
