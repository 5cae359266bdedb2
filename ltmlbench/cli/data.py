"""``ltmlbench data check|labels|sheet``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ltmlbench.cli.arguments import path_argument
from ltmlbench.contracts import Dataset
from ltmlbench.errors import RequestError
from ltmlbench.registry import load


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Looks at a data set before anything is trained on it.

    check   reads every file of the folder and names what is missing or damaged (exit code 1)
    labels  writes one row of 0/1 labels per sample as CSV, and a summary
    sheet   draws some samples with their labels as one PNG
    """
    parser.add_argument("action", choices=("check", "labels", "sheet"))
    parser.add_argument("--dataset", default="fundus-sim")
    parser.add_argument(
        "--data-dir", type=path_argument, metavar="DIR", help="where the data set is"
    )
    parser.add_argument("--out", type=path_argument, metavar="FILE", help="labels.csv or sheet.png")
    parser.add_argument("--size", type=int, default=192, help="sheet: pixels per picture")
    parser.add_argument("--number", type=int, default=32, help="sheet: how many pictures")
    parser.add_argument("--lesions", action="store_true", help="sheet: outline the lesion masks")
    arguments = parser.parse_args(given)
    dataset = load("dataset", arguments.dataset)
    if arguments.action == "check":
        return _check(dataset, arguments.data_dir)
    if arguments.action == "labels":
        return _labels(dataset, arguments.data_dir, arguments.out or Path("labels.csv"))
    return _sheet(dataset, arguments)


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


def _sheet(dataset: Dataset, arguments: argparse.Namespace) -> int:
    import numpy as np

    from ltmlbench.feeds.pictures.sheet import contact_sheet, save_sheet

    samples = dataset.load(arguments.data_dir)
    if arguments.lesions and samples.masks is None:
        raise RequestError(f"{arguments.dataset} has no lesion masks: leave --lesions out")
    number = max(1, min(arguments.number, len(samples)))
    rows = np.linspace(0, len(samples) - 1, number).round().astype(np.int64)
    sheet = contact_sheet(
        samples, rows, arguments.size, title=arguments.dataset, lesions=arguments.lesions
    )
    out = arguments.out or Path("sheet.png")
    save_sheet(sheet, out)
    print(f"written: {out}")
    return 0
