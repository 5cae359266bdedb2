"""The gallery: every component that is installed, from the registry, as Markdown.

python docs/gallery.py > gallery.md
"""

from __future__ import annotations

from collections.abc import Iterator

from ltmlbench.cli.catalog import facts
from ltmlbench.hooks import KINDS
from ltmlbench.registry import Entry, registry

TITLES = {
    "method": "Methods: the rows of a table",
    "loss": "Losses",
    "sampler": "Samplers",
    "head": "Heads",
    "distillation": "Distillations",
    "subsets": "Subset generators",
    "pretraining": "Pre-trainings",
    "backbone": "Backbones",
    "metric": "Metrics",
    "explanation": "Explanations",
    "dataset": "Data sets",
    "feed": "Feeds",
    "engine": "Engines",
    "tracker": "Trackers",
}
"""Kinds in the order of the page. A kind without a title here comes last under its own name."""


def gallery() -> str:
    """A section per kind, an entry per component: what it is, formula, source, what is ours, what
    its numbers were held against, and its options."""
    kinds = [*TITLES, *(kind for kind in KINDS if kind not in TITLES)]
    parts = [
        "# Gallery",
        "Every component that comes with ltmlbench. Name one on the command line with its options "
        "in brackets, `focal[gamma=3]`; `ltmlbench info NAME` says the same as this page, at more "
        "length. *Checked* is what its numbers were held against in the tests: *golden* numbers "
        "are what the authors' released code printed.",
    ]
    for kind in kinds:
        entries = [entry for entry in registry().entries(kind) if entry.own]
        if entries:
            parts += [f"## {TITLES.get(kind, kind)}", *map(_entry, entries)]
    return "\n\n".join(parts) + "\n"


def _entry(entry: Entry) -> str:
    names = ", ".join(f"`{name}`" for name in entry.names)
    reduced = " (reduced re-implementation)" if entry.record.reduced else ""
    return "\n\n".join([f"### {names}{reduced}", _sentence(entry.record.summary), *_list(entry)])


def _list(entry: Entry) -> Iterator[str]:
    told = facts(entry.record)
    lines = [f"- **{name}**: {_text(name, text)}" for name, text in told.items()]
    options = registry().component_class(entry).model_fields
    if options:
        lines.append(f"- **options**: {', '.join(f'`{name}`' for name in options)}")
    if lines:
        yield "\n".join(lines)


def _text(name: str, text: str) -> str:
    """Formulas as code: Markdown would take their stars and underscores for its own."""
    return f"`{text}`" if name == "formula" else text


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].removesuffix(".") + "."


if __name__ == "__main__":
    print(gallery(), end="")
