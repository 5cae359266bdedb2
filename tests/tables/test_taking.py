"""What is taken for labels, what is not, and what is said about it."""

import json
import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ltmlbench.errors import DataError
from ltmlbench.tables import FileOptions, LabelOptions, read_labels, read_table, take_labels

TAGS = LabelOptions(column="tags")


@pytest.fixture
def write(tmp_path):
    def written(text, name="f.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return written


def account(file, options=None, how=None):
    return "\n".join(read_labels(file, options, how).account.lines())


def counts(file, options=None, how=None):
    labels = read_labels(file, options, how).labels
    return dict(zip(labels.names, labels.counts.tolist(), strict=True))


def line(file, options=None, how=None):
    with pytest.raises(DataError) as caught:
        read_labels(file, options, how)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_the_account_says_how_the_file_was_read_what_was_taken_and_what_was_not(write):
    text = "id,site,age,old,oak,elm\n7,north,3,0,1,0\n8,north,5,1,1,1\n9,south,5,0,0,1\n"
    assert account(write(text)).splitlines() == [
        "read: CSV (',' between fields, UTF-8, names in the first line), 3 rows × 6 columns",
        "labels: 3 columns of 0 and 1: old, oak, elm",
        "no labels: id (numbers 7, 8, 9); site (2 different texts); age (numbers 3, 5)",
        "to say otherwise: --labels, --without, --column, --id, --delimiter, --no-header, "
        "--encoding, --format",
    ]


def test_an_account_of_hundreds_of_columns_stays_short(write):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.random((8, 300)).round(3), columns=[f"x{i}" for i in range(300)])
    labels = pd.DataFrame(draw.integers(0, 2, (8, 400)), columns=[f"label {i}" for i in range(400)])
    told = account(write(pd.concat([frame, labels], axis=1).to_csv(index=False)))
    assert "labels: 400 columns of 0 and 1: label 0, label 1," in told
    assert "(388 more)" in told
    assert "x5, … (294 more) (numbers)" in told
    assert max(map(len, told.splitlines())) < 300


def test_a_column_with_an_identifiers_name_is_no_label_and_covid_is_one(write):
    text = "scan_id,ImageID,covid,acid\n0,1,1,0\n1,0,0,1\n"
    assert counts(write(text)) == {"covid": 1, "acid": 1}
    assert "scan_id, ImageID (0 and 1, but named like an identifier)" in account(write(text))
    assert counts(write(text), LabelOptions(labels="scan_id,acid")) == {"scan_id": 1, "acid": 1}


UNSURE = "scan,rib,lung,heart\na,1,-1,0\nb,0,1,\nc,-1,0,1\nd,1,1,1\n"


def test_minus_one_and_gaps_are_refused_until_somebody_says_what_they_are(write):
    told = line(write(UNSURE))
    assert "columns rib, lung hold -1 beside 0 and 1 (--uncertain 0, 1 or drop)" in told
    assert "column 'heart' holds gaps beside 0 and 1 (--gaps 0 or drop)" in told
    assert "columns rib, lung hold -1" in line(write(UNSURE), LabelOptions(gaps="0"))


@pytest.mark.parametrize(
    ("options", "expected", "note"),
    [
        ({"uncertain": "0", "gaps": "0"}, (2, 2, 2), "-1 taken for 0 in 2 cells of rib, lung"),
        ({"uncertain": "1", "gaps": "0"}, (3, 3, 2), "gaps taken for 0 in 1 cell of heart"),
        ({"uncertain": "drop", "gaps": "0"}, (1, 2, 1), "2 rows left out that held -1"),
        ({"uncertain": "1", "gaps": "drop"}, (3, 2, 2), "1 row left out that held gaps"),
        ({"without": "rib,lung", "labels": "rib,lung,heart", "gaps": "0"}, None, ""),
        ({"without": "rib", "uncertain": "0", "gaps": "0"}, (None, 2, 2), "rib (--without)"),
    ],
)
def test_minus_one_and_gaps_count_as_said(write, options, expected, note):
    file, said = write(UNSURE), LabelOptions(**options)
    if expected is None:
        assert "hold -1" in line(file, said)
        return
    assert tuple(counts(file, said).get(name) for name in ("rib", "lung", "heart")) == expected
    assert note in account(file, said)


def test_the_rows_that_are_left_out_are_left_out_everywhere(write):
    found = read_labels(write(UNSURE), LabelOptions(uncertain="drop", gaps="drop", id="scan"))
    assert found.ids == ("d",)
    assert found.rows.tolist() == [3]
    assert found.rest["scan"].tolist() == ["d"]


