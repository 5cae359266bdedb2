"""Label sheets: what counts as the same heading, and what is refused with its line."""

import pytest

from ltmlbench.data.sheets import read_sheet
from ltmlbench.errors import DataError


def sheet(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_columns_are_found_whatever_their_case_blanks_and_punctuation(tmp_path):
    found = read_sheet(sheet(tmp_path, "Image Index , Patient-ID\na.png, 7 \n"))
    assert found.column("image_index") == ("a.png",)
    assert found.column("PatientID") == ("7",)
    assert not found.has("patient")


def test_labels_are_the_columns_that_hold_1(tmp_path):
    found = read_sheet(sheet(tmp_path, "id,a,b,c\nx,1,0,1.0\ny,0,0.0,0\n"))
    assert found.labels({"a": "A", "b": "B", "c": "C"}) == [("A", "C"), ()]


@pytest.mark.parametrize("cell", ["2", "", "-1", "yes", "0.5"])
def test_what_is_neither_0_nor_1_is_named_with_its_line(tmp_path, cell):
    found = read_sheet(sheet(tmp_path, f"id,a\n\nx,1\ny,{cell}\n"))
    with pytest.raises(DataError, match=r"labels\.csv, line 4: a is '"):
        found.labels({"a": "a"})


def test_lines_keep_their_numbers_when_some_rows_are_taken(tmp_path):
    found = read_sheet(sheet(tmp_path, "id,a\nx,1\ny,2\n")).take([False, True])
    with pytest.raises(DataError, match="line 3"):
        found.labels({"a": "a"})


def test_empty_cells_behind_the_heading_are_nothing_and_filled_ones_an_error(tmp_path):
    assert read_sheet(sheet(tmp_path, "id,a\nx,1,,\n")).rows == (("x", "1"),)
    with pytest.raises(DataError, match="line 2: 3 cells, the heading has 2"):
        read_sheet(sheet(tmp_path, "id,a\nx,1,1\n"))


def test_a_column_that_is_there_twice_is_not_guessed(tmp_path):
    found = read_sheet(sheet(tmp_path, "ID,id\nx,y\n"))
    with pytest.raises(DataError, match="column 'ID' is there 2 times"):
        found.column("ID")


def test_the_first_encoding_that_fits_is_used(tmp_path):
    path = sheet(tmp_path, "id,café\nx,1\n", "latin-1")
    with pytest.raises(DataError, match="not text in UTF-8"):
        read_sheet(path)
    assert read_sheet(path, encodings=("utf-8-sig", "latin-1")).heading == ("id", "café")


def test_a_heading_without_rows_is_an_error(tmp_path):
    with pytest.raises(DataError, match="holds no rows"):
        read_sheet(sheet(tmp_path, "id,a\n\n"))
