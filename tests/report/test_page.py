"""report.html: one file, everything in it, nothing loaded from elsewhere, well formed."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from ltmlbench.report.page import render_page
from ltmlbench.results.records import FailureRecord, RunRecord
from ltmlbench.results.tables import write_results

VOID = {"meta", "br", "circle", "path", "use", "polyline"}
ENVIRONMENT = {"torch": "2.15.0", "processor": "A <fast> one × 2", "gpu": ""}


class Page(HTMLParser):
    """Checks that tags are closed in order; gathers texts, links and attributes."""

    def __init__(self, html):
        super().__init__()
        self.open, self.links, self.ids, self.texts, self.tags = [], [], [], [], []
        self.feed(html)
        assert self.open == []

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
        self.texts.append(data)

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


def test_it_is_well_formed_and_loads_nothing(results, about, runs, history):
    html = render_page(results, about, runs=runs, history=history, config="folds: 3 # <b>")
    page = Page(html)
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inside) <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)
    outside = [link for link in page.links if not link.startswith("#")]
    assert outside
    assert all(link.startswith("runs/") for link in outside)
    assert not re.search(r"https?:|url\(|@import|<script|<link", html)


def test_it_holds_the_same_table(results, about):
    text = Page(render_page(results, about)).text
    assert "0.420 ± 0.010" in text
    assert "ib, published [1] ResNet-50 0.553 ± 0.010 0.974 ± 0.009 0.887 ± 0.012" in text
    assert "[1] printed 0.974; inconsistent with its own kappa; probably 0.874" in text
    assert "over n = 3 runs (3 folds × 1 seed)" in text
    assert about.remarks[0] in text
    assert about.notes[0] in text


def test_labels_are_shaded_by_their_value_and_undefined_ones_are_not(results, about):
    results.loc[results["label"] == "H", "value"] = float("nan")
    html = render_page(results, about)
    assert 'class="heat" style="--v:' in html
    assert "<td>undefined</td>" in html
    assert "nan" not in html.replace("tabular-nums", "").lower()


def test_every_trained_row_has_its_curves(results, about, runs, history):
    page = Page(render_page(results, about, runs=runs, history=history))
    assert page.tags.count("svg") == 2 * 3  # two quantities, three trained methods
    assert page.tags.count("polyline") == 2 * 9 + 9  # every run, and all once more as background
    assert "Validation mAP" in page.text


def test_a_diverged_or_short_history_is_drawn_as_far_as_it_goes(results, about, runs):
    history = [
        {"run": runs[-1].id, "epoch": 1, "train_loss": 0.7, "val_map": 0.0},
        {"run": runs[-1].id, "epoch": 2, "train_loss": float("inf"), "val_map": ""},
    ]
    html = render_page(results, about, runs=runs, history=history)
    assert html.count("<circle") == 3  # one epoch of each quantity, and the background
    assert "inf" not in re.sub("<style>.*?</style>", "", html, flags=re.S)


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
    assert "<script" not in html
    assert html.count("&lt;script") >= 15


def test_rows_trained_in_several_environments_are_told_apart_and_unknown_is_said(
    results, about, runs
):
    runs[0] = runs[0].model_copy(update={"environment": {}})
    text = Page(render_page(results, about, runs=runs)).text
    assert f"1 of 15 runs: {runs[0].method}" in text
    assert "unknown: it was not recorded" in text
