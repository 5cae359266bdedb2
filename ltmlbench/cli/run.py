"""``ltmlbench run``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ltmlbench.cli.display import display
from ltmlbench.cli.settings import add_settings, settings_of


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Runs methods side by side and prints the table.

    Uses the embedded, simulated data set unless another is named. Nothing that is stored is done
    again: a benchmark that was stopped resumes, and only failed runs are retried.

    Exit code: 0 all runs done, 1 some failed (the rest are kept), 2 the request was wrong.
    """
    add_settings(parser)
    parser.add_argument(
        "--fresh",
        nargs="?",
        const="",
        metavar="ROW[,ROW]",
        help="discard what is stored and redo it: everything, or these rows and whatever was made "
        "from their stages; pictures are decoded again in either case",
    )
    arguments = parser.parse_args(given)

    from ltmlbench.api import run_benchmark
    from ltmlbench.benchmark import configure, make_benchmark
    from ltmlbench.cli.report import show
    from ltmlbench.fresh import forget
    from ltmlbench.results.claim import claim
    from ltmlbench.spec import split_outside_brackets
    from ltmlbench.store import cache_folder

    config, dataset = configure(*settings_of(arguments))
    claim(config.out, cache_folder(config.cache_dir))
    rows = split_outside_brackets(arguments.fresh or "")
    fresh = arguments.fresh is not None
    with display() as shown:
        benchmark = make_benchmark(
            config, dataset, decode=True, fresh=fresh, progress=shown.pictures
        )
        shown.notes(benchmark)
        if fresh:
            forget(benchmark, rows)
        result = run_benchmark(benchmark)
    show(result.results, result.about, result.out)
    return 1 if result.about.incomplete or result.unrecorded else 0
