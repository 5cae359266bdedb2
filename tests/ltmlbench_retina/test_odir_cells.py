"""Odd cells, copies and identical pictures of ODIR-5K: what is left out is said by name."""

import shutil

import numpy as np
import pandas as pd
import pytest
from odir_folders import EYES, PATIENTS, eyes, odir, picture, pictures, sheet

from ltmlbench.data.reading import load_samples
from ltmlbench.errors import DataError
from ltmlbench.registry import load


@pytest.fixture
def folder(tmp_path):
    """Pictures of four patients; a test writes the sheet."""
    pictures(tmp_path / "Training Images")
    return tmp_path


def with_cell(row, column, value):
    table = sheet().astype(object)
    table.at[row, column] = value
    return table


def notes_of(folder, table):
    table.to_excel(folder / "data.xlsx", index=False)
    samples = odir(folder)
    return samples, [note for note in samples.notes if "say nothing about the eye" not in note]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-7, "'-7'"),
        (7.25, "'7.25'"),
        (4e38, "'3999"),
        ("4.0E+38", "'4.0E+38'"),
        ("9" * 310, "'999"),
        ("../../home/me", "'../../home/me'"),
        ("<i>7</i>", "'<i>7</i>'"),
        ("7\n8", r"7\\n8"),
        ("7|8", "'7|8'"),
        ("..", "'..'"),
        (pd.Timestamp("2021-03-04"), "'2021-03-04"),
    ],
)
def test_a_row_whose_id_is_no_plain_name_is_left_out_and_said(folder, value, shown):
    samples, (note,) = notes_of(folder, with_cell(2, "ID", value))
    assert set(samples.groups) == {"1", "2", "4"}
    assert note.startswith("data.xlsx: 1 rows left out: their ID is no whole number")
    assert shown in note
    assert note.isprintable()
    assert len(note) < 200


@pytest.mark.parametrize(
    ("value", "patient"),
    [(3.0, "3"), ("3.0", "3"), (" 3 ", "3"), ("003", "003"), ("P-3.a_1", "P-3.a_1")],
)
def test_plain_ids_stay(folder, value, patient):
    samples, notes = notes_of(folder, with_cell(2, "ID", value))
    assert samples.groups[3] == patient
    assert notes == []


def test_rows_without_an_id_are_counted_and_empty_rows_are_not(folder):
    table = sheet().reindex([0, 1, 2, 3, 90])
    samples, notes = notes_of(folder, table)
    assert notes == []
    table = table.astype(object)
    table.at[0, "ID"] = "=7+1"  # a formula that was never calculated is an empty cell
    samples, (note,) = notes_of(folder, table)
    assert note == "data.xlsx: 1 rows left out: they have no ID"
    assert "1" not in samples.groups


def test_formulas_kept_as_text_are_neither_ids_nor_keywords(folder):
    table = with_cell(0, "ID", "=7+1")
    table.at[3, "Left-Diagnostic Keywords"] = "#NAME?"
    table.to_csv(folder / "full_df.csv", index=False)
    samples = odir(folder)
    assert eyes(samples) == {
        id: labels for id, labels in EYES.items() if id[0] != "1" and id != "4_left"
    }
    assert any("no plain name ('=7+1')" in note for note in samples.notes)
    assert any("a formula or an error" in note and "4_left" in note for note in samples.notes)


@pytest.mark.parametrize(
    ("value", "age"),
    [(52, 52), ("52", 52), ("52 years", 52), ("52Y", 52), ("52.5", 52.5), ("unknown", None)],
)
def test_ages_are_read_as_people_write_them(folder, value, age):
    samples, notes = notes_of(folder, with_cell(3, "Patient Age", value))
    assert notes == []
    found = samples.covariates["age"].values[-1, 0]
    assert np.isnan(found) if age is None else found == age


