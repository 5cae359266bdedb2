"""``ltmlbench why``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ltmlbench.cli.runs import read_json, run_folder
from ltmlbench.places import path_argument


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Prints how the identities of two results differ, one setting per line.

    A and B are run folders (out/runs/...), or the beginning of run names in --out.
    """
    parser.add_argument("a", metavar="A")
    parser.add_argument("b", metavar="B")
    parser.add_argument("--out", type=path_argument, default=Path("out"), help="where the runs are")
    arguments = parser.parse_args(given)

    from ltmlbench.identity import difference

    folders = (run_folder(n, arguments.out, "identity.json") for n in (arguments.a, arguments.b))
    a, b = (read_json(folder / "identity.json") for folder in folders)
    print("\n".join(difference(a, b)) or "the same identity: nothing that changes numbers differs")
    return 0
