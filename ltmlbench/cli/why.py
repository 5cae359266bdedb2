"""``ltmlbench why``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ltmlbench.errors import RequestError


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Prints how the identities of two results differ, one setting per line.

    A and B are run folders (out/runs/...), or the beginning of run names in --out.
    """
    parser.add_argument("a", metavar="A")
    parser.add_argument("b", metavar="B")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where the runs are")
    arguments = parser.parse_args(given)

    from ltmlbench.identity import difference

    a, b = (_preimage(name, arguments.out) for name in (arguments.a, arguments.b))
    print("\n".join(difference(a, b)) or "the same identity: nothing that changes numbers differs")
    return 0


def _preimage(name: str, out: Path) -> Any:
    folder = Path(name)
    if not (folder / "identity.json").is_file():
        found = sorted(out.glob(f"runs/{name}*/identity.json"))
        if len(found) != 1:
            number = "no run" if not found else f"{len(found)} runs"
            raise RequestError(
                f"{number} in {out / 'runs'} begin with {name!r}: give a run folder, or --out DIR"
            )
        folder = found[0].parent
    return json.loads((folder / "identity.json").read_text())
