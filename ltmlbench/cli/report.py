"""``ltmlbench report``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ltmlbench.places import path_argument

if TYPE_CHECKING:
    import pandas as pd

    from ltmlbench.report.about import About


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Rewrites table.md, results.csv, summary.csv and report.html, and prints the table.

    Every number is computed from the stored predictions; nothing is trained, and the data set is
    not needed.

    Exit code: 0 all runs done, 1 some failed or cannot be read, 2 the request was wrong.

    Example: ltmlbench report out/odir --metrics map,macro_f1
    """
    parser.add_argument(
        "out", nargs="?", type=path_argument, default=Path("out"), help="the --out of a run"
    )
    parser.add_argument("--metrics", help="the columns (default: those of the run)")
    parser.add_argument(
        "--format",
        choices=("md", "csv", "latex"),
        help="print the headline tables so, for a paper, in place of the short table",
    )
    arguments = parser.parse_args(given)

    from ltmlbench.report.folder import write_report
    from ltmlbench.report.formats import written
    from ltmlbench.spec import split_outside_brackets

    report = write_report(arguments.out, split_outside_brackets(arguments.metrics or ""))
    if arguments.format:
        print("\n".join(written(block, arguments.format) for block in report.paper()))
    else:
        show(report.results, report.about, arguments.out)
    return 1 if report.about.incomplete else 0


def show(results: pd.DataFrame, about: About, out: Path, *, table: bool = True) -> None:
    """Prints the headline table, failures, and where the rest is; or the failures alone."""
    from ltmlbench.report.table import print_table

    if table:
        print_table(results, about)
        print(f"\nwritten: {out / 'table.md'}, report.html, results.csv, summary.csv, runs/")
    for run, cause in about.failures.items():
        print(f"ltmlbench: {run} failed: {cause}", file=sys.stderr)
    again = f"`ltmlbench run --config {out / 'config.yaml'} --out {out}` writes it again"
    for run, cause in about.damaged.items():
        print(f"ltmlbench: {run} cannot be read: {cause}; {again}", file=sys.stderr)
    for run, cause in about.unexplained.items():
        print(f"ltmlbench: {run} is done, but its explanation failed: {cause}", file=sys.stderr)
