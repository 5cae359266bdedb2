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
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
from reliability_inputs import inputs
from reliability_place import KINDS, Place, start, table, wait, whole

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
