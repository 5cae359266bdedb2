"""Where the numbers of a page come from: runs, splits, networks, machines. HTML parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

RunRecord = Mapping[str, Any]
"""The content of a ``run.json``."""


def runs_table(runs: Sequence[RunRecord]) -> str:
    """Every run with its state, and a link to its folder."""
    header = ("run", "method", "backbone", "split", "seed", "state", "fit, s")
    return _table(header, [_run(run) for run in runs])


def splits_table(runs: Sequence[RunRecord]) -> str:
    """Size and fingerprint of every split, to compare between machines."""
    splits = {run["split"]["fingerprint"]: run["split"] for run in runs if "split" in run}
    rows = [
        [
            escape(split["name"]),
            *(str(split[part]) for part in ("train", "val", "test")),
            digest[:16],
        ]
        for digest, split in splits.items()
    ]
    return _table(("split", "train", "validation", "test", "fingerprint"), rows)


def networks_list(runs: Sequence[RunRecord]) -> str:
    """Per backbone: where its weights came from, and its arithmetic."""
    networks: dict[str, dict[str, Any]] = {}
    for run in runs:
        network = run.get("network", {})
        for part in ("weights", "numerics"):
            networks.setdefault(run["backbone"], {}).update(network.get(part, {}))
    lists = (f"<h3>{escape(name)}</h3>{_terms(terms)}" for name, terms in networks.items() if terms)
    return "".join(lists)


def environment_list(runs: Sequence[RunRecord]) -> str:
    """Versions and machine; each, if the runs were made in several environments."""
    counts: dict[str, int] = {}
    for run in runs:
        text = json.dumps(run.get("environment", {}))
        counts[text] = counts.get(text, 0) + 1
    several = len(counts) > 1
    parts = []
    for text, count in counts.items():
        heading = f"<h3>{count} of {len(runs)} runs</h3>" if several else ""
        parts.append(heading + _terms(json.loads(text)))
    return "".join(parts)


def _run(run: RunRecord) -> list[str]:
    link = f'<a href="runs/{quote(run["id"])}/">{escape(run["id"])}</a>'
    kind = run.get("failure", {}).get("kind", "")
    state = f'<span class="bad">failed: {escape(kind)}</span>' if kind else escape(run["status"])
    seconds = f"{run['seconds_fit']:.0f}" if "seconds_fit" in run else ""
    names = (escape(str(run[key])) for key in ("method", "backbone", "fold", "seed"))
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
