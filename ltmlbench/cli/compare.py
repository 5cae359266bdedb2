"""``ltmlbench compare``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Says what the test rows can resolve, and which differences between rows are decided.

    Per fold and seed, against one row: differences with intervals and adjusted p values, Bayesian
    probabilities, shared places, and how often each row leads over resamples of the groups
    of the stored predictions; then the same of head, medium and tail and of each label.
    A folder that kept only results.csv and config.yaml is compared over its folds.

    Example: ltmlbench compare out/odir --against ib --metric map --format latex
    """
    parser.add_argument("out", nargs="?", type=Path, default=Path("out"), help="the --out of a run")
    parser.add_argument(
        "--against", metavar="ROW", help="a row or a floor (default: ib, else the first row)"
    )
    parser.add_argument("--metric", help="default: the first of the headline")
    parser.add_argument("--unit", help="what is counted, e.g. group (default: the headline's)")
    parser.add_argument("--rope", type=float, default=0.01, help="equivalent in practice (0.01)")
    parser.add_argument("--resamples", type=int, default=2000, help="of the groups; 0: none")
    parser.add_argument("--format", choices=("md", "csv", "latex"), default="md")
    arguments = parser.parse_args(given)

    from ltmlbench.errors import RequestError
    from ltmlbench.report.differences import choose, split_blocks
    from ltmlbench.report.evidence import read_evidence
    from ltmlbench.report.formats import written

    if arguments.rope < 0 or arguments.resamples < 0:
        raise RequestError("--rope and --resamples are not negative")
    evidence = read_evidence(arguments.out, floor=arguments.against)
    blocks = split_blocks(
        evidence,
        choose(arguments.unit, evidence.units, "unit"),
        choose(arguments.metric, evidence.metrics, "metric"),
        choose(arguments.against, evidence.rows, "row", first="ib"),
        rope=arguments.rope,
        count=arguments.resamples,
    )
    found = [written(block, arguments.format) for block in blocks]
    if not found:
        raise RequestError(f"{arguments.out} holds one row: there is nothing to compare it with")
    print("\n".join(found))
    return 0
