"""``ltmlbench data check|labels|sheet``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ltmlbench.contracts import Dataset
from ltmlbench.registry import load

if TYPE_CHECKING:
    from ltmlbench.data.samples import Samples


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Looks at a data set before anything is trained on it.

    check   reads every file of the folder and names what is missing or damaged (exit code 1)
    labels  writes one row of 0/1 labels per sample as CSV, and a summary
    sheet   draws some samples with their labels as one PNG
    """
    parser.add_argument("action", choices=("check", "labels", "sheet"))
    parser.add_argument("--dataset", default="fundus-sim")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="where the data set is")
    parser.add_argument("--out", type=Path, metavar="FILE", help="labels.csv or sheet.png")
    parser.add_argument("--size", type=int, default=192, help="sheet: pixels per picture")
    parser.add_argument("--number", type=int, default=32, help="sheet: how many pictures")
    arguments = parser.parse_args(given)
    dataset = load("dataset", arguments.dataset)
    if arguments.action == "check":
        return _check(dataset, arguments.data_dir)
    if arguments.action == "labels":
        return _labels(dataset, arguments.data_dir, arguments.out or Path("labels.csv"))
    out = arguments.out or Path("sheet.png")
    samples = dataset.load(arguments.data_dir)
    return _sheet(samples, arguments.dataset, out, arguments.size, arguments.number)


def _check(dataset: Dataset, folder: Path | None) -> int:
    problems = dataset.check(folder)
    samples = dataset.load(folder)
    print("\n".join(problems) if problems else "no problem found")
    print(f"{len(samples)} {samples.protocol.unit}s can be used")
    return 1 if problems else 0


def _labels(dataset: Dataset, folder: Path | None, out: Path) -> int:
    from ltmlbench.data.summary import describe, labels_frame
    from ltmlbench.store import write_atomic

    samples = dataset.load(folder)
    write_atomic(out, labels_frame(samples).to_csv(index=False))
    print(describe(samples))
    print(f"\nwritten: {out}")
    return 0


def _sheet(samples: Samples, title: str, out: Path, size: int, number: int) -> int:
    import numpy as np

    from ltmlbench.data.sheet import contact_sheet, save_sheet

    rows = (
        np.linspace(0, len(samples) - 1, max(1, min(number, len(samples)))).round().astype(np.int64)
    )
    save_sheet(contact_sheet(samples, rows, size, title=title), out)
    print(f"written: {out}")
    return 0
