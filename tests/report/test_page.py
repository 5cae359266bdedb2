"""report.html: one file, everything in it, nothing loaded from elsewhere, well formed."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ltmlbench.report import page as page_module
from ltmlbench.report import page_parts
from ltmlbench.report.page import render_page
from ltmlbench.results.records import CostRecord, FailureRecord, RunRecord
from ltmlbench.results.tables import write_results

VOID = {"meta", "br", "input", "img"}
ENVIRONMENT = {"torch": "2.15.0", "processor": "A <fast> one × 2", "gpu": ""}


class Page(HTMLParser):
    """Checks that tags are closed in order; gathers texts, links and attributes."""

    def __init__(self, html):
        super().__init__()
        self.open, self.links, self.ids, self.texts, self.tags = [], [], [], [], []
        self.scripts = []
        self.feed(html)
        assert self.open == []

    @property
    def data(self):
        """What the script draws."""
        return json.loads(self.scripts[0])

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        values = dict(attrs)
        self.links += [v for k, v in values.items() if k in ("href", "src")]
        self.ids += [values["id"]] if "id" in values else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open[-1:] == ["script"] else self.texts).append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture
def results(rows, tmp_path):
    return write_results(rows, tmp_path / "results.csv")


@pytest.fixture
def runs(results):
    names = results[["run", "method", "backbone", "fold", "seed", "floor"]].drop_duplicates("run")
    fixed = {
        "status": "done",
        "environment": ENVIRONMENT,
        "split": {"name": "fold", "fingerprint": "f" * 64, "train": 40, "val": 4, "test": 22},
        "network": {"weights": {"weights": "package", "sha256": "ab" * 32}, "numerics": {}},
        "seconds": {"fit": 12.3},
    }
    return [RunRecord(id=run["run"], **run, **fixed) for run in names.to_dict("records")]


@pytest.fixture
def history(runs):
    values = [
        {"run": run.id, "epoch": e, "train_loss": 1 / e, "val_map": 0.1 * e}
        for run in runs
        if not run.floor
        for e in (1, 2, 3)
    ]
    return [{key: str(value) for key, value in row.items()} for row in values]  # as read from CSV


def own(html):
    """The page without the libraries in it, which may name addresses."""
    return re.sub(r"<script>.*?</script>|<style>.*?</style>", "", html, flags=re.S)


def test_it_is_well_formed_and_loads_nothing(results, about, runs, history):
    html = render_page(results, about, runs=runs, history=history, config="folds: 3 # <b>")
    page = Page(html)
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inside) <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)
    outside = [link for link in page.links if not link.startswith("#")]
    assert outside
    assert all(link.startswith("runs/") for link in outside)
    assert not re.search(r"https?:|url\(|@import|<link|src=", own(html))
    assert "default-src 'none'" in html


def test_every_element_that_the_script_fills_is_there(results, about, runs, history):
    html = render_page(results, about, runs=runs, history=history)
    code = (Path(page_module.__file__).parent / "page.js").read_text()
    asked = set(re.findall(r'(?:\$|fill|options)\("([a-z-]+)"', code))
    sections = [value for value in vars(page_parts).values() if isinstance(value, str)]
    every = set(re.findall(r'id="([a-z-]+)"', "".join([html, *sections])))
    assert len(asked) > 20
    assert asked <= every


def test_the_numbers_are_those_of_the_table(results, about):
    data = Page(render_page(results, about)).data
    place = {row["name"]: number for number, row in enumerate(data["rows"])}
    own = results.query("method == 'ib' and unit == 'patient' and metric == 'odir_auc'")["value"]
    mean, std, n, low, high = data["sets"][0]["cells"]["patient"]["odir_auc"]["all"][place["ib"]]
    assert (mean, std, n) == (round(own.mean(), 4), round(own.std(ddof=1), 4), 3)
    assert low < mean < high
    assert "n = 3 runs (3 folds × 1 seed)" in data["sets"][0]["caption"]
    published = {(row["method"], row["backbone"]): row for row in data["published"]}
    row = published["ib", "ResNet-50"]
    assert row["values"]["odir_kappa"] == [0.553, 0.01]
    assert "printed 0.974; inconsistent with its own kappa" in row["note"]
    assert not any(method == "rskd" for method, _ in published)


def test_remarks_and_notes_are_told(results, about):
    text = Page(render_page(results, about)).text
    assert about.remarks[0] in text
    assert about.notes[0] in text


def test_undefined_is_null_and_never_a_number(results, about):
    results.loc[results["label"] == "H", "value"] = float("nan")
    html = render_page(results, about)
    page = Page(html)
    assert set(page.data["sets"][0]["cells"]["eye"]["map"]["labels"][-1]) == {None}
    assert "NaN" not in page.scripts[0]


def test_every_trained_row_has_its_learning_curves(results, about, runs, history):
    data = Page(render_page(results, about, runs=runs, history=history)).data
    assert len(data["learning"]) == 9
    assert data["learning"][0]["val_map"] == [[1, 0.1], [2, 0.2], [3, 0.3]]


def test_a_diverged_or_short_history_is_drawn_as_far_as_it_goes(results, about, runs):
    history = [
        {"run": runs[-1].id, "epoch": 1, "train_loss": 0.7, "val_map": 0.0},
        {"run": runs[-1].id, "epoch": 2, "train_loss": float("inf"), "val_map": ""},
    ]
    data = Page(render_page(results, about, runs=runs, history=history)).data
    assert data["learning"] == [{"row": 4, "train_loss": [[1, 0.7]], "val_map": [[1, 0.0]]}]


def test_costs_are_means_over_runs_and_what_nobody_recorded_is_no_column(results, about, runs):
    cost = {"seconds": 120, "trained": 3000, "scored": 0, "parameters": 4_000_000}
    costly = [run.model_copy(update={"cost": CostRecord(**cost)}) for run in runs]
    data = Page(render_page(results, about, runs=costly)).data
    ib = next(row for row in data["rows"] if row["name"] == "ib")
    assert ib["cost"]["minutes"] == 2
    assert ib["cost"]["parameters, million"] == 4
    assert "peak memory, GiB" not in data["measures"]
    assert Page(render_page(results, about, runs=runs)).data["measures"] == []


def test_runs_link_to_their_folders_and_failures_are_named(results, about, runs):
    failure = FailureRecord(kind="diverged", cause="the loss became inf")
    runs[-1] = runs[-1].model_copy(update={"status": "failed", "failure": failure})
    failed = replace(about, failures={runs[-1].id: "the loss became <inf>"})
    html = render_page(results, failed, runs=runs)
    assert 'href="runs/ib-1-0/"' in html
    text = Page(html).text
    assert "failed: diverged" in text
    assert "the loss became <inf>" in text


def test_where_the_numbers_come_from_is_told(results, about, runs):
    text = Page(render_page(results, about, runs=runs, config="folds: 3 # <b>")).text
    for part in ("A <fast> one × 2", "2.15.0", "package", "ab" * 32, "f" * 16, "folds: 3 # <b>"):
        assert part in text
    runs[0] = runs[0].model_copy(update={"environment": {"torch": "2.8.0"}})
    assert "1 of 15 runs" in Page(render_page(results, about, runs=runs)).text


def test_simulated_data_are_called_so_in_title_banner_and_every_heading(results, about, runs):
    protocol = about.protocol.model_copy(update={"simulated": True})
    html = render_page(results, replace(about, protocol=protocol), runs=runs)
    assert 'class="simulated"' in html
    assert "SIMULATED" in re.search("<title>(.*?)</title>", html)[1]
    assert all("SIMULATED" in heading for heading in re.findall("<h[12]>(.*?)</h[12]>", html))
    assert "SIMULATED" not in render_page(results, about, runs=runs)


def test_without_results_there_is_still_a_page(about, tmp_path):
    nothing = write_results([], tmp_path / "results.csv")
    failed = replace(about, failures={"ib-1-0": "the loss diverged"})
    text = Page(render_page(nothing, failed)).text
    assert "0 of 15 runs done" in text
    assert "the loss diverged" in text


def test_every_value_of_a_foreign_folder_is_escaped(results, about, runs):
    evil = "<script>alert(1)</script>"
    results["method"] = results["method"].replace({"ib": evil})
    split = runs[0].split.model_copy(update={"name": evil, "fingerprint": evil})
    changed = {
        "method": evil,
        "backbone": evil,
        "fold": evil,
        "split": split,
        "environment": {evil: evil},
        "network": {"weights": {evil: evil}, "numerics": evil},
        "failure": FailureRecord(kind=evil, cause=evil),
    }
    runs = [run.model_copy(update=changed) for run in runs]
    labels = tuple(evil if name == "H" else name for name in about.labels)
    said = {"x": evil}
    nasty = replace(about, title=evil, dataset=evil, labels=labels, notes=[evil], failures=said,
                    damaged=said, made=said, unexplained=said)  # fmt: skip
    history = [{"run": runs[0].id, "epoch": 1, "train_loss": 1.0, "val_map": 0.5}]
    html = render_page(results, nasty, runs=runs, history=history, config=evil)
    assert evil not in html
    assert html.count("<script") == 4
    assert html.count("&lt;script") >= 15
    assert evil in [row["name"] for row in Page(html).data["rows"]]


def test_rows_trained_in_several_environments_are_told_apart_and_unknown_is_said(
    results, about, runs
):
    runs[0] = runs[0].model_copy(update={"environment": {}})
    text = Page(render_page(results, about, runs=runs)).text
    assert f"1 of 15 runs: {runs[0].method}" in text
    assert "unknown: it was not recorded" in text


def test_official_test_sets_stand_apart_and_published_rows_say_which_they_are_of(results, about):
    names = {"fold 1 of 3": "official near", "fold 2 of 3": "official far"}
    official = results[results["fold"] != "fold 3 of 3"]
    official = official.assign(fold=official["fold"].map(names))
    far = [row.model_copy(update={"test_set": "far"}) for row in about.published]
    data = Page(render_page(official, replace(about, published=far))).data
    assert [found["name"] for found in data["sets"]] == ["near", "far"]
    assert {row["set"] for row in data["published"]} == {"far"}
    place = next(n for n, row in enumerate(data["rows"]) if row["name"] == "ib")
    means = [s["cells"]["eye"]["odir_kappa"]["all"][place][0] for s in data["sets"]]
    assert means == [0.41, 0.42]
