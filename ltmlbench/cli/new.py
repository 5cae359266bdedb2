"""``ltmlbench new``: a plugin package to start from."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from ltmlbench.hooks import KINDS
from ltmlbench.places import path_argument
from ltmlbench.scaffold import create


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Writes a small, complete, installable package that brings one component: its project file,
    a module that imports ltmlbench.plugin alone, a test of its contract, a file for CI. Nothing is
    overwritten.

    Example: ltmlbench new loss my-loss
    """
    parser.add_argument("kind", metavar="KIND", help=f"one of: {', '.join(KINDS)}")
    parser.add_argument("name", metavar="NAME", help="what users will type, e.g. my-loss")
    parser.add_argument(
        "--in", dest="parent", type=path_argument, metavar="DIR", default=Path("."),
        help="where the folder ltmlbench-NAME is made (default: here)",
    )  # fmt: skip
    arguments = parser.parse_args(given)
    package = create(arguments.kind, arguments.name, arguments.parent)
    folder, component = shlex.quote(str(package.folder)), f"{package.kind}/{package.name}"
    print(
        f"{package.folder} is written: a {package.kind} {package.name!r} that works. Next:",
        f"  pip install --no-deps -e {folder}",
        f"  ltmlbench check {component}",
        f"  python -m pytest {folder}",
        f"then change {package.folder / package.module / package.kind}.py, "
        f"and ask for {component} by its name.",
        sep="\n",
    )
    return 0