@pytest.mark.parametrize("form", ["npz", "npy", "jsonl"])
def test_minus_one_is_refused_in_arrays_too(form, tmp_path):
    Y = np.array([[1, 0, -1], [0, 1, 1]])
    file = tmp_path / f"f.{form}"
    if form == "npz":
        np.savez(file, Y=Y)
    elif form == "npy":
        np.save(file, Y)
    else:
        file.write_text("".join(json.dumps({"Y": row}) + "\n" for row in Y.tolist()))
    assert "column '2' holds -1 beside 0 and 1" in line(file)
    assert counts(file, LabelOptions(uncertain="1")) == {"0": 1, "1": 1, "2": 2}


def test_a_column_that_is_0_and_1_but_for_a_few_cells_is_pointed_out(write):
    told = account(write("tree,oak,elm,ash\na,1,0,0\nb,0,1,maybe\nc,1,1,1\nd,1,1,9\n"))
    assert "labels: 2 columns of 0 and 1: oak, elm" in told
    assert "note: 'ash' holds more than 0 and 1 (0, maybe, 1, 9): not taken" in told


def test_words_for_yes_and_no_are_labels_where_there_are_no_numbers(write):
    text = "who,smokes,drinks\na,yes,no\nb,no,yes\nc,yes,yes\n"
    assert counts(write(text)) == {"smokes": 2, "drinks": 2}
    assert "2 columns of yes and no" in account(write(text))
    assert "note: yes counts as 1" in account(write(text))
    beside = "who,smokes,rib,lung\na,yes,0,1\nb,no,1,0\n"
    assert counts(write(beside)) == {"rib": 1, "lung": 1}
    assert "smokes (yes and no)" in account(write(beside))
    assert counts(write(beside), LabelOptions(labels="smokes,rib")) == {"smokes": 1, "rib": 1}
    assert "sex (2 different texts)" in account(write("sex,a,b\nF,1,0\nM,0,1\n"))


PAIRS = "ImageID,LabelName\ni1,tree\ni1,man\ni2,tree\ni2,car\ni3,man\ni3,car\n"
LABELS = LabelOptions(column="LabelName")


def test_one_row_per_item_and_label_is_said_or_joined(write):
    told = account(write(PAIRS), LABELS)
    assert "'ImageID' repeats (3 different in 6 rows) and every row counts as a sample" in told
    assert '--id "ImageID" makes the rows of one id one sample' in told
    found = read_labels(write(PAIRS), LabelOptions(column="LabelName", id="ImageID"))
    assert found.labels.dense.tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert found.ids == ("i1", "i2", "i3")
    assert found.rows.tolist() == [0, 2, 4]
    assert "6 rows are 3 samples, one per 'ImageID'" in "\n".join(found.account.lines())
    assert "repeats" not in "\n".join(found.account.lines())
    assert "'photo' repeats" in account(write(PAIRS.replace("ImageID", "photo")), LABELS)


def test_rows_that_deny_a_label_are_pointed_out(write):
    text = "ImageID,LabelName,Confidence\ni1,tree,1\ni1,man,0\ni2,tree,1\n"
    said = LabelOptions(column="LabelName", id="ImageID")
    assert "rows where 'Confidence' is 0 count like those where it is 1" in account(
        write(text), said
    )


def test_ids_are_compared_as_they_are_written_and_none_may_be_missing(write):
    file = write("id,tags\n007,a\n7,b\n007,c\n")
    assert read_labels(file, LabelOptions(column="tags", id="id")).ids == ("007", "7")
    file = write("id,tags\n1,a\n,b\n")
    assert "--id id: row 1 has no id (1 such rows)" in line(
        file, LabelOptions(column="tags", id="id")
    )
    assert "--id: there is no column 'key'" in line(file, LabelOptions(column="tags", id="key"))


def test_columns_of_0_and_1_are_joined_by_id_too(write):
    file = write("patient,oak,elm\np,1,0\nq,0,0\np,0,1\n")
    found = read_labels(file, LabelOptions(id="patient"))
    assert found.labels.dense.tolist() == [[1, 1], [0, 0]]


def test_a_label_that_sums_up_the_others_or_means_none_is_pointed_out(write):
    text = "ID,Any_Risk,oak,elm\n1,1,1,0\n2,1,0,1\n3,0,0,0\n4,1,1,1\n"
    assert "'Any_Risk' is 1 exactly where another label is" in account(write(text))
    assert "Any_Risk" not in counts(write(text), LabelOptions(without="Any_Risk"))
    tags = "scan,tags\n1,rib|lung\n2,No Finding\n3,rib\n4,No Finding\n"
    assert "'No Finding' never meets another label; if it means none" in account(write(tags))
    assert counts(write(tags), LabelOptions(without="No Finding")) == {"lung": 1, "rib": 2}
    listed = "film,tags\n1,war|love\n2,(no themes given)\n3,war\n"
    assert "'(no themes given)' never meets another label" in account(write(listed))


