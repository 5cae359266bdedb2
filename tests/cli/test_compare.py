"""``ltmlbench compare``: from stored predictions, and from results alone."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from ltmlbench.cli import main
from ltmlbench.results.tables import TYPES

ROOT = Path(__file__).parents[2]
STORED = ROOT / "tests/historic/0.1.0"


def results_only(folder, values, fold="fold {} of 3", metric="map"):
    """A folder that kept results.csv alone: one metric, values per row and fold."""
    rows = [
        {
            "run": f"{row}-{place}",
            "method": row,
            "backbone": "net",
            "fold": fold.format(place),
            "seed": 0,
            "unit": "eye",
            "metric": metric,
            "label": "",
            "value": value,
            "undefined": 0,
            "floor": row == "majority",
            "simulated": False,
            "trials": 0,
        }
        for row, found in values.items()
        for place, value in enumerate(found, 1)
    ]
    pd.DataFrame(rows, columns=list(TYPES)).to_csv(folder / "results.csv", index=False)
    return str(folder)


VALUES = {"ib": [0.40, 0.42, 0.41], "db": [0.50, 0.53, 0.50], "majority": [0.9, 0.9, 0.9]}


def test_it_says_what_can_be_resolved_before_who_leads(tmp_path, capsys):
    assert main(["compare", results_only(tmp_path, VALUES)]) == 0
    said = capsys.readouterr().out
    assert said.index("3 folds resolve true differences in map of about") < said.index("Highest")
    assert "majority" not in said
    assert "SIMULATED" not in said


def test_csv_holds_the_numbers_of_the_corrected_test(tmp_path, capsys):
    main(["compare", results_only(tmp_path, VALUES), "--format", "csv"])
    row, _ = csv.DictReader(io.StringIO(capsys.readouterr().out))
    d = np.array([0.10, 0.11, 0.09])
    half = 4.302653 * np.sqrt((1 / 3 + 1 / 2) * d.var(ddof=1))
    assert row["method"] == "db"
    assert row["difference"] == "+0.100"
    assert row["95 % interval"] == f"+{0.1 - half:.3f} to +{0.1 + half:.3f}"


def test_validation_rows_are_not_counted_as_training_rows(tmp_path, capsys):
    folder = results_only(tmp_path, VALUES)
    main(["compare", folder, "--format", "csv"])
    without = capsys.readouterr().out
    (tmp_path / "config.yaml").write_text("validation: 0.5\n")
    main(["compare", folder, "--format", "csv"])
    row = next(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    half = 4.302653 * np.sqrt((1 / 3 + 1) * 0.0001)
    assert row["95 % interval"] == f"+{0.1 - half:.3f} to +{0.1 + half:.3f}"
    assert row["95 % interval"] not in without


def test_latex_escapes_names_and_marks_what_is_decided(tmp_path, capsys):
    values = {"ib": [0.400, 0.420, 0.410], "db[mu=0.2]_x": [0.600, 0.621, 0.610]}
    main(["compare", results_only(tmp_path, values), "--format", "latex"])
    said = capsys.readouterr().out
    assert r"\toprule" in said
    assert r"db[mu=0.2]\_x & 0.610 & \textbf{+0.200}" in said
    assert r"95 \% interval" in said


def test_stored_predictions_are_resampled_by_patient(tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(STORED, out)
    main(["compare", str(out), "--metric", "odir_kappa", "--resamples", "200"])
    said = capsys.readouterr().out
    assert "SIMULATED" in said
    assert "95 % over patients" in said
    assert "200 resamples" in said


def test_an_official_test_set_is_compared_by_itself(tmp_path, capsys):
    """One split: differences of the stored predictions, as scikit-learn computes them, with an
    interval from resamples."""
    out, rng = tmp_path / "out", np.random.default_rng(0)
    out.mkdir()
    y = rng.random((300, 2)) < 0.3
    benchmark = {"protocol": {"unit": "eye", "group_unit": "patient", "headline": ["map"]}}
    benchmark |= {"labels": ["D", "G"], "shots": ["head", "tail"], "counts": [90, 90]}
    benchmark |= {"title": "two rows", "dataset": "made", "fingerprint": "", "metrics": ["map"]}
    benchmark |= {"samples": 900, "groups": 450, "runs": ["ib-1", "db-1"]}
    (out / "benchmark.json").write_text(json.dumps(benchmark))
    means, scores = {}, {"ib": rng.random((300, 2)), "db": 0.4 * y + 0.6 * rng.random((300, 2))}
    for row, s in scores.items():
        folder = out / "runs" / f"{row}-1"
        folder.mkdir(parents=True)
        table = {"part": "test", "group": [f"p{i // 2}" for i in range(300)]}
        table |= {f"y:{c}": y[:, k] for k, c in enumerate("DG")}
        table |= {f"p:{c}": s[:, k] for k, c in enumerate("DG")}
        pd.DataFrame(table).to_parquet(folder / "predictions.parquet")
        split = {"name": "official off-site", "fingerprint": "", "train": 600, "val": 0}
        run = {"id": f"{row}-1", "method": row, "backbone": "net", "fold": "official off-site"}
        run |= {"seed": 0, "floor": False, "status": "done", "split": split | {"test": 300}}
        (folder / "run.json").write_text(json.dumps(run))
        means[row] = np.mean([average_precision_score(y[:, k], s[:, k]) for k in (0, 1)])
    results_only(out, {row: [value] for row, value in means.items()}, fold="official off-site")
    assert main(["compare", str(out), "--format", "csv"]) == 0
    row, _ = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["table"].startswith("map per eye, official off-site")
    assert row["difference"] == f"+{means['db'] - means['ib']:.3f}"
    assert row["p (Holm)"] == "<0.001"  # 2/2001
    assert row["place"] == "1"
    assert row["leads"] == "100.0 %"


def test_a_floor_takes_part_only_if_it_is_asked_for(tmp_path, capsys):
    main(["compare", results_only(tmp_path, VALUES), "--against", "majority", "--format", "csv"])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["method"] for row in rows] == ["majority", "db", "ib"]
    assert rows[2]["difference"] == "-0.490"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--against", "crt"], "no row 'crt' in these results: there are ib, db"),
        (["--metric", "mapp"], "no metric 'mapp' in these results, did you mean 'map'?"),
        (["--unit", "heart"], "no unit 'heart' in these results: there are eye"),
        (["--rope", "-1"], "--rope and --resamples are not negative"),
    ],
)
def test_a_wrong_request_is_one_line(tmp_path, capsys, arguments, line):
    assert main(["compare", results_only(tmp_path, VALUES), *arguments]) == 2
    assert capsys.readouterr().err.strip() == f"ltmlbench: {line}"


def test_a_folder_without_results_is_one_line(tmp_path, capsys):
    assert main(["compare", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("ltmlbench: cannot read results")


def test_one_row_is_nothing_to_compare(tmp_path, capsys):
    assert main(["compare", results_only(tmp_path, {"ib": [0.4, 0.5]})]) == 2
    assert "holds one row" in capsys.readouterr().err


def test_the_report_has_the_same_differences(tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(STORED, out)
    assert main(["report", str(out)]) == 0
    capsys.readouterr()
    main(["compare", str(out), "--metric", "map", "--resamples", "0"])
    said = capsys.readouterr().out
    line = next(line for line in said.splitlines() if line.startswith("| focal"))
    table = (out / "table.md").read_text()
    assert "## SIMULATED · Differences" in table
    assert line in table
    page = (out / "report.html").read_text()
    assert '<section id="part-the-answer">' in page
    assert "2 folds resolve true differences in map" in page