@pytest.mark.parametrize("value", ["6 months", "old", pd.Timestamp("1961-02-03"), -4, 1e9])
def test_what_is_no_age_is_unknown_and_said(folder, value):
    samples, (note,) = notes_of(folder, with_cell(3, "Patient Age", value))
    assert "1 ages are taken as unknown" in note
    assert np.isnan(samples.covariates["age"].values[-1, 0])
    assert eyes(samples) == EYES


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("", "no keywords"),
        (None, "no keywords"),
        ("n/a", "no keywords"),
        (0, "no keywords"),
        ("#REF!", "no keywords"),  # an error has no text
        ("=B2", "no keywords"),  # nor has a formula that was never calculated
        ("青光眼", "not in English"),
        ("glaucoma�drusen", "not in English"),
    ],
)
def test_an_eye_without_readable_keywords_is_left_out_by_name(folder, value, cause):
    samples, (note, _) = notes_of(folder, with_cell(3, "Left-Diagnostic Keywords", value))
    assert cause in note
    assert "1 eyes left out" in note
    assert "(4_left)" in note
    assert eyes(samples) == {id: labels for id, labels in EYES.items() if id != "4_left"}


def test_patients_whose_columns_disagree_with_their_eyes_are_named(folder):
    _, (note,) = notes_of(folder, with_cell(0, "D", 1))
    assert "1 patients whose N..O columns are not the union of their eyes (1)" in note


def test_the_second_tab_is_read_and_two_sheets_in_one_file_are_told(folder):
    with pd.ExcelWriter(folder / "data.xlsx") as file:
        pd.DataFrame({"version": [2]}).to_excel(file, sheet_name="Read me", index=False)
        sheet().to_excel(file, sheet_name="English", index=False)
    samples = odir(folder)
    assert eyes(samples) == EYES
    assert not any("tab" in note for note in samples.notes)
    with pd.ExcelWriter(folder / "data.xlsx") as file:
        sheet().to_excel(file, sheet_name="English", index=False)
        sheet(PATIENTS[:2]).to_excel(file, sheet_name="Draft", index=False)
    samples = odir(folder)
    assert eyes(samples) == EYES
    assert (
        "data.xlsx: several tabs are annotation sheets; English is used, not Draft" in samples.notes
    )


@pytest.mark.parametrize(
    ("encoding", "separator", "note"),
    [
        ("gb18030", ",", "full_df.csv: not UTF-8, read as gb18030"),
        ("utf-16", ",", "full_df.csv: not UTF-8, read as UTF-16"),
        ("utf-8", ";", "full_df.csv: separated by ';'"),
        ("utf-8", "\t", r"full_df.csv: separated by '\t'"),
        ("utf-8-sig", ",", None),
    ],
)
def test_csv_files_of_other_programs_are_read_and_said(folder, encoding, separator, note):
    text = sheet().to_csv(index=False, sep=separator)
    (folder / "full_df.csv").write_bytes(text.encode(encoding))
    samples = odir(folder)
    assert eyes(samples) == EYES
    assert [n for n in samples.notes if "say nothing" not in n] == ([note] if note else [])


def refused(folder):
    with pytest.raises(DataError) as caught:
        odir(folder)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_comma_that_is_not_quoted_shifts_nothing(folder):
    text = sheet().to_csv(index=False).replace("suspected glaucoma", "suspected glaucoma, drusen")
    (folder / "full_df.csv").write_text(text)
    assert "full_df.csv: row 5 has 16 cells, the heading 15" in refused(folder)


def test_a_sheet_without_rows_is_said(folder):
    sheet([]).reindex(columns=sheet().columns).to_excel(folder / "data.xlsx", index=False)
    assert "data.xlsx: the sheet has a heading and no rows" in refused(folder)


def test_a_folder_without_a_sheet_says_what_was_looked_at(folder):
    (folder / "grades.csv").write_text("image,grade\n1_left,2\n")
    assert "(grades.csv: no keyword columns)" in refused(folder)


