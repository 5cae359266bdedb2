"""``ltmlbench run``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext

from ltmlbench.cli.settings import add_settings, settings_of


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Runs methods side by side and prints the table.

    Uses the embedded, simulated data set unless another is named. Nothing that is stored is done
    again: a benchmark that was stopped resumes, and only failed runs are retried.

    Exit code: 0 all runs done, 1 some failed (the rest are kept), 2 the request was wrong.

    Example: ltmlbench run --methods ib,focal,"db[mu=0.2]" --folds 3 --out out/losses
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
    parser.add_argument(
        "--profile",
        action="store_true",
        help="also print where the time of each row went; nothing is measured anew",
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no progress: the table, and what went wrong"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="in place of the table every event as a line of JSON on standard output",
    )
    arguments = parser.parse_args(given)

    from ltmlbench.api import run_benchmark
    from ltmlbench.benchmark import configure, make_benchmark
    from ltmlbench.cli.display import display
    from ltmlbench.cli.events import json_events
    from ltmlbench.cli.report import show
    from ltmlbench.fresh import forget
    from ltmlbench.in_use import in_use
    from ltmlbench.results.claim import claim
    from ltmlbench.spec import split_outside_brackets
    from ltmlbench.store import cache_folder

    config, dataset = configure(*settings_of(arguments))
    cache = cache_folder(config.cache_dir)
    claim(config.out, cache)
    rows = split_outside_brackets(arguments.fresh or "")
    fresh = arguments.fresh is not None
    told = json_events() if arguments.json else nullcontext()
    with told, display(quiet=arguments.quiet) as shown, in_use(cache) as use:
        benchmark = make_benchmark(
            config, dataset, decode=True, fresh=fresh, progress=shown.pictures
        )
        use.only(benchmark.uses)
        shown.notes(benchmark)
        if fresh:
            forget(benchmark, rows)
        result = run_benchmark(benchmark)
    show(result.results, result.about, result.out, table=not arguments.json)
    if arguments.profile:
        from ltmlbench.report.spent import spent_table
        from ltmlbench.results.folder import OutFolder

        where = sys.stderr if arguments.json else sys.stdout
        folder = OutFolder(result.out)
        print(f"\n{spent_table([folder.run(run.id) for run in benchmark.grid.runs])}", file=where)
    return 1 if result.about.incomplete or result.unrecorded else 0
