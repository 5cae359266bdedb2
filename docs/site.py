"""Pages of the documentation that are made when it is built: a page per kind of component, the
command line, and the gallery. A hook of MkDocs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from ltmlbench.cli import VERBS, parser_of
from ltmlbench.hooks import KINDS, ComponentHooks
from ltmlbench.registry import registry
from ltmlbench.scaffold.package import Package
from ltmlbench.testing import checks_of

ROOT = Path(__file__).parents[1]
GALLERY = Path(__file__).with_name("gallery.py")
TITLES = {"dataset": "Data set", "pretraining": "Pre-training", "subsets": "Label subsets"}


def on_config(config: Any) -> Any:
    """The pages that are made stand in the navigation, too."""
    kinds = [{title(kind): f"kinds/{kind}.md"} for kind in KINDS]
    for section in config["nav"]:
        if "Write a plugin" in section:
            section["Write a plugin"] += [{"Kinds of components": kinds}]
        if "Look up" in section and GALLERY.exists():
            section["Look up"].append({"Gallery": "gallery.md"})
    return config


def on_files(files: Any, config: Any) -> Any:
    from mkdocs.structure.files import File

    for place, text in pages().items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links to what is no part of the site (measured results) become the place in the source."""
    inside = re.sub(r"\[([^\]]*)\]\(\.\./([^)]+)\)", r"\1 (`\2` in the source)", markdown)
    return with_files(inside)


def with_files(markdown: str) -> str:
    """Lines ``# file: path`` are what that file of the project holds."""

    def text(match: re.Match[str]) -> str:
        return (ROOT / match[1]).read_text(encoding="utf-8").rstrip()

    return re.sub(r"^# file: (\S+)$", text, markdown, flags=re.MULTILINE)


def pages() -> dict[str, str]:
    """Path in the site -> Markdown, of every page that is made."""
    made = {f"kinds/{kind}.md": kind_page(kind) for kind in KINDS}
    made["command-line.md"] = command_page()
    if GALLERY.exists():
        made["gallery.md"] = _gallery()
    return made


def title(kind: str) -> str:
    return TITLES.get(kind, kind.capitalize())


def kind_page(kind: str) -> str:
    """What a kind is, a whole module that brings one, its contract, its checks, what there is."""
    package = Package(kind, "example", Path())
    module = package.texts()[f"{package.module}/{kind}.py"]
    said = str(getattr(ComponentHooks, KINDS[kind]).__doc__)
    record = said.partition("``")[2].rpartition("``")[0]
    parts = [
        f"# {title(kind)}",
        f"A plugin announces it with the hook `{KINDS[kind]}`, which returns records such as",
        f"```python\n{record}\n```",
        "## An example",
        f"`ltmlbench new {kind} example` writes a package around this module, which passes the "
        "checks below. Replace what it does with your own.",
        f"```python\n{module}```",
        "## The contract",
        f"::: ltmlbench.contracts.{kind}",
        "## What is checked",
        f"`ltmlbench check {kind}/example` and `ltmlbench.testing.ComponentContract` look "
        "whether it",
        *("\n".join(f"- {check.name} ({check.why})" for check in checks_of(kind)),),
        "## What there is",
        "\n".join(["| name | |", "|---|---|", *_installed(kind)]),
    ]
    return "\n\n".join(parts) + "\n"


def _installed(kind: str) -> Iterator[str]:
    for entry in registry().entries(kind):
        names = ", ".join(f"`{name}`" for name in registry().typed(entry))
        yield f"| {names} | {entry.record.summary} |"


def command_page() -> str:
    """Every verb as its own parser tells it."""
    added = [command.verb for command, _ in registry().commands(VERBS)]
    parts = [
        "# Command line",
        "Made from the parsers, as `ltmlbench COMMAND --help` prints them. Exit codes: 0 all done, "
        "1 some runs failed, 2 the request was wrong, 3 a bug, 128 + n stopped by signal n.",
    ]
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "82"  # what argparse wraps at
    try:
        for verb in [*VERBS, *added]:
            parts += [f"## ltmlbench {verb}", f"```text\n{parser_of(verb).format_help()}```"]
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    return "\n\n".join(parts) + "\n"


def _gallery() -> str:
    """``gallery()`` of ``docs/gallery.py``: Markdown."""
    spec = spec_from_file_location("gallery", GALLERY)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.gallery())