def test_without_and_labels_choose_among_tags_and_name_what_is_not_there(write):
    file = write("id,tags\n1,a|b\n2,b|c\n")
    assert counts(file, LabelOptions(column="tags", labels="c,b")) == {"c": 1, "b": 2}
    assert "no row holds the tag 'd' (1 missing); tags: a, b, c" in line(
        file, LabelOptions(column="tags", labels="c,d")
    )
    assert "--without: there is no label or column 'd'" in line(file, LabelOptions(without="d"))


def test_a_column_is_found_without_regard_to_blanks_and_case(write):
    file = write("id, Tags\n1,a|b\n2,b\n")
    for name in ("Tags", " Tags", "tags "):
        assert counts(file, LabelOptions(column=name)) == {"a": 1, "b": 2}


def test_a_column_of_tags_keeps_its_zeros_however_its_name_is_written(write):
    file = write("ID,Code\n01,007\n1,7\n")
    for name in ("Code", "code", " CODE"):
        found = read_labels(file, LabelOptions(column=name, id="id"))
        assert found.labels.names == ("007", "7")
        assert found.ids == ("01", "1")


def test_lines_are_skipped_where_they_stand_though_cells_hold_line_ends(write):
    text = 'id,text,oak,elm\n1,"a\nb\nc",1,0\n\n2,x,0,1\n# remark\n3,"y\nz",1,1\n,,,\n4,w,0,1\n'
    table = read_table(write(text))
    assert table.frame["text"].tolist() == ["a\nb\nc", "x", "y\nz", "w"]
    assert table.frame[["oak", "elm"]].to_numpy().tolist() == [[1, 0], [0, 1], [1, 1], [0, 1]]
    assert "1 line of delimiters alone skipped" in table.how.notes


def test_a_value_far_down_a_column_is_seen(write):
    rows = "".join(f"{i},{i % 2},{(i + 1) % 2},1\n" for i in range(12_000))
    told = line(write("id,oak,elm,ash\n" + rows + "12000,1,0,5\n"), LabelOptions(labels="oak,ash"))
    assert "'ash', named by --labels, holds values other than 0 and 1: numbers from 1 to 5" in told
    assert counts(write("id,oak,elm,ash\n" + rows + "12000,1,0,5\n")) == {"oak": 6001, "elm": 6000}


def test_a_name_with_a_comma_is_named_in_quotes(write):
    file = write('"left, upper",low,side\n1,0,1\n0,1,0\n')
    assert list(counts(file, LabelOptions(labels='"left, upper",low'))) == ["left, upper", "low"]


def test_columns_of_0_and_1_beside_a_column_of_tags_are_a_question(write):
    file = write("seen,read,tags\n1,0,a|b\n0,1,b\n1,1,a|c\n")
    told = line(file)
    assert "2 columns of 0 and 1 (seen, read) and the tags of tags may be the labels" in told
    assert counts(file, TAGS) == {"a": 2, "b": 2, "c": 1}
    assert counts(file, LabelOptions(labels="seen,read")) == {"seen": 2, "read": 2}


def test_words_with_blanks_that_meet_anew_are_a_question(write):
    file = write(
        "tile,tags\n1,haze water\n2,clear water\n3,clear road\n4,haze road\n5,haze clear\n"
    )
    assert "--separator ' ' if a blank separates tags, --separator none if not" in line(file, TAGS)
    split = LabelOptions(column="tags", separator=" ")
    assert counts(file, split) == {"clear": 3, "haze": 3, "road": 2, "water": 2}
    assert len(counts(file, LabelOptions(column="tags", separator="none"))) == 5
    songs = write("song,tags\n1,hip hop\n2,jazz\n3,hip hop\n4,free jazz\n")
    assert "every cell of 'tags' is one tag: no separator found" in account(songs, TAGS)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("['a', 'b']\n['a'\n['c']", "row 1: ['a' stands in no brackets, as most cells do"),
        ("[a b]x]\n[a]\n[b]", "row 0: [a b]x] is no list, though the cells look like lists"),
        ("['a' 'b' ... 'z']", "is cut, as NumPy prints long ones"),
        ("<a><b>\n<c>\nd", "row 2: d stands in no angles, as most cells do"),
        ("[{'name': 'a', 'n': 2}]", "holds structs: name a field of it"),
        ("{'a': 1, 'b': 'x'}", "no tags; name a field of it"),
        ("[['a']]", "row 0: ['a'] is no tag"),
        ("[1.5]", "row 0: 1.5 is no tag: tags are texts or whole numbers"),
        ("[0, 1]\n[1, 0]", "lists of one 0 and one 1"),
    ],
)
def test_cells_that_look_like_lists_and_are_none_never_become_tags(write, cells, message):
    rows = "".join(f'"{cell}"\n' for cell in cells.split("\n"))
    assert message in line(write("tags\n" + rows), TAGS)


