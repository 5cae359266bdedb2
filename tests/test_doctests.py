"""The examples in docstrings give what they say."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _examples():
    """Modules with an example in a docstring."""
    for root in (ROOT, ROOT / "plugins"):
        for path in sorted(root.glob("ltmlbench*/**/*.py")):
            if ">>> " in path.read_text():
                parts = path.relative_to(root).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = list(_examples())


@pytest.mark.parametrize("name", MODULES)
def test_examples_of(name):
    found = doctest.testmod(import_module(name))
    assert found.attempted > 0, "an example that doctest does not find"
    assert found.failed == 0


def test_every_kind_of_component_that_is_made_in_a_few_lines_shows_how():
    kinds = "backbone dataset distillation feed head loss method metric sampler subsets tracker"
    assert {f"ltmlbench.contracts.{kind}" for kind in kinds.split()} <= set(MODULES)
