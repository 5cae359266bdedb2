"""``ltmlbench data check|labels|sheet``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ltmlbench.contracts import Dataset
from ltmlbench.errors import DataError, RequestError, printable
from ltmlbench.places import path_argument
from ltmlbench.registry import load, registry


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Looks at a data set before anything is trained on it.

    check   reads every file of the folder and names what is missing or damaged (exit code 1)
    labels  writes one row of 0/1 labels per sample as CSV, and a summary
    sheet   draws some samples with their labels as one PNG

    Example: ltmlbench data sheet --dataset odir5k --data-dir /path/to/ODIR-5K --out some.png
    """
    parser.add_argument("action", choices=("check", "labels", "sheet"))
    parser.add_argument("--dataset", help="default: the embedded, simulated one")
    parser.add_argument(
        "--data-dir", type=path_argument, metavar="DIR", help="where the data set is"
    )
    parser.add_argument("--out", type=path_argument, metavar="FILE", help="labels.csv or sheet.png")
    parser.add_argument("--size", type=int, default=192, help="sheet: pixels per picture")
    parser.add_argument("--number", type=int, default=32, help="sheet: how many pictures")
    parser.add_argument("--structures", action="store_true", help="sheet: outline what has masks")
    arguments = parser.parse_args(given)
    arguments.dataset = arguments.dataset or registry().embedded()
    dataset = load("dataset", arguments.dataset)
    if arguments.action == "check":
        return _check(dataset, arguments)
    if arguments.action == "labels":
        return _labels(dataset, arguments)
    return _sheet(dataset, arguments)


def _check(dataset: Dataset, arguments: argparse.Namespace) -> int:
    from ltmlbench.data.checks import check
    from ltmlbench.data.reading import load_samples

    samples = load_samples(dataset, arguments.data_dir, arguments.dataset)
    lines = check(dataset, arguments.data_dir, samples)
    print("\n".join(printable(line, 1000) for line in lines) or "no problem found")
    print(f"{len(samples)} {samples.protocol.unit}s can be used")
    return 1 if lines else 0


def _labels(dataset: Dataset, arguments: argparse.Namespace) -> int:
    from ltmlbench.data.reading import load_samples
    from ltmlbench.data.summary import labels_frame, summarize
    from ltmlbench.store import write_atomic

    out = _file(arguments.out or Path("labels.csv"), ".csv")
    samples = load_samples(dataset, arguments.data_dir, arguments.dataset)
    with _writing(out):
        write_atomic(out, labels_frame(samples).to_csv(index=False))
    for line in summarize(samples).splitlines():
        print(printable(line, 1000))
    print(f"\nwritten: {out}")
    return 0


def _sheet(dataset: Dataset, arguments: argparse.Namespace) -> int:
    import numpy as np

    from ltmlbench.data.reading import load_samples
    from ltmlbench.feeds.pictures.sheet import contact_sheet, save_sheet

    out = _file(arguments.out or Path("sheet.png"), ".png")
    if not 16 <= arguments.size <= 1024:
        raise RequestError(f"--size {arguments.size}: give 16 to 1024 pixels per picture")
    if not 1 <= arguments.number <= 1000:
        raise RequestError(f"--number {arguments.number}: give 1 to 1000 pictures")
    samples = load_samples(dataset, arguments.data_dir, arguments.dataset)
    if arguments.structures and samples.masks is None:
        raise RequestError(f"{arguments.dataset} has no masks: leave --structures out")
    if not len(samples):
        raise DataError(f"{arguments.dataset}: there is no {samples.protocol.unit} to draw")
    number = min(arguments.number, len(samples))
    rows = np.linspace(0, len(samples) - 1, number).round().astype(np.int64)
    sheet = contact_sheet(
        samples, rows, arguments.size, title=arguments.dataset, structures=arguments.structures
    )
    with _writing(out):
        save_sheet(sheet, out)
    print(f"written: {out}")
    return 0


def _file(out: Path, suffix: str) -> Path:
    """``--out``, refused before any work if nothing of this kind can be written there."""
    if out.is_dir():
        raise RequestError(
            f"--out {out} is a folder: give a file, such as {out / out.stem}{suffix}"
        )
    if out.suffix.lower() != suffix:
        raise RequestError(f"--out {out}: what is written is {suffix}, call it {out.stem}{suffix}")
    return out


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RequestError(f"--out {out} cannot be written ({error.strerror})") from error
