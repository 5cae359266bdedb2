"""Label files: every format gives the same matrix, every bad file one line that helps."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse

from ltmlbench.errors import DataError
from ltmlbench.tables import LabelOptions, read_labels

NAMES = ("bird", "cat", "dog")
ROWS = [["cat", "dog"], ["dog"], [], ["bird", "cat"], ["bird"], ["bird", "cat", "dog"]]
MATRIX = np.array([[name in row for name in NAMES] for row in ROWS], dtype=np.uint8)
TAGS = LabelOptions(column="tags")
MULAN = """<?xml version="1.0" encoding="utf-8"?>
<labels xmlns="http://mulan.sourceforge.net/labels">
<label name="bird"></label><label name="cat"/><label name="dog"/>
</labels>
"""


def zeros_and_ones(**others):
    return pd.DataFrame({"id": list("uvwxyz"), **others, **dict(zip(NAMES, MATRIX.T, strict=True))})


def tag_frame(separator):
    return pd.DataFrame({"id": range(6), "tags": [separator.join(row) for row in ROWS]})


def list_frame():
    return pd.DataFrame({"id": range(6), "tags": ROWS})


def dense_arff(relation, labels_first=False):
    attributes = ["@attribute size numeric", "@attribute colour {red,green}"]
    labels = [f"@attribute {name} {{0,1}}" for name in NAMES]
    head = [*labels, *attributes] if labels_first else [*attributes, *labels]
    rows = []
    for i, row in enumerate(MATRIX.tolist()):
        features, values = f"{i / 2},red", ",".join(map(str, row))
        rows.append(f"{values},{features}" if labels_first else f"{features},{values}")
    return "\n".join([f"@relation {relation}", *head, "@data", *rows, ""])


def sparse_arff(relation, before_data=""):
    columns = ["@attribute size numeric", *(f"@attribute {name} {{0,1}}" for name in NAMES)]
    rows = []
    for i, row in enumerate(MATRIX.tolist()):
        held = [f"{c + 1} 1" for c, value in enumerate(row) if value]
        rows.append("{" + ",".join([f"0 {i / 2}", *held]) + "}")
    return "\n".join([f"@relation {relation}", *columns, "", "@data", before_data, *rows, ""])


def lines(rows, key="tags"):
    return "".join(json.dumps({"id": i, key: row}) + "\n" for i, row in enumerate(rows))


def csv_of_columns(folder):
    zeros_and_ones(age=[1, 0, 2, 0.5, 1, 0]).to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", LabelOptions()


def csv_of_chosen_columns(folder):
    zeros_and_ones(woman=[0, 1, 0, 1, 1, 0]).to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", LabelOptions(labels="bird, cat, dog")


def csv_of_last_columns(folder):
    zeros_and_ones(woman=[0, 1, 0, 1, 1, 0]).to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", LabelOptions(labels="3")


def csv_of_first_columns(folder):
    frame = zeros_and_ones(woman=[0, 1, 0, 1, 1, 0])
    frame[[*NAMES, "woman", "id"]].to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", LabelOptions(labels="-3")


def csv_of_true_and_false(folder):
    frame = pd.DataFrame(MATRIX.astype(bool), columns=NAMES)
    frame.to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", LabelOptions()


def csv_with_mulan_names(folder):
    (folder / "names.xml").write_text(MULAN)
    zeros_and_ones(woman=[0, 1, 0, 1, 1, 0]).to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", LabelOptions(labels=str(folder / "names.xml"))


def csv_of_tags_with_bars(folder):
    tag_frame("|").to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", TAGS


def csv_of_tags_with_semicolons(folder):
    tag_frame("; ").to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", TAGS


def csv_of_tags_with_commas(folder):
    tag_frame(",").to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", TAGS


def csv_of_tags_with_a_separator_of_its_own(folder):
    tag_frame(" / ").to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", LabelOptions(column="tags", separator="/")


def tsv_of_columns(folder):
    zeros_and_ones().to_csv(folder / "f.tsv", sep="\t", index=False)
    return folder / "f.tsv", LabelOptions()


def tsv_of_tags(folder):
    tag_frame(",").to_csv(folder / "F.TSV", sep="\t", index=False)
    return folder / "F.TSV", TAGS


def parquet_of_lists(folder):
    list_frame().to_parquet(folder / "f.parquet")
    return folder / "f.parquet", TAGS


def parquet_of_lists_with_gaps(folder):
    frame = list_frame()
    frame.loc[2, "tags"] = None
    frame.to_parquet(folder / "f.parquet")
    return folder / "f.parquet", TAGS


def parquet_of_strings(folder):
    tag_frame("|").to_parquet(folder / "f.parquet")
    return folder / "f.parquet", TAGS


def parquet_of_strings_with_gaps(folder):
    frame = tag_frame("|")
    frame.loc[2, "tags"] = None
    frame.to_parquet(folder / "f.parquet")
    return folder / "f.parquet", TAGS


def parquet_of_categories(folder):
    frame = tag_frame("|")
    frame.loc[2, "tags"] = None
    frame.astype({"tags": "category"}).to_parquet(folder / "f.parquet")
    return folder / "f.parquet", TAGS


def parquet_of_columns(folder):
    zeros_and_ones(age=np.linspace(0, 1, 6)).to_parquet(folder / "f.parquet")
    return folder / "f.parquet", LabelOptions()


def parquet_of_columns_beside_lists(folder):
    zeros_and_ones(words=ROWS).to_parquet(folder / "f.parquet")
    return folder / "f.parquet", LabelOptions()


def npz_with_names(folder):
    np.savez(folder / "f.npz", X=np.ones((6, 2)), Y=MATRIX, labels=np.array(NAMES))
    return folder / "f.npz", LabelOptions()


def npz_compressed_of_booleans(folder):
    np.savez_compressed(folder / "f.npz", y=MATRIX.astype(bool), names=np.array(NAMES))
    return folder / "f.npz", LabelOptions()


def arff_with_labels_last(folder):
    (folder / "f.arff").write_text(dense_arff("pets"))
    return folder / "f.arff", LabelOptions(labels="3")


def arff_with_labels_named(folder):
    (folder / "f.arff").write_text(dense_arff("pets", labels_first=True))
    return folder / "f.arff", LabelOptions(labels="bird,cat,dog")


def arff_of_meka_with_labels_first(folder):
    (folder / "f.arff").write_text(dense_arff("'pets: -C 3'", labels_first=True))
    return folder / "f.arff", LabelOptions()


def arff_of_meka_with_labels_last(folder):
    (folder / "f.arff").write_text(dense_arff("'pets: -C -3 -split-number 4'"))
    return folder / "f.arff", LabelOptions()


def arff_with_mulan_names_beside(folder):
    (folder / "f.arff").write_text(dense_arff("pets"))
    (folder / "f.xml").write_text(MULAN)
    return folder / "f.arff", LabelOptions()


def sparse_arff_with_mulan_names_beside(folder):
    (folder / "f.arff").write_text(sparse_arff("pets"))
    (folder / "f.xml").write_text(MULAN)
    return folder / "f.arff", LabelOptions()


def sparse_arff_of_meka(folder):
    (folder / "f.arff").write_text(sparse_arff("'pets: -C -3'"))
    return folder / "f.arff", LabelOptions()


def sparse_arff_with_a_remark(folder):
    (folder / "f.arff").write_text(sparse_arff("pets", before_data="% six pets\n\n% or none"))
    return folder / "f.arff", LabelOptions(labels="3")


def json_lines(folder):
    (folder / "f.jsonl").write_text(lines(ROWS))
    return folder / "f.jsonl", LabelOptions()


def json_lines_with_two_lists(folder):
    text = "\n".join(json.dumps({"words": ["a", "b"], "tags": row}) for row in ROWS)
    (folder / "f.ndjson").write_text(text + "\n\n")
    return folder / "f.ndjson", TAGS


def folder_of_json_lines(folder):
    parts = folder / "parts"
    parts.mkdir()
    (parts / "part-0.jsonl").write_text(lines(ROWS[:2]))
    (parts / "part-1.jsonl").write_text("")
    (parts / "part-2.jsonl").write_text(lines(ROWS[2:]))
    (parts / "README.md").write_text("no labels here")
    return parts, LabelOptions()


@pytest.mark.parametrize(
    "write",
    [
        csv_of_columns,
        csv_of_chosen_columns,
        csv_of_last_columns,
        csv_of_first_columns,
        csv_of_true_and_false,
        csv_with_mulan_names,
        csv_of_tags_with_bars,
        csv_of_tags_with_semicolons,
        csv_of_tags_with_commas,
        csv_of_tags_with_a_separator_of_its_own,
        tsv_of_columns,
        tsv_of_tags,
        parquet_of_lists,
        parquet_of_lists_with_gaps,
        parquet_of_strings,
        parquet_of_strings_with_gaps,
        parquet_of_categories,
        parquet_of_columns,
        parquet_of_columns_beside_lists,
        npz_with_names,
        npz_compressed_of_booleans,
        arff_with_labels_last,
        arff_with_labels_named,
        arff_of_meka_with_labels_first,
        arff_of_meka_with_labels_last,
        arff_with_mulan_names_beside,
        sparse_arff_with_mulan_names_beside,
        sparse_arff_of_meka,
        sparse_arff_with_a_remark,
        json_lines,
        json_lines_with_two_lists,
        folder_of_json_lines,
    ],
    ids=lambda write: write.__name__,
)
def test_every_format_gives_the_same_matrix(write, tmp_path):
    path, reading = write(tmp_path)
    labels = read_labels(path, reading).labels
    assert labels.names == NAMES
    np.testing.assert_array_equal(labels.dense, MATRIX)


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
def test_a_sparse_matrix_of_scipy_is_read_and_its_labels_are_numbered(form, tmp_path):
    sparse.save_npz(tmp_path / "f.npz", form(MATRIX))
    labels = read_labels(tmp_path / "f.npz").labels
    assert labels.names == ("0", "1", "2")
    np.testing.assert_array_equal(labels.dense, MATRIX)


def test_an_npz_without_names_numbers_its_labels(tmp_path):
    np.savez(tmp_path / "f.npz", Y=MATRIX)
    assert read_labels(tmp_path / "f.npz").labels.names == ("0", "1", "2")


def test_tags_of_a_table_of_text_are_kept_as_they_are_written(tmp_path):
    (tmp_path / "f.csv").write_text('id,tags\n0,007\n1,\n2,NA|7\n3,"null"\n4,1.50\n')
    labels = read_labels(tmp_path / "f.csv", TAGS).labels
    assert labels.names == ("007", "1.50", "7", "NA", "null")
    assert labels.per_sample.tolist() == [1, 0, 2, 1, 1]


def test_a_parquet_column_of_numbers_is_one_tag_per_row(tmp_path):
    pd.DataFrame({"tags": [3, 4, 3]}).to_parquet(tmp_path / "f.parquet")
    labels = read_labels(tmp_path / "f.parquet", TAGS).labels
    assert labels.names == ("3", "4")
    assert labels.counts.tolist() == [2, 1]


def test_a_tag_that_repeats_in_one_row_counts_once(tmp_path):
    (tmp_path / "f.csv").write_text("tags\na|b|a\nb|b\n")
    assert read_labels(tmp_path / "f.csv", TAGS).labels.counts.tolist() == [1, 2]


def test_a_column_without_any_tag_gives_no_labels(tmp_path):
    (tmp_path / "f.csv").write_text("id,tags\n0,\n1,\n")
    assert read_labels(tmp_path / "f.csv", TAGS).labels.dense.shape == (2, 0)
    pq.write_table(pa.table({"tags": pa.nulls(2)}), tmp_path / "f.parquet")
    assert read_labels(tmp_path / "f.parquet", TAGS).labels.dense.shape == (2, 0)


def test_attribute_names_of_an_arff_file_may_hold_commas_and_blanks(tmp_path):
    text = "@relation 'r: -C 2'\n@attribute 'left, upper' {0,1}\n@attribute ' low.xml' {0,1}\n"
    (tmp_path / "f.arff").write_text(text + "@attribute x numeric\n@data\n1,0,3\n0,1,4\n")
    labels = read_labels(tmp_path / "f.arff").labels
    assert labels.names == ("left, upper", " low.xml")
    assert labels.dense.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("form", ["csv", "parquet", "nullable", "bool"])
def test_a_column_of_0_and_1_with_gaps_is_never_left_out_silently(form, tmp_path):
    frame = pd.DataFrame(
        {"a": [1, 0, 1], "b": [0, None, 1], "c": [0, 1, 0], "text": ["x", None, ""]}
    )
    if form == "csv":
        frame.to_csv(tmp_path / "f.csv", index=False)
    else:
        kinds = {"nullable": {"b": "Int64"}, "bool": {"b": "boolean"}}
        frame.astype(kinds.get(form, {})).to_parquet(tmp_path / "f.parquet")
    file = tmp_path / ("f.csv" if form == "csv" else "f.parquet")
    with pytest.raises(DataError, match="column 'b' holds gaps beside 0 and 1"):
        read_labels(file)
    assert read_labels(file, LabelOptions(labels="a,c")).labels.names == ("a", "c")


def test_quotes_of_attribute_names_of_an_arff_file_are_undone(tmp_path):
    text = "@relation r\n@attribute 'it\\'s' {0,1}\n@attribute 'a \\\\ b' {0,1}\n@data\n1,0\n0,1\n"
    (tmp_path / "f.arff").write_text(text)
    assert read_labels(tmp_path / "f.arff", LabelOptions(labels="2")).labels.names == (
        "it's",
        "a \\ b",
    )


@settings(max_examples=60, deadline=None)
@example(rows=[["\u2028", "a\x85b"], ["\x1c", "\r\n"]], ascii_only=False)
@given(
    rows=st.lists(st.lists(st.text(min_size=1, max_size=6), max_size=4), min_size=1, max_size=8),
    ascii_only=st.booleans(),
)
def test_any_tags_read_back_the_same_from_json_lines_and_parquet(
    rows, ascii_only, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("tags")
    text = "\n".join(json.dumps({"tags": row}, ensure_ascii=ascii_only) for row in rows)
    (folder / "f.jsonl").write_text(text, encoding="utf-8")
    column = pa.array(rows, type=pa.list_(pa.string()))
    pq.write_table(pa.table({"tags": column}), folder / "f.parquet")
    names = sorted({tag for row in rows for tag in row})
    matrix = np.array([[name in row for name in names] for row in rows]).reshape(len(rows), -1)
    for file, reading in (("f.jsonl", LabelOptions()), ("f.parquet", TAGS)):
        labels = read_labels(folder / file, reading).labels
        assert labels.names == tuple(names)
        np.testing.assert_array_equal(labels.dense, matrix)


def the_line(path, reading=None):
    with pytest.raises(DataError) as caught:
        read_labels(path, reading)
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    assert str(path) in line
    return line


def test_a_file_or_folder_that_cannot_hold_labels_is_one_line(tmp_path):
    assert "there is no such file or folder" in the_line(tmp_path / "gone.csv")
    (tmp_path / "f.xlsx").write_bytes(b"")
    assert "the file is empty" in the_line(tmp_path / "f.xlsx")
    (tmp_path / "f.xlsx").write_bytes(b"a,b\n0,1\n")
    assert "it is no .xlsx file by its first bytes" in the_line(tmp_path / "f.xlsx")
    (tmp_path / "empty").mkdir()
    assert "the folder holds no file of labels" in the_line(tmp_path / "empty")
    (tmp_path / "empty" / "f.csv").write_text("a,b\n0,1\n")
    (tmp_path / "empty" / "f.parquet").write_text("")
    assert "files of several kinds (.csv, .parquet)" in the_line(tmp_path / "empty")


@pytest.mark.parametrize(
    ("text", "reading", "message"),
    [
        ("", LabelOptions(), "the file is empty"),
        (
            "a,b\n0,1\n0,1,1,1\n",
            LabelOptions(),
            "line 3 has 4 fields, not 2 (0,1,1,1): quote cells that hold ','",
        ),
        (
            "id,tags\n0,a\n",
            LabelOptions(),
            "name the column of tags with --column, for instance --col",
        ),
        ("a,b\n0,1\n,1\n", LabelOptions(), "column 'a' holds gaps beside 0 and 1"),
        (
            "id,tags\n0,a\n",
            LabelOptions(column="tag"),
            "there is no column 'tag', did you mean 'tags'?",
        ),
        ("tags\na|b\nc;d\n", TAGS, "holds '|' and ';': say which one separates tags with --sep"),
        ("tags\na|b\nc||d\n", TAGS, "row 1: empty tag in 'c||d'"),
        ("tags\na\n|\n", TAGS, "row 1: empty tag in '|'"),
        (
            "a,b\n0,0.5\n1,1\n",
            LabelOptions(labels="a,b"),
            "'b', named by --labels, holds values other than 0 and 1: numbers 0.5, 1",
        ),
        ("a,b\n0,\n1,1\n", LabelOptions(labels="a,b"), "column 'b' holds gaps beside 0 and 1"),
        (
            "a,b\n0,2\n1,1\n",
            LabelOptions(labels="2"),
            "holds values other than 0 and 1: numbers 1, 2",
        ),
        ("a,b,a\n0,1,1\n1,0,1\n", LabelOptions(), "column names repeat: a"),
        ("a,b,b\n0,1,1\n1,0,1\n", LabelOptions(labels="a,b"), "column names repeat: b"),
        ("tags,tags\nu,v\n", TAGS, "column names repeat: tags"),
        (
            "a,b\n0,1\n",
            LabelOptions(labels="a,c,d"),
            "--labels: there is no column 'c' (2 missing)",
        ),
        ("a,b\n0,1\n", LabelOptions(labels="a,a"), "--labels: 'a' is named twice"),
        ("a,b\n0,1\n", LabelOptions(labels="3"), "--labels 3: the file has 2 columns"),
        ("a,b\n0,1\n", LabelOptions(labels="-3"), "--labels -3: the file has 2 columns"),
    ],
)
def test_a_table_of_text_whose_labels_cannot_be_told_is_one_line(text, reading, message, tmp_path):
    (tmp_path / "f.csv").write_text(text)
    assert message in the_line(tmp_path / "f.csv", reading)


@pytest.mark.parametrize(
    ("frame", "reading", "message"),
    [
        (pd.DataFrame({"tags": [["a"], ["b", ""]]}), TAGS, "row 1: '' is no tag"),
        (pd.DataFrame({"tags": [["a"], ["b", None]]}), TAGS, "row 1: None is no tag"),
        (pd.DataFrame({"tags": [[1], [2.5]]}), TAGS, "2.5 is no tag: tags are texts or whole"),
        (pd.DataFrame({"tags": [[1], [-1, 2]]}), TAGS, "-1 is no tag: tags are texts or whole"),
        (
            pd.DataFrame({"a": [0, 0.5], "b": [0, 1]}),
            LabelOptions(labels="2"),
            "values other than 0 and 1",
        ),
        (
            pd.DataFrame({"a": [0, None], "b": [0, 1]}),
            LabelOptions(labels="2"),
            "'a' holds gaps beside",
        ),
    ],
)
def test_a_parquet_file_whose_labels_cannot_be_told_is_one_line(frame, reading, message, tmp_path):
    frame.to_parquet(tmp_path / "f.parquet")
    assert message in the_line(tmp_path / "f.parquet", reading)


def test_a_parquet_file_whose_column_names_repeat_is_one_line(tmp_path):
    columns = [pa.array([0, 1])] * 3
    pq.write_table(pa.Table.from_arrays(columns, names=["a", "b", "a"]), tmp_path / "f.parquet")
    assert "column names repeat: a" in the_line(tmp_path / "f.parquet")


def test_a_damaged_parquet_file_is_one_line(tmp_path):
    list_frame().to_parquet(tmp_path / "f.parquet")
    whole = (tmp_path / "f.parquet").read_bytes()
    for damaged in (whole[:-20], whole[:40] + whole[-40:], b"PAR1", b"text"):
        (tmp_path / "f.parquet").write_bytes(damaged)
        assert "cannot be read" in the_line(tmp_path / "f.parquet", TAGS)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": MATRIX}, "no array 'Y' (N×C of 0 and 1); arrays: X"),
        ({"Y": MATRIX * 0.5}, "holds only 0 and 1; 0.5 (row 0) found"),
        ({"Y": np.array([[np.nan, 1]])}, "column '0' holds gaps beside 0 and 1"),
        ({"Y": MATRIX[0]}, "2 dimensions (samples × labels), not 1"),
        ({"Y": MATRIX, "labels": np.array(["a", "b"])}, "2 names for 3 label columns"),
        ({"Y": MATRIX, "labels": np.array(["a", "b", "a"])}, "label names repeat: a"),
        ({"Y": MATRIX.astype(object)}, "cannot be read: Y: an array of objects is a pickle"),
        ({"Y": MATRIX.astype(str)}, "holds only 0 and 1; <U"),
    ],
)
def test_an_npz_file_that_holds_no_label_matrix_is_one_line(arrays, message, tmp_path):
    np.savez(tmp_path / "f.npz", **arrays)
    assert message in the_line(tmp_path / "f.npz")


def test_a_sparse_matrix_with_other_values_is_one_line(tmp_path):
    sparse.save_npz(tmp_path / "f.npz", sparse.csr_array(MATRIX * 0.5))
    assert "holds only 0 and 1" in the_line(tmp_path / "f.npz")


def test_a_damaged_npz_file_is_one_line(tmp_path):
    np.savez_compressed(tmp_path / "f.npz", Y=np.eye(40, dtype=np.uint8))
    whole = (tmp_path / "f.npz").read_bytes()
    middle = 80
    damage = (
        whole[: len(whole) // 2],
        whole[:middle] + b"\xff" * 30 + whole[middle + 30 :],
        b"no zip at all",
    )
    for damaged in damage:
        (tmp_path / "f.npz").write_bytes(damaged)
        assert "cannot be read" in the_line(tmp_path / "f.npz")


@pytest.mark.parametrize(
    ("text", "reading", "message"),
    [
        (
            dense_arff("pets"),
            LabelOptions(),
            "which attributes are labels: give --labels N, names, or",
        ),
        (
            dense_arff("pets"),
            LabelOptions(labels="cat,cow"),
            "there is no column 'cow' (1 missing)",
        ),
        (dense_arff("pets"), LabelOptions(labels="6"), "--labels 6: the file has 5 columns"),
        (
            dense_arff("'pets: -C 3'"),
            LabelOptions(),
            "'size', named by '-C 3' in the relation's name, holds",
        ),
        (
            dense_arff("pets").replace("0,1,1", "0,1,?"),
            LabelOptions(labels="3"),
            "'dog' holds gaps",
        ),
        (
            dense_arff("pets").replace("0,1,1", "0,1,7"),
            LabelOptions(labels="3"),
            "value 7 not found",
        ),
        (
            dense_arff("pets").replace("0,1,1", "0,1"),
            LabelOptions(labels="3"),
            "Bad @DATA instance",
        ),
        (sparse_arff("pets").replace("3 1", "9 1"), LabelOptions(labels="3"), "Bad @DATA instance"),
        (dense_arff("pets").replace("dog", "cat"), LabelOptions(labels="3"), "Bad @ATTRIBUTE name"),
        ("%\n", LabelOptions(labels="3"), "Invalid layout of the ARFF file"),
    ],
)
def test_an_arff_file_whose_labels_cannot_be_told_is_one_line(text, reading, message, tmp_path):
    (tmp_path / "f.arff").write_text(text)
    assert message in the_line(tmp_path / "f.arff", reading)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MULAN.replace("cat", "cow"), "there is no column 'cow' (1 missing)"),
        ("<labels>", "no element found"),
        ("<labels><label/></labels>", "there is no <label name="),
        ("<html/>", "there is no <label name="),
    ],
)
def test_a_mulan_file_that_does_not_fit_is_one_line(text, message, tmp_path):
    (tmp_path / "f.arff").write_text(dense_arff("pets"))
    (tmp_path / "f.xml").write_text(text)
    assert message in the_line(tmp_path / "f.arff")


def test_a_mulan_file_that_is_missing_is_one_line(tmp_path):
    (tmp_path / "f.arff").write_text(dense_arff("pets"))
    line = the_line(tmp_path / "f.arff", LabelOptions(labels="gone.xml"))
    assert "gone.xml: [Errno 2] No such file" in line


BAD_LINES = [
    ('{"tags": ["a"]}\n{"tags": ["b"\n', LabelOptions(), "line 2: Expecting ',' delimiter"),
    ('{"tags": ["a"]}\n\n["b"]\n', LabelOptions(), "line 3: a JSON object is needed, not list"),
]
BAD_RECORDS = [
    ('{"a": ["u"], "b": ["v"]}\n', LabelOptions(), "2 columns hold lists or tags (a, b): name one"),
    (
        '{"a": "u"}\n',
        LabelOptions(),
        "fewer than two columns hold only 0 and 1: name the column of",
    ),
    (
        '{"tags": ["a"]}\n{"tags": "a"}\n',
        LabelOptions(),
        "row 1: a is no list of tags, as other rows",
    ),
    ('{"tags": ["a"]}\n', LabelOptions(column="tag"), "no column 'tag', did you mean 'tags'?"),
    ('{"tags": ["a"]}\n{"tags": ["b", ""]}\n', LabelOptions(), "row 1: '' is no tag"),
    ('{"tags": ["a"]}\n\n{"tags": [3.5]}\n', LabelOptions(), "row 1: 3.5 is no tag"),
    ('{"tags": [["a"]]}\n', TAGS, "row 0: ['a'] is no tag"),
    ('{"tags": [true]}\n', TAGS, "row 0: True is no tag"),
]


@pytest.mark.parametrize(("text", "reading", "message"), BAD_RECORDS)
def test_json_records_without_tags_are_one_line(text, reading, message, tmp_path):
    (tmp_path / "f.jsonl").write_text(text)
    assert message in the_line(tmp_path / "f.jsonl", reading)


@pytest.mark.parametrize(("text", "reading", "message"), BAD_LINES)
def test_a_bad_json_line_is_one_line_with_its_number(text, reading, message, tmp_path):
    (tmp_path / "f.jsonl").write_text(text)
    assert message in the_line(tmp_path / "f.jsonl", reading)


@pytest.mark.parametrize(("text", "reading", "message"), BAD_LINES)
def test_a_bad_json_line_in_a_folder_names_file_and_line(text, reading, message, tmp_path):
    (tmp_path / "a.jsonl").write_text("\n")
    (tmp_path / "b.jsonl").write_text(text)
    assert f"{Path('b.jsonl')}, {message}" in the_line(tmp_path, reading)
