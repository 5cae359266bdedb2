"""Where the networks look: tables over runs, beside what a uniform map scores; galleries."""

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ltmlbench.contracts import POINTING
from ltmlbench.report.page import render_page
from ltmlbench.report.table import render_table
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import RunRecord
from ltmlbench.results.tables import write_results


@pytest.fixture
def results(rows, tmp_path):
    return write_results(rows, tmp_path / "results.csv")


@pytest.fixture
def out(tmp_path, results):
    """A folder with the pointing.csv of every trained run: energies can be told from the run."""
    for number, (name, method) in enumerate(trained(results)):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        level = 0.1 * (method == "ib") + 0.01 * (number % 3)
        lines = [
            ("D", 50, 0, 0.2 + level, 0.05, 0.9, 0.7, "2×2"),
            ("N", 8, 8, np.nan, 0.02, np.nan, 0.5, "2×2"),
            ("G", 10, 5, 0.5 if number % 3 else np.nan, 0.025, 0.5, 0.25, "2×2"),
        ]
        pd.DataFrame(lines, columns=POINTING).to_csv(folder / "pointing.csv", index=False)
    return tmp_path


def trained(results):
    own = results[~results["floor"]].drop_duplicates("run")
    return list(zip(own["run"], own["method"], strict=True))


@pytest.fixture
def runs(results):
    keys = ["run", "method", "backbone", "fold", "seed", "floor"]
    records = results[keys].drop_duplicates("run").to_dict("records")
    explained = {"explanation": {"files": ["gallery.png", "pointing.csv"]}}
    return [
        RunRecord(id=r["run"], status="done", **r, **({} if r["floor"] else explained))
        for r in records
    ]


def table(text, title):
    """The cells of each row of a table by its first one, and the part of the text it stands in."""
    part = re.search(rf"^### {title}\n(.*?)(?=^#|\Z)", text, re.M | re.S)[1]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {"header": cells[0], **{row[0]: row for row in cells[2:]}}, part


def test_each_label_is_shown_per_method_beside_the_uniform_map(results, about, out, runs):
    text = render_table(results, about, OutFolder(out).pointing(runs))
    assert "## Where the networks look" in text
    rows, part = table(text, "Share of the map inside what shows the label")
    assert rows["header"][:4] == ["label", "test eyes", "uniform map", "ib"]
    assert list(rows)[1:] == ["N", "D", "G"]  # most frequent first
    assert rows["D"][1:4] == ["150", "0.050", "0.310 ± 0.010"]
    assert "n = 3 runs (3 folds × 1 seed)" in part
    assert rows["G"][3] == "0.500 ± 0.000 (n = 2)"
    rows, part = table(text, "Pointing game")
    assert rows["D"][2:4] == ["0.700", "0.900 ± 0.000"]


def test_maps_that_point_nowhere_are_undefined_and_counted(results, about, out, runs):
    text = render_table(results, about, OutFolder(out).pointing(runs))
    assert table(text, "Share of the map inside what shows the label")[0]["N"][3] == "undefined"
    assert "left out: ib: 39 of 204;" in text  # 3 folds × (8 of N and 5 of G)
    assert "tf_efficientnet_lite0: 2×2" in text


def test_several_backbones_have_a_uniform_map_each(results, about, out, runs):
    renamed = {"backbone": "resnet50"}
    other = [run.model_copy(update=renamed) if run.method == "db" else run for run in runs]
    results.loc[results["method"] == "db", "backbone"] = "resnet50"
    text = render_table(results, about, OutFolder(out).pointing(other))
    header = table(text, "Pointing game")[0]["header"]
    assert header[2:4] == ["uniform map, tf_efficientnet_lite0", "uniform map, resnet50"]
    assert "db, resnet50" in header


def test_nothing_is_said_where_nothing_was_looked_at(results, about, out, runs):
    unseen = [run.model_copy(update={"explanation": None}) for run in runs]
    pointing = OutFolder(out).pointing(unseen)
    assert pointing.empty
    assert render_table(results, about, pointing) == render_table(results, about)
    assert "Where the networks look" not in render_table(results, about)
    assert "Where the networks look" not in render_page(results, about, pointing=pointing)


def test_an_explanation_that_failed_is_named(results, about):
    failed = replace(about, unexplained={"ib-1-0": "no room\nfor a <picture>"})
    text = render_table(results, failed)
    assert "`ib-1-0`" not in text
    assert "- ib-1-0: not explained: no room for a &lt;picture>" in text
    assert "not explained" in render_page(results, failed)


def test_a_label_called_na_is_a_label(out, runs):
    path = out / "runs" / runs[-1].id / "pointing.csv"
    path.write_text(path.read_text().replace("\nD,", "\nNA,"))
    assert "NA" in set(OutFolder(out).pointing(runs)["label"])


def test_the_page_holds_tables_and_galleries_and_loads_nothing(results, about, out, runs):
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(buffer, "PNG")
    html = render_page(
        results,
        about,
        runs=runs,
        pointing=OutFolder(out).pointing(runs),
        galleries={"ib-1-0": buffer.getvalue()},
    )
    assert 'id="part-where-the-networks-look"' in html
    assert "Pointing game" in html
    assert 'href="runs/ib-1-0/gallery.png"' in html
    (data,) = re.findall(r'src="data:image/jpeg;base64,([^"]*)"', html)
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert picture.size == (300, 200)


def test_a_gallery_that_points_at_nothing_is_not_shown_and_that_is_said(results, about, out, runs):
    path = OutFolder(out)
    pointing = path.pointing(runs)
    pointing["energy"] = pointing["energy_uniform"] * 0.8
    picture = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(picture, "PNG")
    html = render_page(
        results, about, runs=runs, pointing=pointing, galleries={"ib-1-0": picture.getvalue()}
    )
    assert "data:image/jpeg" not in html
    assert "ib: its maps hold 0.80 times as much of what shows the labels as a uniform" in html
    assert 'href="runs/ib-1-0/gallery.png"' in html
