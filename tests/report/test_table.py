"""table.md says what it shows: over what, beside what, and what is missing."""

import io
import math
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ltmlbench.errors import DataError
from ltmlbench.report.table import print_table, render_table
from ltmlbench.results.tables import read_results, summary_text, write_results


@pytest.fixture
def results(rows, tmp_path):
    return write_results(rows, tmp_path / "results.csv")


def simulated(about):
    return replace(about, protocol=about.protocol.model_copy(update={"simulated": True}))


def block(text, heading):
    """The part of a Markdown text under one heading."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.M | re.S)
    assert found, f"no heading {heading!r} in:\n{text}"
    return found[1]


def cells(part, name):
    """The cells of the row whose first cell is ``name``, marks of emphasis included."""
    for line in part.splitlines():
        row = [cell.strip() for cell in line.strip("|").split("|")]
        if row[0].strip("*") == name:
            return row
    raise AssertionError(f"no row {name!r} in:\n{part}")


def test_results_survive_the_csv_to_the_last_digit(rows, tmp_path):
    rows[0]["value"] = 0.1 + 0.2
    rows[1]["label"] = "NA"  # a label's name, not a missing value
    written = write_results(rows, tmp_path / "results.csv")
    pd.testing.assert_frame_equal(read_results(tmp_path / "results.csv"), written, check_exact=True)
    assert written["value"].isna().sum() == sum(math.isnan(row["value"]) for row in rows) > 0
    assert set(written["method"]) == {row["method"] for row in rows}


def test_no_rows_survive_too(tmp_path):
    write_results([], tmp_path / "results.csv")
    assert read_results(tmp_path / "results.csv").empty


def test_results_of_a_version_that_noted_no_trials_say_that_none_were_told(rows, tmp_path):
    path = tmp_path / "results.csv"
    written = write_results([row | {"trials": 6} for row in rows], path)
    assert set(written["trials"]) == {6}
    pd.read_csv(path, dtype=str, na_filter=False).drop(columns="trials").to_csv(path, index=False)
    assert set(read_results(path)["trials"]) == {0}


@pytest.mark.parametrize("content", [None, "", "a,b\n1,2\n"])
def test_what_is_no_results_file_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "results.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match="cannot read results") as error:
        read_results(path)
    assert "\n" not in str(error.value)


def test_the_headline_shows_mean_and_deviation_over_runs(results, about):
    part = block(render_table(results, about), "Per patient")
    own = results.query("method == 'ib' and unit == 'patient' and metric == 'odir_auc'")["value"]
    assert cells(part, "ib")[4] == f"{np.mean(own):.3f} ± {np.std(own, ddof=1):.3f}"
    assert "n = 3 runs (3 folds × 1 seed)" in part
    assert "ddof = 1" in part


def test_the_headline_unit_comes_first(results, about):
    text = render_table(results, about)
    assert text.index("## Per patient") < text.index("## Per eye")


def test_floor_rows_come_first_and_are_marked_and_never_bold(results, about):
    results.loc[results["floor"], "value"] += 5
    part = block(render_table(results, about), "Per patient")
    methods = [line.split("|")[1].strip() for line in part.splitlines() if line.startswith("|")]
    assert methods[2:5] == ["all-negative (floor)", "majority (floor)", "ib"]
    assert all("**" not in cell for cell in cells(part, "majority (floor)"))
    assert cells(part, "db")[2].startswith("**")
    assert "**" not in "".join(cells(part, "ib"))


def test_published_values_stand_below_ours_with_their_note(results, about):
    part = block(render_table(results, about), "Per patient")
    lines = [line for line in part.splitlines() if line.startswith("|")]
    names = [line.split("|")[1].strip().strip("*") for line in lines]
    assert names[names.index("ib") + 1] == "ib, published [1]"
    row = cells(part, "ib, published [1]")
    assert [cell.strip("*") for cell in row[1:]] == [
        "ResNet-50",
        "0.553 ± 0.010",
        "0.974 ± 0.009",
        "0.887 ± 0.012",
    ]
    assert "[1] printed 0.974; inconsistent with its own kappa; probably 0.874" in part
    assert "as printed; source: a poster" in part


def test_one_published_row_stands_below_all_variants_of_its_method(results, about):
    part = block(render_table(results, about), "Per patient")
    assert part.count("db, published") == 1
    assert part.index("db[mu=0.2,kappa=1]") < part.index("| db ") < part.index("db, published")


def test_published_rows_of_methods_that_did_not_run_are_not_shown(results, about):
    assert "rskd" not in render_table(results, about)


def test_published_values_stand_only_at_the_headline_unit(results, about):
    assert "published" not in block(render_table(results, about), "Per eye")


def test_a_row_that_lost_a_run_says_how_many_it_has(results, about):
    left = results[results["run"] != "ib-3-0"]
    text = render_table(left, replace(about, failures={"ib-3-0": "out of\nmemory <fit>"}))
    part = block(text, "Per patient")
    assert cells(part, "method")[-1] == "n"
    assert cells(part, "ib")[-1] == "2"
    assert cells(part, "db")[-1].strip("*") == "3"
    assert "over the runs of each row, column n" in part
    assert "14 of 15 runs done, 1 failed." in text
    assert "- `ib-3-0`: out of memory &lt;fit>" in block(text, "Failed runs")


def test_runs_that_have_not_been_tried_are_counted(results, about):
    text = render_table(results, replace(about, planned=18))
    assert "15 of 18 runs done, 3 not run yet." in text


def test_if_every_row_lost_the_same_run_the_caption_says_so(results, about):
    text = render_table(results[results["fold"] != "fold 3 of 3"], about)
    assert "over n = 2 runs (2 folds × 1 seed)" in text
    one_seed_more = results[results["fold"] == "fold 1 of 3"].assign(seed=1)
    one_seed_more["run"] += "x"
    text = render_table(pd.concat([results, one_seed_more]), about)
    assert "over n = 4 runs (of 3 folds × 2 seeds)" in text


def test_a_single_run_has_no_deviation(results, about):
    text = render_table(results[results["fold"] == "fold 1 of 3"], about)
    part = block(text, "Per patient")
    assert cells(part, "ib")[2] == "0.410"
    assert "n = 1" in part
    assert "Mean ±" not in text


@pytest.fixture
def official(results):
    """Folds 1 and 2 as official test sets; fold 3 as a second seed of the first."""
    names = {"fold 1 of 3": ("official near", 0), "fold 2 of 3": ("official far", 0)}
    names["fold 3 of 3"] = ("official near", 1)
    folds, seeds = zip(*(names[fold] for fold in results["fold"]), strict=True)
    return results.assign(fold=folds, seed=seeds)


def test_official_test_sets_are_blocks_of_their_own_and_never_averaged(official, about):
    text = render_table(official, about)
    near = block(text, "Per patient, official test set 'near'")
    far = block(text, "Per patient, official test set 'far'")
    own = official.query("method == 'ib' and unit == 'patient' and metric == 'odir_kappa'")
    values = own[own["fold"] == "official near"]["value"]
    assert cells(near, "ib")[2] == f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"
    assert "over n = 2 runs (2 seeds)" in near
    assert cells(far, "ib")[2] == f"{own[own['fold'] == 'official far']['value'].item():.3f}"
    assert "Single runs (n = 1)" in far
    assert "fold" not in near + far


def test_published_rows_stand_beside_the_test_set_they_are_of(official, about):
    rows = [row.model_copy(update={"test_set": "far"}) for row in about.published[:1]]
    text = render_table(official, replace(about, published=[*rows, *about.published[1:]]))
    near = block(text, "Per patient, official test set 'near'")
    far = block(text, "Per patient, official test set 'far'")
    assert "ib, published" in far
    assert "published [" not in near
    assert "not known to be of this test set are left out" in near
    assert "db, published" not in text


def test_the_terminal_shows_every_official_test_set(official, about, capsys):
    print_table(official, about)
    out = capsys.readouterr().out
    assert "official test set 'near'" in out
    assert "official test set 'far'" in out


def test_summary_csv_has_a_mean_per_official_test_set(official):
    summary = pd.read_csv(io.StringIO(summary_text(official)), keep_default_na=False)
    found = summary.query("method == 'ib' and unit == 'eye' and metric == 'odir_auc'")
    assert list(found["test_set"]) == ["official near", "official far"]
    assert list(found["n"]) == [2, 1]


def test_undefined_values_are_counted_and_never_printed_as_a_number(results, about):
    results.loc[(results["label"] == "H"), "value"] = np.nan
    text = render_table(results, about)
    assert "undefined values are left out of the mean: 1 in fold 2 of 3" in text
    assert set(cells(block(text, "map of each label, per patient"), "H")[3:]) == {"undefined"}
    assert "nan" not in text.lower().replace("nans", "")


def test_a_value_over_fewer_runs_than_its_row_carries_its_own_n(results, about):
    part = block(render_table(results, about), "map of each label, per patient")
    own = results.query("method == 'ib' and unit == 'patient' and metric == 'map' and label == 'H'")
    mean, std = own["value"].mean(), own["value"].std(ddof=1)
    assert cells(part, "H")[5] == f"{mean:.3f} ± {std:.3f} (n = 2)"


def test_head_medium_and_tail_name_their_labels_and_counts(results, about):
    text = render_table(results, about)
    part = block(text, "Head, medium and tail labels")
    assert "head (at least 100 positive eyes): N 2956, D 1764, O 1078, G 316, C 307, A 279" in part
    assert "tail (fewer than 20 positive eyes): H 9" in part
    table = block(text, "map of head, medium and tail labels, per patient")
    assert cells(table, "method")[2:] == ["all labels", "head", "medium", "tail"]
    assert cells(table, "ib")[3] == "0.620 ± 0.010"


def test_labels_are_listed_by_frequency_with_their_counts(results, about):
    part = block(render_table(results, about), "macro_auc of each label, per patient")
    first = [line.split("|")[1].strip() for line in part.splitlines() if line.startswith("|")]
    assert "".join(first[2:]) == "NDOGCAMH"
    assert cells(part, "M")[1:3] == ["medium", "62"]


def test_metrics_outside_the_headline_have_a_table_of_their_own(results, about):
    part = block(render_table(results, about), "Per patient, further metrics")
    assert cells(part, "method")[2:] == ["map", "macro_auc"]
    assert "map: mean average precision" in part


def test_remarks_and_notes_stand_under_the_table(results, about):
    text = render_table(results, about)
    assert about.remarks[0] in block(text, "How this differs from the published protocol")
    assert about.notes[0] in block(text, "Notes on the data")
    assert "6690 eyes of 3358 patients" in text


def test_simulated_data_are_called_so_in_every_heading(results, about):
    text = render_table(results, simulated(about))
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert len(headings) > 8
    assert all("SIMULATED" in heading for heading in headings)
    assert "SIMULATED" not in render_table(results, about)


def test_a_pipe_in_a_name_does_not_break_the_table(results, about):
    results["backbone"] = results["backbone"].str.replace("_", "|")
    part = block(render_table(results, about), "Per patient")
    assert r"tf\|efficientnet\|lite0" in part


def test_without_results_the_failures_are_still_shown(about, tmp_path, capsys):
    nothing = write_results([], tmp_path / "results.csv")
    failed = replace(about, failures={"ib-1-0": "the loss diverged"})
    text = render_table(nothing, failed)
    assert "0 of 15 runs done" in text
    assert "the loss diverged" in text
    print_table(nothing, failed)
    assert "0 of 15 runs done" in capsys.readouterr().out


def test_two_backbones_are_two_rows(results, about):
    other = results[~results["floor"]].assign(backbone="resnet50")
    other["run"] += "-r50"
    text = render_table(pd.concat([results, other]), about)
    assert "| resnet50" in block(text, "Per patient")
    header = cells(block(text, "map of each label, per patient"), "label")
    assert header[3:7] == [
        "all-negative (floor)",
        "majority (floor)",
        "ib, tf_efficientnet_lite0",
        "db[mu=0.2,kappa=1], tf_efficientnet_lite0",
    ]


def test_the_terminal_gets_the_headline_its_caption_and_its_footnotes(results, about, capsys):
    print_table(results, simulated(about))
    out = capsys.readouterr().out
    assert "SIMULATED" in out
    assert "0.420 ± 0.010" in out
    assert "[1] printed 0.974" in out
    assert "n = 3 runs (3 folds × 1 seed)" in out
    assert "Per eye" not in out
    assert "**" not in out


def test_a_real_terminal_gets_the_same_numbers(results, about, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    print_table(results, about)
    out = capsys.readouterr().out
    assert "0.420 ± 0.010" in out
    assert "ib, published [1]" in out


def test_reports_and_metrics_need_no_torch():
    code = (
        "import sys, ltmlbench.evaluation.metrics\n"
        "assert 'pandas' not in sys.modules\n"
        "import ltmlbench.report.page, ltmlbench.report.table, ltmlbench.evaluation.evaluate\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_bold_marks_the_best_mean_which_may_be_the_lowest(results, about):
    part = block(render_table(results, about), "Per patient")
    assert cells(part, "db")[2].startswith("**")
    lower = replace(about, lower_is_better=frozenset({"odir_kappa"}))
    part = block(render_table(results, lower), "Per patient")
    assert cells(part, "ib")[2].startswith("**")
    assert "**" not in cells(part, "db")[2]
    assert cells(part, "db")[4].startswith("**")
    assert "odir_kappa: lower is better" in part


def test_lower_is_better_holds_for_head_medium_and_tail_too(results, about):
    lower = replace(about, lower_is_better=frozenset({"map"}))
    part = block(render_table(results, lower), "map of head, medium and tail labels, per patient")
    assert cells(part, "ib")[2].startswith("**")


NASTY = ["=1+2", "+1", "-1", "@sum", "\tx", "'quoted", "''"]


def test_cells_that_a_spreadsheet_would_compute_are_text_and_come_back_as_they_were(rows, tmp_path):
    for place, name in enumerate(NASTY):
        rows[place]["method"] = rows[place]["label"] = name
    path = tmp_path / "results.csv"
    written = write_results(rows, path)
    raw = pd.read_csv(path, dtype="str", na_filter=False)
    assert not [v for v in [*raw["method"], *raw["label"]] if v.startswith(("=", "+", "-", "@"))]
    pd.testing.assert_frame_equal(read_results(path), written, check_exact=True)
    summary = pd.read_csv(io.StringIO(summary_text(written)), dtype="str", na_filter=False)
    assert not [v for v in summary["label"] if v.startswith(("=", "+", "-", "@"))]
    assert (summary["mean"] != "").any()


MARKUP = "<img src=x onerror=alert(1)> ![p](http://example.org/p.png)"


def test_table_md_holds_no_markup_of_others(results, about):
    results["method"] = results["method"].str.replace("ib", MARKUP)
    results["label"] = results["label"].str.replace("H", MARKUP)
    nasty = replace(
        about,
        title=MARKUP,
        dataset=MARKUP,
        labels=tuple(MARKUP if name == "H" else name for name in about.labels),
        failures={"x": MARKUP},
        damaged={"y": MARKUP},
        notes=[MARKUP],
    )
    text = render_table(results, nasty)
    assert text.count("&lt;img") >= 8
    assert "<img" not in text
    assert "](" not in text


def test_a_run_that_cannot_be_read_is_named(results, about):
    left = results[results["run"] != "ib-2-0"]
    text = render_table(left, replace(about, damaged={"ib-2-0": "run.json is missing"}))
    assert "14 of 15 runs done, 1 cannot be read." in text
    assert "- `ib-2-0`: run.json is missing" in block(text, "Runs that cannot be read")


def test_a_row_of_a_reduced_method_is_called_so_and_says_what_it_lacks(results, about):
    lacks = "from the abstract alone: the losses are ours"
    text = render_table(results, replace(about, reduced={"db": lacks, "nobody": "x"}))
    assert "| db (reduced) " in text
    assert "| db[mu=0.2,kappa=1] " in text, "the row itself, not its name's beginning"
    assert text.count(f"- db (reduced): {lacks}") == 1
    assert "nobody" not in text
    assert "db, published" in text, "published rows still stand below it"


def test_the_settings_that_were_tried_are_told_below_the_headline(results, about):
    assert "tried" not in render_table(results, about)
    text = render_table(results, replace(about, trials={"ib": 6}))
    assert "settings tried before these were chosen: ib 6; not told of other rows" in text
