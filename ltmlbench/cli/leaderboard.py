"""``ltmlbench leaderboard``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ltmlbench.places import path_argument


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Prints the rows of several output folders in one metric, with cost, versions and machines.

    Folders whose data, splits, protocol and schedule are the same stand in one table, all others
    in one of their own; so does every official test set. A folder that kept only results.csv is
    shown too, without what it did not keep.

    Example: ltmlbench leaderboard out/a out/b --metric map
    """
    parser.add_argument("outs", nargs="+", type=path_argument, metavar="OUT", help="--out of a run")
    parser.add_argument("--metric", help="default: the first of each headline")
    parser.add_argument("--unit", help="what is counted (default: the headline's)")
    parser.add_argument("--format", choices=("md", "csv", "latex"), default="md")
    arguments = parser.parse_args(given)

    from ltmlbench.report.formats import written
    from ltmlbench.report.leaderboard import leaderboard_blocks

    blocks = leaderboard_blocks(arguments.outs, arguments.metric, arguments.unit)
    print("\n".join(written(block, arguments.format) for block in blocks))
    return 0