def test_fields_of_structs_are_named_by_their_path(write, tmp_path):
    file = tmp_path / "f.parquet"
    boxes = [[{"kind": "car", "w": 1}, {"kind": "man", "w": 2}], [{"kind": "car", "w": 3}]]
    flags = [{"oak": 1, "elm": 0}, {"oak": 1, "elm": 1}]
    pq.write_table(pa.table({"boxes": boxes, "flags": flags}), file)
    assert "--column: boxes.kind, boxes.w" in line(file, LabelOptions(column="boxes"))
    assert "fields: flags.oak, flags.elm" in line(file, LabelOptions(column="flags"))
    assert "there is no field 'king'; fields: kind, w" in line(
        file, LabelOptions(column="boxes.king")
    )
    assert counts(file, LabelOptions(column="boxes.kind")) == {"car": 2, "man": 1}
    assert counts(file, LabelOptions(labels="flags.oak,flags.elm")) == {
        "flags.oak": 2,
        "flags.elm": 1,
    }
    cell = '"[{""id"": 3, ""name"": ""war""}, {""id"": 4, ""name"": ""love""}]"'
    film = write(f"film,genres\n1,{cell}\n2,[]\n")
    assert counts(film, LabelOptions(column="genres.name")) == {"love": 1, "war": 1}


def test_names_of_integer_classes_are_used_where_the_file_tells_them(tmp_path):
    feature = {"feature": {"names": ["joy", "fear", "awe"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": {"labels": feature}}})}
    given = pa.table({"labels": [[0, 2], [1], [], [0]]}).replace_schema_metadata(metadata)
    pq.write_table(given, tmp_path / "f.parquet")
    assert counts(tmp_path / "f.parquet") == {"awe": 1, "fear": 1, "joy": 2}


def test_pictures_in_a_parquet_file_are_not_read(tmp_path):
    image = pa.array([{"bytes": b"x" * 9, "path": "a"}, {"bytes": b"y", "path": "b"}])
    pq.write_table(pa.table({"image": image, "oak": [0, 1], "elm": [1, 1]}), tmp_path / "f.parquet")
    found = read_labels(tmp_path / "f.parquet")
    assert found.labels.names == ("oak", "elm")
    assert "image (bytes)" in "\n".join(found.account.lines())


def test_the_rest_of_a_table_goes_with_the_labels(write):
    file = write("photo,split,age,oak,elm\na.png,train,3,0,1\nb.png,test,4.5,1,1\n")
    found = read_labels(file)
    assert found.rest.columns.tolist() == ["photo", "split", "age"]
    assert found.rest["age"].tolist() == [3, 4.5]
    assert found.columns == ("oak", "elm")


def test_arrays_go_with_the_labels_if_they_have_as_many_rows(tmp_path):
    X = np.arange(6).reshape(3, 2)
    Y = np.array([[0, 1, 1], [1, -1, 0], [1, 1, 0]])
    np.savez(tmp_path / "f.npz", X=X, Y=Y, names=np.array(["a", "b", "c"]), mean=np.zeros(2))
    found = read_labels(tmp_path / "f.npz", LabelOptions(uncertain="drop"))
    assert found.array("X").tolist() == [[0, 1], [4, 5]]
    assert found.labels.names == ("a", "b", "c")
    with pytest.raises(DataError, match="'mean' is 2, the labels 3 rows"):
        found.array("mean")
    with pytest.raises(DataError, match="there is no array 'Z'; arrays: X, Y, names, mean"):
        found.array("Z")


def test_features_of_libsvm_text_are_an_array_beside_the_labels(write):
    found = read_labels(write("0,2 0:1.5 3:2\n1 1:1\n 2:0.5\n", "f.svm"))
    assert found.labels.dense.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert found.array("X").toarray()[0].tolist() == [1.5, 0, 0, 2]


def test_a_table_can_be_taken_apart_in_several_ways_without_reading_it_again(write):
    table = read_table(write("id,oak,elm,tags\n1,1,0,a|b\n2,1,1,b\n"), texts=["tags"])
    assert take_labels(table, LabelOptions(labels="oak,elm")).labels.counts.tolist() == [2, 1]
    assert take_labels(table, TAGS).labels.counts.tolist() == [1, 2]


def test_what_is_said_about_the_file_overrules_what_was_found(write):
    file = write("oak;elm\n0;1\n1;1\n")
    assert "columns: oak;elm" in line(file, how=FileOptions(delimiter=","))
    assert "no line of names" in account(write("0,1\n1,1\n"))
    assert counts(write("0,1\n1,1\n"), how=FileOptions(header=True)) == {"0": 1, "1": 1}
    assert counts(write("0,1\n1,1\n")) == {"0": 1, "1": 2}
    told = account(write('{"tags": ["a", "b"]}\n', "f.jsonl"), how=FileOptions(delimiter=";"))
    assert "--delimiter has no effect: JSON lines says it itself" in told


def test_an_encoding_that_is_a_guess_is_said_and_one_that_is_wrong_is_one_line(tmp_path):
    file = tmp_path / "f.csv"
    file.write_bytes("id,Größe,schön,naïve\n1,1,0,1\n2,0,1,1\n".encode("latin-1"))
    assert list(counts(file)) == ["Größe", "schön", "naïve"]
    assert "is a guess; --encoding says otherwise" in account(file)
    assert "is a guess" not in account(file, how=FileOptions(encoding="latin-1"))
    assert "--encoding names another encoding" in line(file, how=FileOptions(encoding="utf-8"))
    file.write_bytes(
        "编号,标签\n1,糖尿病|青光眼\n2,白内障\n3,青光眼|近视\n4,糖尿病\n".encode("gbk")
    )
    assert counts(file, LabelOptions(column="标签"))["糖尿病"] == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("f.xls", "old Excel files are not read: save it as .xlsx"),
        ("f.pkl", "a pickle can run any code"),
        ("f.h5", "HDF5 files are not read"),
        ("f.mat", "MATLAB files are not read"),
        ("f.xml", "an .xml names labels, it holds none"),
        ("f.npz", "it is no .npz file by its first bytes"),
    ],
)
def test_a_file_that_is_not_read_says_what_to_save_it_as(write, name, message):
    assert message in line(write("oak,elm\n0,1\n1,1\n", name))


def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "f.csv")
    assert "is a pipe or a device, not a file" in line(tmp_path / "f.csv")


