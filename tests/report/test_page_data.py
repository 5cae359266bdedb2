"""What report.html draws, from an output folder: the same as `ltmlbench compare` says."""

import itertools
import json
import re

import pandas as pd
import pytest
from made_grid import make_grid

from ltmlbench.evaluation.paired import corrected_t, holm
from ltmlbench.report.folder import write_report
from ltmlbench.report.page_data import script_json
from ltmlbench.results.tables import read_results


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return make_grid(tmp_path_factory.mktemp("grid"), rows=5, labels=6, samples=90, seeds=2)


@pytest.fixture(scope="module")
def report(out):
    return write_report(out)


@pytest.fixture(scope="module")
def data(out, report):
    page = (out / "report.html").read_text()
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])


def per_fold(out, metric="map", unit="eye"):
    results = read_results(out / "results.csv")
    own = results.query("metric == @metric and unit == @unit and label == '' and not floor")
    return own.pivot_table(index="fold", columns="method", values="value")


def test_every_pair_of_rows_is_tested_as_by_hand(out, data):
    tests, values = data["sets"][0]["cells"]["eye"]["map"]["tests"], per_fold(out)
    names = [data["rows"][row]["name"] for row in tests["rows"]]
    assert names == list(values.mean().sort_values(ascending=False).index)
    pairs = list(itertools.combinations(names, 2))
    assert len(tests["pairs"]) == len(pairs)
    for (a, b), found in zip(pairs, tests["pairs"], strict=True):
        expected = corrected_t(values[a] - values[b], 0.5)
        assert found[:3] == pytest.approx([expected.mean, expected.low, expected.high], abs=1e-4)
        assert sum(found[3:]) == pytest.approx(1, abs=2e-4)


def test_p_is_adjusted_for_the_rows_compared_with_each_baseline(out, data):
    tests, values = data["sets"][0]["cells"]["eye"]["map"]["tests"], per_fold(out)
    names = [data["rows"][row]["name"] for row in tests["rows"]]
    for place, baseline in enumerate(names):
        others = [name for name in names if name != baseline]
        p = holm([corrected_t(values[name] - values[baseline], 0.5).p for name in others])
        found = tests["against"][place]["p"]
        assert found.pop(place) is None
        assert found == pytest.approx(p, abs=1e-4)


def test_the_baseline_is_ib_and_the_words_name_what_can_be_resolved(data):
    assert data["rows"][data["baseline"]]["name"] == "ib"
    tests = data["sets"][0]["cells"]["eye"]["map"]["tests"]
    assert tests["against"][0]["text"].startswith("3 folds resolve true differences in map")
    assert tests["answer"].startswith("Highest mean map: ")


def test_labels_that_occur_together_are_counted_among_the_test_rows(out, data):
    found = {}
    for path in (out / "runs").glob("run-*/predictions.parquet"):
        found[path.parent.name] = pd.read_parquet(path)
    truth = pd.concat([found[f"run-{place}"] for place in (0, 2, 4)])  # a row's first seed
    y = truth[[c for c in truth if c.startswith("y:")]].to_numpy(dtype=int)
    both = int((y[:, 0] & y[:, 1]).sum())
    count, share = data["curves"]["together"][0][1]
    assert count == both
    assert share == pytest.approx(both / min(y[:, 0].sum(), y[:, 1].sum()), abs=1e-4)


def test_divisions_and_teachers_are_read_from_what_stages_left(data):
    assert [d["home"] for d in data["divisions"]] == [[0, 1, 2, 3, 0, -1]] * 3
    assert [entry["label"] for entry in data["taught"]] == [0, 1, 2, 3, 4, 5]


def test_a_damaged_file_of_a_stage_is_a_picture_less(tmp_path):
    out = make_grid(tmp_path, rows=3, labels=4, samples=60)
    for path in (out / "stages").glob("*/[st]*s.*"):
        path.write_text("[{")
    write_report(out)
    page = (out / "report.html").read_text()
    found = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    assert (found["divisions"], found["taught"]) == ([], [])


def test_split_and_training_stand_apart_in_table_and_page(out, report):
    for name in ("table.md", "report.html"):
        assert "Split and training apart, per eye" in (out / name).read_text()


def test_what_is_no_number_is_null_and_no_tag_ends_the_script():
    text = script_json({"a": [float("nan"), float("inf"), -0.00001], "b": "</script><b>"})
    assert "<" not in text
    assert json.loads(text) == {"a": [None, None, 0.0], "b": "</script><b>"}


def test_a_paper_table_says_all_it_rests_on(report):
    first = report.paper()[0]
    for part in ("ddof = 1", "n = 6 runs (3 folds × 2 seeds)", "Nadeau and Bengio", "Holm",
                 "No patient is in two parts", "36 runs were planned"):  # fmt: skip
        assert part in first.caption, part
    bold = [cell.text for line in first.lines for cell in line.cells if cell.bold]
    assert len(bold) <= 2


def test_bold_marks_a_decided_lead_alone(tmp_path):
    out = make_grid(tmp_path, rows=3, labels=3, samples=900, folds=5)
    report = write_report(out)
    rows = {line.cells[0].text: line.cells for line in report.paper()[0].lines}
    values = per_fold(out)
    first, second = values.mean().sort_values(ascending=False).index[:2]
    assert corrected_t(values[first] - values[second], 0.25).p < 0.05 / 3
    assert rows[first][2].bold
    assert not any(cell.bold for name, cells in rows.items() if name != first for cell in cells[2:])
