"""What stands against kills, neighbours, damage, full disks and hostile input, in figures.

    python benchmarks/reliability.py [--kills 100] [--inputs 200] [--only kills,damage,...]

Prints the table of docs/reliability.md. Every case is a whole run of the program in a process of
its own, forked from this one (which has imported torch but started no thread), on made vectors of
120 samples, or on made pictures of 32 pixels. A case counts as passed only if the table that comes
out in the end is the same, byte for byte, as that of an undisturbed run.
"""

from __future__ import annotations

import argparse
import contextlib
import html.parser
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

KINDS = {  # run types, cheap ones
    "vectors": "--methods=ib,crt",
    "calibrated": "--methods=ib,calibrated[base=ib,by=prior]",
    "distilled": "--methods=ours",
    "pictures": "--methods=focal",
}
NAMES = [
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "../../escape",
    "/etc/passwd",
    "a|b",
    '"quoted", with a comma',
    "two\nlines",
    "\u202egnp.exe",
    "$(touch gone)",
    "x" * 300,
]


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


def orphans(place: Place, seconds: float = 10) -> int:
    """How many processes still name the store after a moment: workers do."""
    end = time.monotonic() + seconds
    while True:
        left = [pid for pid in os.listdir("/proc") if pid.isdigit() and names(pid, place)]
        if not left or time.monotonic() > end:
            return len(left)
        time.sleep(0.1)


def names(pid: str, place: Place) -> bool:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return str(place.cache).encode() in words
    return False


def workers(place: Place) -> list[int]:
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and names(pid, place)]


# the cases: each yields (passed, what to say if it did not)

Cases = Iterator[tuple[bool, str]]


def kills(root: Path, number: int) -> Cases:
    """SIGKILL at a random moment: of the process, of a group with workers, of the parent of two
    workers alone, of a worker alone; then the same command again."""
    chance = random.Random(0)
    wanted, took = {}, {}
    for kind in KINDS:
        place = Place(root / kind, kind)
        began = time.monotonic()
        assert whole(place)[0] == 0, (place.root / "said").read_text()
        took[kind], wanted[kind] = time.monotonic() - began, place.results()
    for case in range(number):
        kind = list(KINDS)[case % len(KINDS)]
        aim = ("process", "process", "group", "parent", "worker")[case % 5]
        place = Place(root / f"case-{case}", kind)
        pid = start(place, *([] if aim == "process" else ["--jobs=2"]))
        if aim != "process":
            end = time.monotonic() + 60
            while not workers(place) and time.monotonic() < end and alive(pid):
                time.sleep(0.02)
        time.sleep(chance.uniform(0, took[kind] * (1 if aim == "process" else 1.5)))
        found = workers(place)
        with contextlib.suppress(ProcessLookupError):
            if aim == "group":
                os.killpg(pid, signal.SIGKILL)
            elif aim == "worker" and found:
                os.kill(chance.choice(found), signal.SIGKILL)
            else:
                os.kill(pid, signal.SIGKILL)
        wait(pid)
        left = orphans(place)
        code, said = whole(place)
        same = code == 0 and place.results() == wanted[kind]
        yield same and not left, f"{kind}, {aim}: exit {code}, {left} orphans\n{said[-500:]}"
        shutil.rmtree(place.root)


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def neighbours(root: Path, number: int = 5) -> Cases:
    """Three processes on one store at once, each with an output folder of its own."""
    alone = Place(root / "alone")
    assert whole(alone)[0] == 0
    for case in range(number):
        three = [Place(root / f"case-{case}-{i}", data=alone.root / "table.csv") for i in range(3)]
        store = root / f"store-{case}"
        started = [start(place, f"--cache-dir={store}") for place in three]
        codes = [wait(pid) for pid in started]
        same = [code == 0 and p.results() == alone.results() for code, p in
                zip(codes, three, strict=True)]  # fmt: skip
        yield all(same), f"{codes}"