def test_a_name_that_is_no_text_is_one_line(tmp_path):
    file = tmp_path / "two\nlines.csv"
    file.write_text("")
    with pytest.raises(DataError, match=r"two\\nlines.csv: the file is empty"):
        read_labels(file)


def test_a_folder_of_parts_is_one_table_if_the_parts_are_alike(tmp_path):
    for k, text in enumerate(("oak,elm\n0,1\n", "elm,oak\n1,1\n")):
        (tmp_path / f"{k}.csv").write_text(text)
    assert counts(tmp_path) == {"oak": 1, "elm": 2}
    assert "2 files of CSV" in account(tmp_path)
    (tmp_path / "2.csv").write_text("oak,ash\n1,1\n")
    assert "2.csv and 0.csv have other columns: ash, elm" in line(tmp_path)


def test_a_tag_too_many_in_every_line_is_never_taken_for_the_name_of_a_row(write):
    for delimiter in (",", "\t"):
        file = write("id,tags\n1,oak,elm\n2,ash,oak\n".replace(",", delimiter))
        assert "line 2 has 3 fields, not 2" in line(file, TAGS)
    rows = write("oak\telm\nr1\t1\t0\nr2\t1\t1\n")
    assert counts(rows) == {"oak": 2, "elm": 1}
    assert "the first field of a line is the name of the row, as R writes it" in account(rows)


def test_a_title_above_the_names_of_a_sheet_is_skipped(tmp_path):
    rows = [["Scans of March", None, None], ["id", "oak", "elm"], ["a", 1, 0], ["b", 1, 1]]
    pd.DataFrame(rows).to_excel(tmp_path / "f.xlsx", header=False, index=False)
    assert counts(tmp_path / "f.xlsx") == {"oak": 2, "elm": 1}
    assert "the line above the names is skipped: Scans of March" in account(tmp_path / "f.xlsx")


def test_the_sheet_that_is_read_is_named_if_there_are_others(tmp_path):
    with pd.ExcelWriter(tmp_path / "f.xlsx") as book:
        for sheet in ("march", "april"):
            pd.DataFrame({"oak": [0, 1], "elm": [1, 1]}).to_excel(
                book, sheet_name=sheet, index=False
            )
    assert "the first sheet, 'march', is read; not april" in account(tmp_path / "f.xlsx")
