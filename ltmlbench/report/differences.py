"""Differences to a baseline as blocks of a report: is the order of the rows decided?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from ltmlbench.arrays import Floats
from ltmlbench.errors import RequestError, did_you_mean
from ltmlbench.evaluation.comparison import Comparison, Pairs, compare_cells
from ltmlbench.evaluation.paired import LEVEL, Difference, wilson
from ltmlbench.registry import load
from ltmlbench.report.blocks import Block, Cell, Line
from ltmlbench.report.evidence import Evidence

ROPE = 0.01
RESAMPLES = 2000
NAMED = 5
"""Rivals of a leader that are named."""


def difference_blocks(evidence: Evidence) -> list[Block]:
    """The headline metrics' differences, for table.md and report.html.

    Folds are tested over folds, from the results alone. Single splits are resampled. No blocks if
    there are not two rows.
    """
    if len(evidence.rows) < 2:
        return []
    names = [name for name in evidence.metrics if name in evidence.protocol.headline]
    unit = evidence.units[0]
    baseline = choose(None, evidence.rows, "row", first="ib")
    return [
        block
        for metric in names
        for block in split_blocks(evidence, unit, metric, baseline, draw_folds=False, parts=False)
    ]


def split_blocks(
    evidence: Evidence,
    unit: str,
    metric: str,
    baseline: str,
    *,
    rope: float = ROPE,
    count: int = RESAMPLES,
    draw_folds: bool = True,
    parts: bool = True,
) -> Iterator[Block]:
    """For all folds together, and for each official test set: the differences in a metric.

    Args:
        unit, metric, baseline: as `Evidence` names them.
        rope: region of practical equivalence.
        count: resamples of the groups; 0: none.
        draw_folds: also resample where folds can be tested without it.
        parts: also a block of head, medium and tail and of each label.
    """
    for name, folds in evidence.splits.items():
        values = evidence.values(unit, metric, folds)
        defined = values[""].dropna(axis="columns", how="all") if "" in values else pd.DataFrame()
        if baseline not in defined or len(defined.columns) < 2:
            continue
        wanted = count > 0 and (draw_folds or len(folds) == 1)
        draws = evidence.draws(unit, metric, folds, count) if wanted else {}
        share = evidence.test_share
        higher = load("metric", metric).higher_is_better
        compared = Pairs(defined, share, draws.get(""), higher=higher).against(baseline, rope)
        title = _titled(f"{metric} per {unit}, {name}: differences to {baseline}", evidence)
        yield difference_block(compared, title, metric, evidence.group)
        cells = {part: frame for part, frame in values.items() if part}
        if parts and cells:
            title = _titled(f"{metric} of labels per {unit}, {name}", evidence)
            yield part_block(cells, baseline, share, draws, title)


def choose(name: str | None, known: Sequence[str], kind: str, first: str = "") -> str:
    """A name that was asked for; else ``first`` if it is known, else the first known.

    Raises:
        RequestError: it is not known.
    """
    if name is None:
        return first if first in known else known[0]
    if name not in known:
        hint = did_you_mean(name, known) or f": there are {', '.join(known)}"
        raise RequestError(f"no {kind} {name!r} in these results{hint}")
    return name


def difference_block(compared: Comparison, title: str, metric: str, group: str) -> Block:
    """Rows, best mean first: difference, interval, p, probabilities, places."""
    header = ["method", "mean", "difference", "95 % interval", "p (Holm)"]
    header += [f"P(worse) / P(within {compared.rope:g}) / P(better)", "place"]
    header += [f"95 % over {group}s"] if _both(compared) else []
    header += ["leads"] if compared.leads else []
    lines = tuple(Line(tuple(_cells(compared, row))) for row in compared.means)
    return Block(
        title,
        tuple(header),
        lines,
        f"{how(compared, group)} Bold: p below 0.05.",
        texts=1,
        notes=tuple(_notes(compared, metric, group)),
        lead=f"{resolution(compared, metric, group)} {answer(compared, metric)}",
    )


def part_block(
    values: Mapping[str, pd.DataFrame],
    baseline: str,
    test_share: float,
    draws: Mapping[str, Mapping[str, Floats]],
    title: str,
) -> Block:
    """Head, medium, tail and each label × rows: difference to the baseline with its interval."""
    cells, adjusted = compare_cells(values, baseline, test_share, draws)
    rows = list(dict.fromkeys(row for _, row in cells))
    lines = []
    for part in dict.fromkeys(part for part, _ in cells):
        found = [(cells.get((part, row)), adjusted.get((part, row), math.nan)) for row in rows]
        texts = (
            Cell("", value=math.nan)
            if difference is None
            else Cell(_spelled(difference), bold=p < LEVEL, value=difference.mean)
            for difference, p in found
        )
        lines.append(Line((Cell(part), *texts)))
    decided = sum(p < LEVEL for p in adjusted.values())
    return Block(
        title,
        ("labels", *(f"{row} − {baseline}" for row in rows)),
        tuple(lines),
        f"Difference to {baseline} with its 95 % interval, made as above and not adjusted. Bold: "
        f"decided at 5 % after Holm's correction for all {len(cells)} cells ({decided} of them).",
        texts=1,
    )


def _cells(compared: Comparison, row: str) -> Iterable[Cell]:
    mean = compared.means[row]
    yield Cell(row)
    yield Cell(_plain(mean), value=mean)
    if row == compared.baseline:
        yield from (Cell("baseline"), Cell(""), Cell(""), Cell(""))
    else:
        difference, chance = compared.differences[row], compared.probabilities[row]
        yield Cell(_signed(difference.mean), compared.decided(row), difference.mean)
        yield Cell(_interval(difference))
        yield Cell(_p(compared.adjusted[row]), value=compared.adjusted[row])
        known = not math.isnan(chance.same)
        yield Cell(" / ".join(f"{value:.2f}" for value in chance) if known else "")
    low, high = compared.ranks[row]
    yield Cell(str(low) if low == high else f"{low}–{high}")
    if _both(compared):
        yield Cell(_interval(compared.resampled[row]) if row in compared.resampled else "")
    if compared.leads:
        share = compared.leads.get(row, math.nan)
        yield Cell("" if math.isnan(share) else f"{100 * share:.1f} %", value=share)


def resolution(compared: Comparison, metric: str, group: str) -> str:
    """Which true differences can be found at all, in words."""
    if math.isnan(compared.resolves):
        return "No test is possible: there is one split, and no stored predictions to resample."
    what = f"{compared.folds} folds" if compared.folds > 1 else f"This test set, by {group},"
    verb = "resolve" if compared.folds > 1 else "resolves"
    others = len(compared.differences)
    alone = f"; {_plain(compared.resolves_alone)} if there were one" if others > 1 else ""
    return (
        f"{what} {verb} true differences in {metric} of about {_plain(compared.resolves)} or more: "
        f"such a one is found with a chance of 80 %, {others} row{'s' * (others > 1)} compared"
        f"{alone}."
    )


def answer(compared: Comparison, metric: str) -> str:
    """Who leads, and whether that is decided, in words."""
    leader = compared.leader
    best = "Highest" if compared.higher else "Lowest (best)"
    said = f"{best} mean {metric}: {leader}, {_plain(compared.means[leader])}."
    rivals = compared.rivals
    if not rivals:
        return f"{said} Its lead is decided."
    more = f" and {len(rivals) - NAMED} more" if len(rivals) > NAMED else ""
    listed = ", ".join(rivals[:NAMED]) + more
    return f"{said} Its lead is not decided: {listed} may be as good or better."


def how(compared: Comparison, group: str) -> str:
    """How differences, intervals and p were made, in words."""
    if compared.folds > 1:
        seeds = f", seeds averaged ({compared.seeds})" if compared.seeds > 1 else ""
        return (
            f"Difference: mean of the paired differences over {compared.folds} folds{seeds}. "
            "Interval and p: Nadeau and Bengio's corrected resampled t-test, two-sided, which "
            "allows for training rows that folds share; intervals are not adjusted, p is Holm's, "
            "for all rows together."
        )
    if compared.resampled:
        return (
            f"Difference: on one test set. Interval and p: {compared.resamples} resamples of its "
            f"{group}s, the same for all rows; intervals are not adjusted, p is Holm's, for all "
            "rows together. The training is taken as given: another seed or "
            "other training rows are not in these intervals."
        )
    return "Difference: on one test set; no interval can be given without stored predictions."


def _notes(compared: Comparison, metric: str, group: str) -> Iterator[str]:
    if math.isnan(compared.resolves):
        return
    yield (
        "P: posterior probabilities (Bayesian correlated t-test) that the row is truly worse by "
        f"more than {compared.rope:g}, within {compared.rope:g}, better by more"
    )
    yield (
        "place: the places a row can have, from tests of all pairs with Holm's correction; rows "
        "whose order is not decided share places"
    )
    if _both(compared):
        yield (
            f"95 % over {group}s: difference of these trained networks over {compared.resamples} "
            f"resamples of the test {group}s of every fold; training again is not in it, so it is "
            "narrower than what another training would give"
        )
    if compared.leads:
        top = max(compared.leads.values())
        low, high = wilson(round(top * compared.resamples), compared.resamples)
        yield (
            f"leads: share of the {compared.resamples} resamples in which a row has the best "
            f"{metric}; the largest is good to {100 * low:.1f} to {100 * high:.1f} % (Wilson)"
        )


def _both(compared: Comparison) -> bool:
    return compared.folds > 1 and bool(compared.resampled)


def _titled(text: str, evidence: Evidence) -> str:
    return f"SIMULATED · {text}" if evidence.results["simulated"].any() else text


def _spelled(difference: Difference) -> str:
    if math.isnan(difference.mean):
        return "undefined"
    interval = _interval(difference)
    return f"{_signed(difference.mean)} [{interval}]" if interval else _signed(difference.mean)


def _interval(difference: Difference) -> str:
    if math.isnan(difference.low):
        return ""
    return f"{_signed(difference.low)} to {_signed(difference.high)}"


def _plain(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{round(value, 3) + 0.0:.3f}"


def _signed(value: float) -> str:
    return f"{round(value, 3) + 0.0:+.3f}".replace("-", "−")


def _p(value: float) -> str:
    return "" if math.isnan(value) else "<0.001" if value < 0.001 else f"{value:.3f}"
