"""``ltmlbench audit``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Says which numbers of a published table contradict each other, and what they would need.

    FILE is a CSV with the columns method, kappa, accuracy or f1, auc (any of them, as printed,
    also "0.635 ± 0.009") and where known block (rows that share their data, such as a backbone)
    and n; or YAML with the same under "rows", and "density". The density is the share of positives
    among all samples × labels. Rounding is taken into account.

    Example: ltmlbench audit published.csv --density 0.16
    """
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument(
        "--density",
        action="append",
        default=[],
        metavar="[NAME=]VALUE",
        help="a known share of positives; may be repeated: as often as you like",
    )
    arguments = parser.parse_args(given)

    from ltmlbench.report.audited import audited
    from ltmlbench.report.published import read_published

    print(audited(read_published(arguments.file, arguments.density)), end="")
    return 0
