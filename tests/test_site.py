"""Pages that are made when the documentation is built say what the code says."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from ltmlbench.cli import VERBS, parser_of
from ltmlbench.hooks import KINDS
from ltmlbench.scaffold import create
from ltmlbench.testing import checks_of

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def pages():
    spec = spec_from_file_location("docs_site", DOCS / "site.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_a_page_with_the_module_that_new_writes(kind, pages, tmp_path):
    # that module is run by tests/scaffold/test_package.py
    package = create(kind, "example", tmp_path)
    page = pages[f"kinds/{kind}.md"]
    assert (package.folder / package.module / f"{kind}.py").read_text() in page
    assert f"::: ltmlbench.contracts.{kind}" in page
    assert all(str(check) in page for check in checks_of(kind))


def test_the_command_line_is_what_the_parsers_say(pages):
    page = pages["command-line.md"]
    for verb in [*VERBS, "subsets"]:
        assert f"## ltmlbench {verb}\n" in page
        options = [o for action in parser_of(verb)._actions for o in action.option_strings]
        assert all(option in page for option in options)


def test_every_page_stands_in_the_navigation_or_is_made():
    navigation = (DOCS.parent / "mkdocs.yml").read_text()
    assert [path.name for path in DOCS.glob("*.md") if f": {path.name}\n" not in navigation] == []
