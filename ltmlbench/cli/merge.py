"""``ltmlbench merge``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ltmlbench.errors import printable
from ltmlbench.places import path_argument


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Makes one output folder of several, with one table, and says what differs between them.

    For a grid that several machines shared: each ran some of its rows, networks or seeds. The
    folders must have the same data, splits, protocol and schedule. A run that lies in several is
    compared, and taken from the first that has it done. The folders given stay as they are.

    Exit code: 0 all runs done, 1 some failed or cannot be read, 2 the request was wrong.

    Example: ltmlbench merge machine-1/out machine-2/out --out both
    """
    parser.add_argument("folders", nargs="+", type=path_argument, metavar="OUT")
    parser.add_argument(
        "--out", type=path_argument, required=True, metavar="NEW", help="the new folder"
    )
    arguments = parser.parse_args(given)

    from ltmlbench.cli.report import show
    from ltmlbench.report.folder import write_report
    from ltmlbench.results.merge import merge

    out: Path = arguments.out
    merged = merge(arguments.folders, out)
    report = write_report(out)
    show(report.results, report.about, out)
    for line in merged.account or ["nothing that was recorded differs between the folders"]:
        print(f"  {printable(line, 1000)}")
    for line in merged.damaged:
        print(f"ltmlbench: left out: {printable(line, 1000)}", file=sys.stderr)
    return 1 if report.about.incomplete or merged.damaged else 0
