"""``ltmlbench why``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ltmlbench.places import path_argument


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Prints how the identities of two results differ, one setting per line.

    A and B are rows as the table names them (their first runs are compared), run folders
    (out/runs/...), or the beginning of run names in --out.

    Example: ltmlbench why ib focal --out out/odir
    """
    parser.add_argument("a", metavar="A")
    parser.add_argument("b", metavar="B")
    parser.add_argument("--out", type=path_argument, default=Path("out"), help="where the runs are")
    arguments = parser.parse_args(given)

    from ltmlbench.identity import difference

    a, b = (_identity(name, arguments.out) for name in (arguments.a, arguments.b))
    print("\n".join(difference(a, b)) or "the same identity: nothing that changes numbers differs")
    return 0


def _identity(name: str, out: Path) -> Any:
    from ltmlbench.errors import DataError, RequestError
    from ltmlbench.results.find import find_run
    from ltmlbench.results.records import read_json

    folder, run = find_run(name, out)
    if run.failure and run.failure.kind == "unplanned":
        raise RequestError(f"{run.id} could not be planned, so it has no identity")
    try:
        return read_json(folder.run_folder(run.id) / "identity.json")
    except DataError as error:
        raise DataError(f"{run.id}: {error}") from None
