"""``ltmlbench audit``: the three tables of docs/audit.md, and what is refused."""

from pathlib import Path

import pytest

from ltmlbench.cli import main

TABLES = Path(__file__).parents[2] / "docs/audit"


def said(capsys, *arguments):
    assert main(["audit", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def written(tmp_path, text, name="table.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_the_poster_has_one_row_that_cannot_hold_and_two_blocks_of_different_density(capsys):
    text = said(
        capsys, TABLES / "poster.csv", "--density", "eye=0.134", "--density", "patient=.147"
    )
    first, second = text.split("## DenseNet-121")
    assert first.count("cannot both hold") == 2
    assert (
        "IB Sampling: kappa 0.553 and flat accuracy (printed as F1) 0.974 cannot both hold if "
        in (first)
    )
    assert "Without IB Sampling one density fits: 0.111 to 0.157" in first
    assert "IB Sampling fits too with 0.874 or" in first
    assert "can be the F1 of the positive class in 0 of 7 rows, and a flat accuracy in 7" in first
    assert "One density fits all 3 rows: 0.081 to 0.101, which holds none of those given" in second


def test_an_accuracy_that_is_the_floor_is_called_so(capsys):
    text = said(capsys, TABLES / "chestmnist.yaml")
    assert "0.948 is what answering no to everything scores (flat accuracy 0.9483)" in text


def test_a_sound_table_is_left_in_peace(capsys):
    text = said(capsys, TABLES / "sound.yaml")
    assert "cannot both" not in text
    assert "Nothing was found that cannot hold together." in text
    assert "| 0.70, 0.70 " in text


@pytest.mark.parametrize("table", ["poster.csv", "chestmnist.yaml", "sound.yaml"])
def test_nobody_is_accused(capsys, table):
    text = said(capsys, TABLES / table, "--density", "0.3").lower()
    assert not {"wrong", "error", "false", "mistake", "fraud", "incorrect"} & set(text.split())


def test_below_the_floor(capsys, tmp_path):
    table = written(tmp_path, "method,accuracy\nx,0.80\n")
    assert "x: 0.80, read as flat accuracy, is below what answering no" in said(
        capsys, table, "--density", "0.15"
    )


def test_a_genuine_f1_is_not_read_as_an_accuracy(capsys, tmp_path):
    table = written(tmp_path, "method,kappa,f1\nx,0.667,0.700\n")
    assert "Nothing was found" in said(capsys, table, "--density", "0.1")
    assert "F1 0.700 of the positive class cannot both hold if the density is 0.3." in said(
        capsys, table, "--density", "0.3"
    )


def test_an_area_that_no_curve_through_the_decisions_has(capsys, tmp_path):
    table = written(tmp_path, "method,kappa,accuracy,auc\nx,0.667,0.940,0.999\n")
    assert "AUC 0.999 cannot hold beside kappa 0.667 and accuracy 0.940" in said(
        capsys, table, "--density", "0.100"
    )


def test_rounding_is_taken_into_account(capsys, tmp_path):
    """0.94 is anything from 0.935 to 0.945, and 0.9400 is not."""
    coarse = written(tmp_path, "method,kappa,accuracy\nx,0.67,0.94\n")
    assert "cannot both" not in said(capsys, coarse, "--density", "0.137")
    fine = written(tmp_path, "method,kappa,accuracy\nx,0.6700,0.9400\n")
    assert "cannot both" in said(capsys, fine, "--density", "0.137")


def test_yaml_keeps_the_digits_that_were_printed(capsys, tmp_path):
    table = written(tmp_path, "rows: [{method: x, kappa: 0.750, accuracy: 0.960}]", "t.yaml")
    assert "| 0.750 " in said(capsys, table)


def test_a_column_that_is_not_looked_at_is_named(capsys, tmp_path):
    assert "not looked at: recall" in said(
        capsys, written(tmp_path, "Method,Kappa,Accuracy,Recall\nx,.5,.9,.7\n")
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("method,kappa\nx,65.3\n", "'65.3' is not between -1 and 1: write per cents as shares"),
        ("method,kappa\nx,high\n", "row 1, kappa: 'high' is no number such as"),
        ("name,kappa\nx,0.5\n", "row 1: no method; the columns are name, kappa"),
        ("method,kappa\nx,0.5\nx,0.6\n", "row 2: 'x' is there twice"),
        ("method,kappa\n", "holds no row"),
    ],
)
def test_what_is_no_table_is_one_line(capsys, tmp_path, text, line):
    assert main(["audit", str(written(tmp_path, text))]) == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("text", ["- 1\n", "rows: 3\n", "rows: [1]\n", "a: [\n", "{}\n"])
def test_yaml_of_another_form_is_one_line(capsys, tmp_path, text):
    assert main(["audit", str(written(tmp_path, text, "t.yaml"))]) == 2
    error = capsys.readouterr().err
    assert "cannot read the table" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("density", ["0.6", "0", "x=", "many"])
def test_a_density_that_is_none_is_one_line(capsys, density):
    assert main(["audit", str(TABLES / "poster.csv"), "--density", density]) == 2
    assert capsys.readouterr().err.count("\n") == 1