def damage(root: Path) -> Cases:
    """Every stored file, one at a time: a bit flipped, cut in half, deleted."""
    place = Place(root / "whole")
    assert whole(place)[0] == 0
    wanted = place.results()
    for path in sorted(p for p in (place.cache / "artifacts").rglob("*") if p.is_file()):
        content = path.read_bytes()
        for how in ("flipped", "cut", "deleted"):
            path.unlink()  # the output folder holds links to it
            if how == "flipped":
                at = len(content) // 2
                path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
            elif how == "cut":
                path.write_bytes(content[: len(content) // 2])
            code, said = whole(place)
            mended = code == 0 and place.results() == wanted and "making it again" in said
            yield mended, f"{path.name} {how}: exit {code}\n{said[-500:]}"
            content = path.read_bytes()


def full(root: Path) -> Cases:
    """A disk that is full at some moment, under the store or the output folder; then there is
    room. Needs the right to mount a small tmpfs."""
    free = Place(root / "free")
    assert whole(free)[0] == 0
    for where in ("cache", "out"):
        for kilobytes in (16, 64, 128, 256, 512):
            disk = root / f"{where}-{kilobytes}"
            disk.mkdir()
            size = f"size={kilobytes}k"
            if subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)]).returncode:
                print("full disks: no right to mount a tmpfs here", file=sys.stderr)
                return
            try:
                place = Place(root / f"at-{where}-{kilobytes}", data=free.root / "table.csv")
                inside = f"--{'cache-dir' if where == 'cache' else 'out'}={disk / 'x'}"
                if where == "out":
                    place.out = disk / "x"
                code, said = whole(place, inside)
                plain = code in (0, 1, 2) and "Traceback" not in said
                subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
                again, more = whole(place, inside)
                same = again == 0 and place.results() == free.results()
                told = f"{where} of {kilobytes} kB: exit {code}, then {again}\n{said[-600:]}"
                yield plain and same, f"{told}\n{more[-600:]}"
            finally:
                subprocess.run(["umount", str(disk)], check=True)


def inputs(root: Path, number: int) -> Cases:
    """Mutated label files, settings files, options and pictures: exit code 0 to 2, no
    traceback. Whether what is accepted is right, this does not see."""
    chance = random.Random(1)
    good = table(root / "table.csv").read_bytes()
    settings = b"methods: [ib]\nepochs: 1\nlr: 0.001\naugment:\n  rotate: 5\nfolds: 2\n"
    for case in range(number):
        kind = ("bytes", "cell", "yaml", "option", "picture")[case % 5]
        place = Place(root / f"case-{case}", data=root / "table.csv")
        more: list[str] = []
        if kind == "bytes":
            data = place.root / "table.csv"
            data.write_bytes(mutated(good, chance))
            more = [f"--data-dir={data}"]
        elif kind == "cell":
            lines = good.decode().splitlines()
            row, column = chance.randrange(1, len(lines)), chance.randrange(3)
            cells = lines[row].split(",")
            cells[column] = chance.choice(["x", "2", "", "NaN", "-1", "0.5", "yes", "1e9", "=1"])
            lines[row] = ",".join(cells)
            data = place.root / "table.csv"
            data.write_text("\n".join(lines))
            more = [f"--data-dir={data}"]
        elif kind == "yaml":
            (place.root / "c.yaml").write_bytes(mutated(settings, chance))
            more = [f"--config={place.root / 'c.yaml'}"]
        elif kind == "option":
            more = [option(chance)]
        else:
            place = Place(root / f"case-{case}", data=pictures(place.root / "p", chance))
            more = ["--dataset=table[pictures=file]", "--image-size=32", "--epochs=1"]
            more += ["--backbones=test_resnet[weights=random]"]
        code, said = whole(place, "--set=explanation=none", *more, verb="plan")
        plain = code in (0, 1, 2) and "Traceback" not in said
        yield plain, f"{kind} {more}: exit {code}\n{said[-600:]}"
        shutil.rmtree(place.root)


