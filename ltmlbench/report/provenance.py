"""Where the numbers of a page come from: runs, splits, networks, machines. HTML parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from ltmlbench.results.records import RunRecord


def runs_table(runs: Sequence[RunRecord]) -> str:
    """Every run with its state, and a link to its folder."""
    header = ("run", "method", "backbone", "split", "seed", "state", "fit, s")
    return _table(header, [_run(run) for run in runs])


def splits_table(runs: Sequence[RunRecord]) -> str:
    """Size and fingerprint of every split, to compare between machines."""
    splits = {run.split.fingerprint: run.split for run in runs if run.split}
    rows = [
        [
            escape(split.name),
            *(str(size) for size in (split.train, split.val, split.test)),
            escape(digest[:16]),
        ]
        for digest, split in splits.items()
    ]
    return _table(("split", "train", "validation", "test", "fingerprint"), rows)


def networks_list(runs: Sequence[RunRecord]) -> str:
    """Per backbone: where its weights came from, and its arithmetic."""
    networks: dict[str, dict[str, Any]] = {}
    for run in runs:
        for part in ("weights", "numerics"):
            terms = run.network.get(part)
            if isinstance(terms, Mapping):
                networks.setdefault(run.backbone, {}).update(terms)
    lists = (f"<h3>{escape(name)}</h3>{_terms(terms)}" for name, terms in networks.items() if terms)
    return "".join(lists)


def environment_list(runs: Sequence[RunRecord]) -> str:
    """Versions and machine that trained; each, if the runs were made in several environments."""
    groups: dict[str, list[RunRecord]] = {}
    for run in runs:
        groups.setdefault(json.dumps(dict(run.environment), sort_keys=True), []).append(run)
    parts = []
    for members in groups.values():
        rows = dict.fromkeys(run.method for run in members)
        several = len(groups) > 1
        count = f"{len(members)} of {len(runs)} runs: {', '.join(rows)}" if several else ""
        parts.append(f"<h3>{escape(count)}</h3>" if several else "")
        parts.append(_terms(members[0].environment) or "<p>unknown: it was not recorded</p>")
    return "".join(parts)


def _run(run: RunRecord) -> list[str]:
    link = f'<a href="runs/{quote(run.id)}/">{escape(run.id)}</a>'
    kind = run.failure.kind if run.failure else ""
    state = f'<span class="bad">failed: {escape(kind)}</span>' if kind else escape(run.status)
    seconds = f"{run.seconds['fit']:.0f}" if "fit" in run.seconds else ""
    names = (escape(str(name)) for name in (run.method, run.backbone, run.fold, run.seed))
    return [link, *names, state, seconds]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """``rows`` are HTML already."""
    if not rows:
        return ""
    head = "".join(f'<th class="name">{escape(name)}</th>' for name in header)
    body = "".join(
        "<tr>" + "".join(f'<td class="name">{cell}</td>' for cell in row) + "</tr>" for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _terms(terms: Mapping[str, Any]) -> str:
    items: Iterable[str] = (
        f"<dt>{escape(str(key))}</dt><dd>{escape(str(value))}</dd>"
        for key, value in terms.items()
        if value not in ("", None)
    )
    inner = "".join(items)
    return f"<dl>{inner}</dl>" if inner else ""
