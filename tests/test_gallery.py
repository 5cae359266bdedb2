"""Every component says what it computes, whose it is and how it was checked."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from ltmlbench.registry import registry

ROOT = Path(__file__).parents[1]
TOLD = ("loss", "method", "distillation", "head", "sampler", "subsets", "pretraining", "metric")


def entries(*kinds):
    return [entry for kind in kinds for entry in registry().entries(kind) if entry.own]


@pytest.fixture(scope="module")
def page():
    spec = spec_from_file_location("gallery_of_docs", ROOT / "docs" / "gallery.py")
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.gallery()


@pytest.mark.parametrize("entry", entries(*TOLD), ids=lambda e: f"{e.kind} {e.record.name}")
def test_it_says_formula_and_whose_it_is(entry):
    record = entry.record
    assert record.formula, "formula="
    assert record.citation or record.ours or record.checked, "citation=, or ours="
    assert "\n" not in record.formula + record.citation + record.ours + record.checked


@pytest.mark.parametrize(
    "entry", entries("loss", "method", "distillation", "head"), ids=lambda e: e.record.name
)
def test_it_says_what_its_numbers_were_held_against(entry):
    checked = entry.record.checked
    assert checked
    if "tests/golden/" in checked:
        pattern = checked.partition("tests/golden/")[2].partition(")")[0]
        assert list((ROOT / "tests" / "golden").glob(pattern)), pattern


def test_every_golden_number_is_somebodys():
    told = {entry.record.checked for entry in entries(*TOLD)}
    patterns = {t.partition("tests/golden/")[2].partition(")")[0] for t in told} - {""}
    held = {path for pattern in patterns for path in (ROOT / "tests" / "golden").glob(pattern)}
    assert held == set((ROOT / "tests" / "golden").glob("*.npz"))


def test_the_page_has_every_component_and_what_it_says(page):
    from ltmlbench.hooks import KINDS

    for entry in entries(*KINDS):
        assert f"`{entry.record.name}`" in page
        assert entry.record.formula in page
        assert entry.record.ours in page
    heading = next(line for line in page.splitlines() if line.startswith("### `cct-net`"))
    assert "reduced" in heading