def mutated(content: bytes, chance: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        what = chance.randrange(4)
        if what == 0:
            data[at] = chance.randrange(256)
        elif what == 1:
            del data[at : at + chance.randint(1, 30)]
        elif what == 2:
            data[at:at] = bytes(chance.choices(b",;\t\n\"'\0\xff{}[]:&*!|", k=chance.randint(1, 5)))
        else:
            data[at:at] = data[at : at + 40]
    return bytes(data)


def option(chance: random.Random) -> str:
    name = chance.choice(["epochs", "lr", "folds", "batch_size", "seeds", "methods", "jobs",
                          "validation", "metrics", "backbones", "head", "augment.rotate",
                          "nonsense", "device", "precision", "limit", "engine"])  # fmt: skip
    value = chance.choice(
        [
            "-1",
            "0",
            "1e99",
            "nan",
            "inf",
            "[]",
            "{}",
            "[[",
            "ib[",
            "x=1",
            "null",
            "true",
            "'",
            "db[mu=x]",
            "../..",
            "\u2603",
            "1" * 400,
            "&a",
            "!!python/x",
            "mlp[width=-1]",
            "cuda:999",
            "slurm[minutes=0]",
        ]
    )
    return f"--set={name}={value}"


def pictures(folder: Path, chance: random.Random) -> Path:
    """Twelve small pictures, some of them mutated, and the table that names them."""
    from PIL import Image

    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    lines = ["file,a,b"]
    for i in range(12):
        path = folder / f"{i}.jpg"
        Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(path)
        if i % 3 == 0:
            path.write_bytes(mutated(path.read_bytes(), chance))
        lines.append(f"{path.name},{i % 2},{(i // 2) % 2}")
    (folder / "table.csv").write_text("\n".join(lines))
    return folder / "table.csv"


class Tags(html.parser.HTMLParser):
    """The elements of a page, and the attributes that run code."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.seen += [name for name, _ in attributes if name.startswith("on")]


def hostile(root: Path) -> Cases:
    """Labels called like markup, paths and formulas, in every file that a run leaves."""
    sober = Place(root / "sober", data=table(root / "sober.csv", [f"l{i}" for i in range(12)]))
    assert whole(sober)[0] == 0
    usual = Tags()
    usual.feed((sober.out / "report.html").read_text())
    before = {p for p in root.rglob("*") if root / "evil" not in p.parents}
    place = Place(root / "evil", data=table(root / "evil.csv", NAMES))
    code, said = whole(place)
    yield code == 0, f"exit {code}: {said[-600:]}"
    if code:
        return
    page = Tags()
    page.feed((place.out / "report.html").read_text())
    yield page.seen.count("script") == usual.seen.count("script"), "the page runs code"
    yield sorted(page.seen) == sorted(usual.seen), "the page has other elements"
    cells = [
        cell
        for path in place.out.rglob("*.csv")
        for cell in pd.read_csv(path, dtype=str, keep_default_na=False).to_numpy().ravel()
    ]
    bad = [c for c in cells if c[:1] in tuple("=+@\t\r") or (c[:1] == "-" and not number(c))]
    yield not bad, f"formulas in cells: {bad[:3]}"
    bars = [line.replace("\\|", "").count("|") for line in
            (place.out / "table.md").read_text().splitlines() if line.startswith("|")]  # fmt: skip
    yield len(bars) > 0 and min(bars) > 1, "a row of the table is broken"
    outside = {p for p in root.rglob("*") if root / "evil" not in p.parents} - before
    yield outside <= {root / "evil", root / "evil.csv"}, f"written elsewhere: {outside}"


def number(text: str) -> bool:
    with contextlib.suppress(ValueError):
        float(text)
        return True
    return False


def links(root: Path) -> Cases:
    """Data behind symbolic links, to the file and to its folder."""
    plain = Place(root / "plain")
    assert whole(plain)[0] == 0
    for name, target in (("file", plain.root / "table.csv"), ("folder", plain.root)):
        link = root / f"{name}-link"
        link.symlink_to(target)
        data = link if name == "file" else link / "table.csv"
        place = Place(root / name, data=data)
        code, said = whole(place)
        yield code == 0 and place.results() == plain.results(), f"{name}: {said[-500:]}"


def pickles(root: Path) -> Cases:
    """What lies in store and output folder is nothing that runs code when it is read."""
    for kind in KINDS:
        place = Place(root / kind, kind)
        assert whole(place)[0] == 0
        files = [p for p in (*place.cache.rglob("*"), *place.out.rglob("*")) if p.is_file()]
        kinds = {p.suffix for p in files} - {".lock"}
        known = {".json", ".csv", ".parquet", ".safetensors", ".npy", ".npz", ".yaml", ".md",
                 ".html", ".png", ".txt"}  # fmt: skip
        bad = [p.name for p in files if p.read_bytes()[:1] == b"\x80"]
        yield kinds <= known and not bad, f"{kinds - known} {bad}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--inputs", type=int, default=200)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    cases: dict[str, Callable[[Path], Cases]] = {
        "kills": lambda root: kills(root, given.kills),
        "neighbours": neighbours,
        "damage": damage,
        "full": full,
        "inputs": lambda root: inputs(root, given.inputs),
        "hostile": hostile,
        "links": links,
        "pickles": pickles,
    }
    import torch

    import ltmlbench.cli.run
    import ltmlbench.report.folder  # noqa: F401  what every run imports, imported once

    torch.set_num_threads(1)
    print("| | cases | passed | minutes |\n|---|---|---|---|", flush=True)
    failed = 0
    for name, function in cases.items():
        if given.only and name not in given.only.split(","):
            continue
        began, results = time.monotonic(), []
        with tempfile.TemporaryDirectory(prefix=f"reliability-{name}-") as folder:
            for passed, told in function(Path(folder)):
                results.append(passed)
                if not passed:
                    print(f"{name}: {told}", file=sys.stderr, flush=True)
        minutes = (time.monotonic() - began) / 60
        failed += len(results) - sum(results)
        print(f"| {name} | {len(results)} | {sum(results)} | {minutes:.1f} |", flush=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
