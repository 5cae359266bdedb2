"""Mutated inputs: none ends in a traceback, and none is silently read as something else.

What the program made of an input that it accepted is compared with what a strict reader of a few
lines makes of the same bytes (`csv`, PyYAML's plain strings, Pillow). Where that reader finds the
input odd, the program has to say something that it does not say of the sound one.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from reliability_place import Place, table, wait, whole

LABELS, FEATURES = ("a", "b", "c"), ("f0", "f1", "f2", "f3")
SETTINGS = b"methods: [ib]\nepochs: 1\nlr: 0.001\naugment:\n  rotate: 5\nfolds: 2\n"
CELLS = ("x", "2", "", "NaN", "-1", "0.5", "yes", "1e9", "=1")
OPTIONS = ("epochs", "lr", "folds", "batch_size", "seeds", "methods", "jobs", "validation",
           "metrics", "backbones", "head", "augment.rotate", "nonsense", "device", "precision",
           "limit", "engine")  # fmt: skip
VALUES = ("-1", "0", "1e99", "nan", "inf", "[]", "{}", "[[", "ib[", "x=1", "null", "true", "'",
          "db[mu=x]", "../..", "\u2603", "1" * 400, "&a", "!!python/x", "mlp[width=-1]",
          "cuda:999", "slurm[minutes=0]", "7", "0.25", "1_000", "0x10", "1:30", "010")  # fmt: skip
KINDS = ("bytes", "cell", "sheet", "yaml", "option", "picture")


def inputs(root: Path, number: int) -> Iterator[tuple[bool, str]]:
    """Mutated label files, sheets, settings files, options and pictures, in turn."""
    chance = random.Random(1)
    good = table(root / "table.csv")
    code, said = whole(Place(root / "sound", data=good), "--set=explanation=none", verb="plan")
    assert code == 0, said
    sound = notes(said)
    for case in range(number):
        kind = KINDS[case % len(KINDS)]
        folder = root / f"case-{case}"
        folder.mkdir()
        code, said, wrong = _CASES[kind](folder, good, sound, chance)
        if code not in (0, 1, 2) or "Traceback" in said:
            wrong = "a traceback"
        yield not wrong, f"{kind} {folder.name}: {wrong}; exit {code}\n{said[-600:]}"
        shutil.rmtree(folder)


def of_table(
    folder: Path, data: Path, content: Callable[[], list[list[str]] | None], sound: set[str]
) -> tuple[int, str, str]:
    """`plan` on a table of labels, and what it read beside what is in the cells."""
    place = Place(folder / "run", data=data)
    code, said = whole(place, "--set=explanation=none", verb="plan")
    if code:
        return code, said, ""
    told = notes(said) - sound
    cells = content()
    if cells is None or any(len(line) != len(cells[0]) for line in cells):
        return code, said, "" if told else "odd, and read without a word"
    columns = dict(zip(cells[0], zip(*cells[1:], strict=True), strict=False))
    if len(columns) != len(cells[0]):
        return code, said, "" if told else "two columns of one name, read without a word"
    labels = {n: [float(v) for v in c] for n, c in columns.items() if set(c) <= {"0", "1"}}
    numbers = {n: [finite(v) for v in c] for n, c in columns.items() if n not in labels}
    features = {n: c for n, c in numbers.items() if None not in c}
    lost = [n for n in (*LABELS, *FEATURES) if n not in labels and n not in features]
    lost += [n for n in LABELS if n not in labels and n in columns]
    silent = [n for n in lost if not any(re.search(rf"\b{n}\b", line) for line in told)]
    if silent:
        return code, said, f"columns {silent} are not what they were, and nothing is said"
    got = aside(folder, lambda: read(data))
    if "failed" in got:
        return code, said, f"read again: {got['failed']}"
    if got["labels"] != labels:
        return code, said, f"labels {list(labels)} were read as {list(got['labels'])}"
    if not np.array_equal(np.array(list(features.values()), "f4").T, np.array(got["vectors"])):
        return code, said, "features were read as other numbers"
    return code, said, ""


def finite(cell: str) -> float | None:
    """The number in a cell; None if there is none."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read(data: Path) -> Mapping[str, Any]:
    """What the program makes of a table."""
    from ltmlbench import load
    from ltmlbench.data.reading import load_samples

    samples = load_samples(load("dataset", "table"), data, "table")
    assert samples.vectors is not None, "features are numbers"
    labels = dict(zip(samples.labels.names, samples.labels.dense.T.tolist(), strict=True))
    return {"labels": labels, "vectors": np.asarray(samples.vectors()).tolist()}