def test_a_damaged_sheet_beside_a_whole_one_is_mentioned(folder):
    (folder / "data.xlsx").write_bytes(b"PK\x03\x04 half")
    sheet().to_csv(folder / "full_df.csv", index=False)
    samples = odir(folder)
    assert eyes(samples) == EYES
    assert any("data.xlsx: damaged sheet" in note for note in samples.notes)


@pytest.mark.parametrize("processed", ["CLAHE_512/Images", "1_resized train", "images_224"])
def test_of_two_copies_the_originals_are_used_and_both_are_named(folder, processed):
    for id, *_ in PATIENTS:
        for side in ("left", "right"):
            picture(folder / processed / f"{id}_{side}.jpg", seed=77)
    samples, (note,) = notes_of(folder, sheet())
    assert {path.parent for path in samples.read.paths} == {folder / "Training Images"}
    assert note.startswith("8 pictures are there more than once: 8 in ")
    assert "Training Images are used" in note
    assert f"{processed} are not" in note


def test_a_copy_is_used_where_its_original_is_missing_and_counted(folder):
    shutil.copytree(folder / "Training Images", folder / "preprocessed_images")
    (folder / "Training Images" / "1_left.jpg").unlink()
    samples, (note,) = notes_of(folder, sheet())
    assert eyes(samples) == EYES
    assert "7 in " in note
    assert "1 in " in note


def test_linked_folders_of_pictures_are_followed_and_loops_end(folder, tmp_path_factory):
    store = tmp_path_factory.mktemp("store") / "images"
    shutil.move(folder / "Training Images", store)
    (folder / "Training Images").symlink_to(store)
    (store / "back").symlink_to(folder)
    samples, notes = notes_of(folder, sheet())
    assert eyes(samples) == EYES
    assert notes == []


def test_pictures_outside_the_given_folder_are_not_looked_for(folder):
    (folder / "sheets").mkdir()
    sheet().to_excel(folder / "sheets" / "data.xlsx", index=False)
    assert "none of the 7 pictures" in refused(folder / "sheets")
    assert eyes(odir(folder)) == EYES


@pytest.fixture
def repeated(folder):
    """The picture of 3_left is also that of 1_right and 4_left."""
    sheet().to_excel(folder / "data.xlsx", index=False)
    for name in ("1_right.jpg", "4_left.jpg"):
        shutil.copy(folder / "Training Images" / "3_left.jpg", folder / "Training Images" / name)
    return folder


@pytest.mark.parametrize("options", ["", "[mirror_right=true]"])
def test_one_picture_under_several_patients_is_told_with_what_to_do(repeated, options):
    samples = load_samples(load("dataset", f"odir5k{options}"), repeated, "odir5k")
    assert len(samples) == len(EYES)
    note = samples.notes[-1]
    assert note.startswith("3 eyes of different patients are 1 files, byte for byte (1_right = ")
    assert note.endswith("drop_duplicates=true keeps the first of each")


@pytest.mark.parametrize(
    "options", ["drop_duplicates=true", "drop_duplicates=true,mirror_right=true"]
)
def test_drop_duplicates_keeps_the_first_of_each(repeated, options):
    dataset = load("dataset", f"odir5k[{options}]")
    samples = load_samples(dataset, repeated, "odir5k")
    assert set(samples.ids) == set(EYES) - {"3_left", "4_left"}
    assert any("2 eyes left out" in note and "3_left, 4_left" in note for note in samples.notes)
    assert not any("byte for byte" in note for note in samples.notes)


def test_a_picture_without_permission_is_one_note(folder, monkeypatch):
    import ltmlbench.feeds.pictures.digests as digests

    denied = folder / "Training Images" / "3_left.jpg"
    look = digests.refuse_unless_regular

    def refuse(path):
        if path == denied:
            raise PermissionError(13, "Permission denied")
        look(path)

    monkeypatch.setattr(digests, "refuse_unless_regular", refuse)
    samples, (note,) = notes_of(folder, sheet())
    assert note == "1 pictures left out, cannot be opened (Permission denied): 3_left.jpg"
    assert "3_left" not in samples.ids
