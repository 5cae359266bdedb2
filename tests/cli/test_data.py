"""`ltmlbench data`: one line for what cannot be done, and nothing that a terminal would obey."""

import csv

import numpy as np
import pytest
from PIL import Image

from ltmlbench.cli import main

FEW = ["--dataset", "fundus-sim[patients=3]"]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(capsys, *arguments):
    assert main(["data", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ltmlbench: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--size", "0"], "--size 0: give 16 to"),
        (["--size=-5"], "--size -5: give 16 to"),
        (["--size", "90000"], "--size 90000: give 16 to"),
        (["--number=-3"], "--number -3: give 1 to"),
        (["--number", "0"], "--number 0: give 1 to"),
        (["--out", "."], "is a folder"),
        (["--out", "sheet.xyz"], "call it sheet.png"),
        (["--out", "sheet"], "call it sheet.png"),
        (["--out", "file/sheet.png"], "cannot be written"),
    ],
)
def test_a_sheet_that_cannot_be_drawn_is_one_line_and_leaves_nothing(
    tmp_path, capsys, options, said
):
    (tmp_path / "file").write_text("mine")
    assert said in refused(capsys, "sheet", *FEW, *options)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("out", "said"), [(".", "is a folder"), ("labels.png", ".csv"), ("file/a.csv", "be written")]
)
def test_labels_that_cannot_be_written_are_one_line(tmp_path, capsys, out, said):
    (tmp_path / "file").write_text("mine")
    assert said in refused(capsys, "labels", *FEW, "--out", out)


def test_check_labels_and_sheet_of_the_embedded_data(tmp_path, capsys):
    assert main(["data", "check", *FEW]) == 0
    assert capsys.readouterr().out == "no problem found\n6 eyes can be used\n"
    assert main(["data", "labels", *FEW]) == 0
    assert "written: labels.csv" in capsys.readouterr().out
    with open("labels.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 6
    assert main(["data", "sheet", *FEW, "--number", "99", "--size", "32"]) == 0
    with Image.open("sheet.png") as sheet:
        assert sheet.size[0] >= 6 * 32


def test_names_from_a_folder_reach_the_terminal_without_control_characters(tmp_path, capsys):
    name = "1\x1b[2J_left.jpg"
    heading = (
        "ID,Left-Fundus,Right-Fundus,Left-Diagnostic Keywords,Right-Diagnostic Keywords\n"
        f"1,{name},1_right.jpg,cataract,glaucoma\n"
    )
    (tmp_path / "full_df.csv").write_text(heading)
    Image.fromarray(np.full((20, 20, 3), 90, np.uint8)).save("1_right.jpg")
    (tmp_path / name).write_bytes(b"")
    assert main(["data", "check", "--dataset", "odir5k", "--data-dir", "."]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"empty file: 1\x1b[2J_left.jpg" in out
    assert "1 eyes can be used" in out