def aside(folder: Path, work: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """What ``work`` gives in a process of its own: this one must not start a thread, as it forks
    again. What it raises is under ``failed``."""
    file = folder / "aside.json"
    if not (pid := os.fork()):
        try:
            file.write_text(json.dumps(work()))
        except BaseException as error:
            file.write_text(json.dumps({"failed": repr(error)}))
        os._exit(0)
    wait(pid)
    found: Mapping[str, Any] = json.loads(file.read_text())
    return found


def notes(said: str) -> set[str]:
    """What `plan` says before it lists the runs."""
    return set(said.partition("\nruns: ")[0].splitlines())


def of_bytes(
    folder: Path, good: Path, sound: set[str], chance: random.Random
) -> tuple[int, str, str]:
    data = folder / "table.csv"
    data.write_bytes(mutated(good.read_bytes(), chance))

    def content() -> list[list[str]] | None:
        try:
            text = data.read_bytes().decode("utf-8-sig")
            lines = list(csv.reader(io.StringIO(text), strict=True))
        except (UnicodeDecodeError, csv.Error):
            return None
        odd = re.search(r"[\0\"\t;]|[^\x20-\x7e\n\r]", text)
        return None if odd or [] in lines else lines

    return of_table(folder, data, content, sound)


def changed(good: Path, chance: random.Random) -> list[list[str]]:
    """The cells of the sound table, one of a label changed."""
    cells = [line.split(",") for line in good.read_text().splitlines()]
    cells[chance.randrange(1, len(cells))][chance.randrange(3)] = chance.choice(CELLS)
    return cells


def of_cell(
    folder: Path, good: Path, sound: set[str], chance: random.Random
) -> tuple[int, str, str]:
    data, cells = folder / "table.csv", changed(good, chance)
    data.write_text("\n".join(",".join(line) for line in cells))
    return of_table(folder, data, lambda: cells, sound)


def of_sheet(
    folder: Path, good: Path, sound: set[str], chance: random.Random
) -> tuple[int, str, str]:
    """The same in a workbook, whose reader tells numbers from texts."""
    from openpyxl import Workbook

    data, cells = folder / "table.xlsx", changed(good, chance)
    book = Workbook()
    for line in cells:
        book.active.append([v if (n := finite(v)) is None else n for v in line])
    book.save(data)
    csv_only = {line for line in sound if line.startswith("  read: ")}
    return of_table(folder, data, lambda: cells, sound - csv_only)


def of_yaml(
    folder: Path, good: Path, sound: set[str], chance: random.Random
) -> tuple[int, str, str]:
    file = folder / "c.yaml"
    file.write_bytes(mutated(SETTINGS, chance))
    place = Place(folder / "run", data=good)
    code, said = whole(place, "--set=explanation=none", f"--config={file}", verb="plan")
    if code:
        return code, said, ""
    found = aside(folder, lambda: settings_of(file))
    if "failed" in found:  # what is wrong in it, a flag of the command has put right
        return code, said, ""
    text = yaml.load(file.read_bytes(), yaml.BaseLoader) or {}
    return code, said, told_otherwise(text, found)


def settings_of(file: Path) -> Mapping[str, Any]:
    """The configuration that the program makes of a settings file."""
    from ltmlbench.config import make_config, read_config

    return make_config(read_config(file)).model_dump(mode="json")


def told_otherwise(given: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Whether a setting has another value than the text that was given for it."""
    if "failed" in found:
        return f"read again: {found['failed']}"
    for name, text in given.items():
        outer, dot, inner = name.partition(".")
        value = found[outer][inner] if dot else found[name]
        if not same(text, value):
            return f"{name}: {text!r} was taken for {value!r}"
    return ""


def same(text: Any, value: Any) -> bool:
    """Whether a value is what the plain text of YAML says."""
    if isinstance(text, Mapping):
        return isinstance(value, Mapping) and all(same(text[k], value.get(k)) for k in text)
    if isinstance(value, list | tuple):
        parts = text.split(",") if isinstance(text, str) else text
        return [str(p).strip() for p in parts] == [str(v) for v in value]
    if isinstance(value, bool):
        return str(text).lower() == str(value).lower()
    if isinstance(value, int | float):
        return finite(str(text)) == value
    return str(text) == ("null" if value is None else value)


def of_option(
    folder: Path, good: Path, sound: set[str], chance: random.Random
) -> tuple[int, str, str]:
    name, value = chance.choice(OPTIONS), chance.choice(VALUES)
    place = Place(folder / "run", data=good)
    code, said = whole(place, "--set=explanation=none", f"--set={name}={value}", verb="plan")
    if code:
        return code, said, ""

    def work() -> Mapping[str, Any]:
        from ltmlbench.config import make_config
        from ltmlbench.plain_yaml import parse_yaml

        return make_config({name: parse_yaml(value)}).model_dump(mode="json")

    text = yaml.load(value, yaml.BaseLoader)
    return code, said, told_otherwise({name: text}, aside(folder, work))


def of_picture(
    folder: Path, good: Path, sound: set[str], chance: random.Random
) -> tuple[int, str, str]:
    """A run on twelve small pictures, four of them mutated: what is left out has to be named or
    counted, and what Pillow cannot read has to be left out."""
    import pandas as pd
    from PIL import Image

    rng = np.random.default_rng(0)
    lines, readable = ["file,a,b"], set()
    for i in range(12):
        path = folder / f"{i}.jpg"
        Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(path)
        if i % 3 == 0:
            path.write_bytes(mutated(path.read_bytes(), chance))
        lines.append(f"{path.name},{i % 2},{(i // 2) % 2}")
        try:
            with Image.open(path) as picture:
                picture.convert("RGB")
            readable.add(path.name)
        except Exception:  # a damaged file may break its reader anyhow
            continue
    (folder / "table.csv").write_text("\n".join(lines))
    place = Place(folder / "run", data=folder / "table.csv")
    more = [
        "--dataset=table[pictures=file,id=file]",
        "--image-size=32",
        "--epochs=1",
        "--methods=ib",
    ]
    more += ["--backbones=test_resnet[weights=random]", "--set=explanation=none"]
    code, said = whole(place, *more)
    if code:
        return code, said, ""
    predicted = [pd.read_parquet(p) for p in place.out.glob("runs/ib-*/predictions.parquet")]
    rows = pd.concat(predicted)
    scored = set(rows.loc[rows["part"] == "test", "id"])
    lost = {f"{i}.jpg" for i in range(12)} - scored
    counted = f"{len(lost)} samples cannot be read and are left out" in said
    if not counted and (silent := sorted(name for name in lost if name not in said)):
        return code, said, f"{silent} were left out without a word"
    return code, said, f"{sorted(scored - readable)} cannot be read" if scored - readable else ""


def mutated(content: bytes, chance: random.Random) -> bytes:
    """One to four bytes or stretches changed, lost, put in or doubled."""
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


Case = Callable[[Path, Path, set[str], random.Random], tuple[int, str, str]]
_CASES: Mapping[str, Case] = {
    "bytes": of_bytes,
    "cell": of_cell,
    "sheet": of_sheet,
    "yaml": of_yaml,
    "option": of_option,
    "picture": of_picture,
}
