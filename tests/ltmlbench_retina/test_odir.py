"""ODIR-5K in the layouts people have, and what happens when something is wrong with them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from odir_folders import EYES, PATIENTS, SHEET, eyes, odir, picture, pictures, sheet
from PIL import Image

from ltmlbench import load
from ltmlbench.errors import DataError, RequestError
from ltmlbench_retina.keywords import LABELS
from ltmlbench_retina.odir_eyes import labelled_eyes
from ltmlbench_retina.odir_sheet import read_sheets


@pytest.fixture
def challenge(tmp_path):
    """The challenge's layout."""
    folder = tmp_path / "ODIR-5K"
    pictures(folder / "Training Images")
    sheet().to_excel(folder / SHEET, index=False)
    return folder


def test_the_challenge_layout_gives_eyes_with_their_own_labels(challenge):
    samples = odir(challenge)
    assert eyes(samples) == EYES
    assert samples.groups == ("1", "1", "2", "3", "3", "4", "4")
    assert samples.official is None
    assert any("1 eyes left out: their keywords say nothing" in note for note in samples.notes)
    assert np.isnan(samples.covariates["age"].values[2, 0])  # "1" stands for unknown
    assert list(samples.covariates["sex"].values[:, 0]) == [0, 0, 1, 0, 0, 1, 1]
    assert pickle.loads(pickle.dumps(samples.read))(0, 16).shape[2] == 3


@pytest.mark.parametrize("where", ["", "deep/Images", "ODIR-5K_Training_Dataset"])
def test_the_image_folder_may_be_called_anything(tmp_path, where):
    pictures(tmp_path / where)
    sheet().to_excel(tmp_path / "data.xlsx", index=False)
    assert eyes(odir(tmp_path)) == EYES


def test_renamed_headers_are_understood(tmp_path):
    rename = {
        "N": "Normal ",
        "D": "Diabetes",
        "A": "AMD ",
        "ID": " id",
        "Left-Fundus": "left fundus ",
    }
    pictures(tmp_path / "images")
    sheet(rename=rename).to_excel(tmp_path / "data.xlsx", index=False)
    samples = odir(tmp_path)
    assert eyes(samples) == EYES
    assert not any("not the union" in note for note in samples.notes)


def test_the_kaggle_layout_repeats_rows_and_its_single_labels_are_not_used(tmp_path):
    table = sheet()
    left = table.assign(filename=table["Left-Fundus"], labels="['O']", target="[0, 0, 0]")
    right = table.assign(filename=table["Right-Fundus"], labels="['O']", target="[0, 0, 0]")
    pd.concat([left, right]).to_csv(tmp_path / "full_df.csv", index=False)
    pictures(tmp_path / "preprocessed_images")
    pictures(tmp_path / "ODIR-5K" / "ODIR-5K" / "Training Images")
    samples = odir(tmp_path)
    assert eyes(samples) == EYES
    assert all("preprocessed" not in str(path) for path in samples.read.paths)


def test_the_three_sets_of_oia_odir_are_official_parts(tmp_path):
    names = {
        "Training Set": "training",
        "Off-site Test Set": "off-site test",
        "On-site Test Set": "on-site test",
    }
    for number, (folder, name) in enumerate(names.items()):
        patients = [(10 * number + i, *rest) for i, *rest in PATIENTS]
        annotation = tmp_path / "OIA-ODIR" / folder / "Annotation"
        pictures(annotation.parent / "Images", patients)
        annotation.mkdir(parents=True)
        sheet(patients).to_excel(annotation / f"{name} annotation (English).xlsx", index=False)
        sheet(patients).to_excel(annotation / f"{name} annotation (Chinese).xlsx", index=False)
    assert all("English" in found.path.name for found in read_sheets(tmp_path))
    samples = odir(tmp_path)
    assert len(samples) == 3 * len(EYES)
    assert list(dict.fromkeys(samples.official)) == ["train", "offsite", "onsite"]
    assert samples.ids[0] == "train/1_left"


def test_missing_pictures_are_counted_and_the_rest_is_used(challenge):
    for name in ("1_left", "3_left", "3_right"):
        (challenge / "Training Images" / f"{name}.jpg").unlink()
    samples = odir(challenge)
    assert set(eyes(samples)) == set(EYES) - {"1_left", "3_left", "3_right"}
    note = next(note for note in samples.notes if "not in the folder" in note)
    assert "3 of 7" in note
    assert "1 patients have none" in note


def test_damaged_pictures_are_named_and_left_out(challenge):
    images = challenge / "Training Images"
    (images / "1_left.jpg").write_bytes(b"")
    whole = (images / "3_left.jpg").read_bytes()
    (images / "3_left.jpg").write_bytes(whole[: len(whole) // 2])
    (images / "4_left.jpg").write_bytes(b"<html>not found</html>")
    samples = odir(challenge)
    assert set(eyes(samples)) == set(EYES) - {"1_left", "3_left", "4_left"}
    damage = [note for note in samples.notes if "left out, " in note]
    assert len(damage) == 3
    assert all("\n" not in note for note in samples.notes)
    assert any("empty file: 1_left.jpg" in note for note in damage)
    assert any("truncated JPEG: 3_left.jpg" in note for note in damage)
    assert any("not a picture: 4_left.jpg" in note for note in damage)


def test_check_decodes_every_picture_in_full(challenge):
    path = challenge / "Training Images" / "4_right.jpg"
    Image.open(challenge / "Training Images" / "1_left.jpg").save(path, format="PNG")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF  # whole at both ends, broken inside
    path.write_bytes(data)
    assert not any("4_right" in note for note in odir(challenge).notes)
    assert any("4_right.jpg" in line for line in load("dataset", "odir5k").check(challenge))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_pictures_are_read_as_rgb(challenge, mode):
    picture(challenge / "Training Images" / "1_left.jpg", mode=mode)
    assert odir(challenge).read(0, 16).shape == (40, 50, 3)


def refused(folder):
    with pytest.raises((DataError, RequestError)) as caught:
        odir(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_wrong_is_said_in_one_line(challenge, tmp_path):
    assert "--data-dir" in refused(None)
    assert "no folder" in refused(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "no ODIR-5K sheet" in refused(tmp_path / "empty")

    twice = sheet([*PATIENTS, (1, 61, "Male", "cataract", "cataract", "C")])
    twice.to_excel(challenge / SHEET, index=False)
    assert "two rows that differ (1)" in refused(challenge)

    sheet().drop(columns="Left-Diagnostic Keywords").to_excel(challenge / SHEET, index=False)
    assert "columns are missing (left_keywords)" in refused(challenge)

    (challenge / SHEET).write_bytes(b"PK\x03\x04 half a sheet")
    assert "damaged sheet" in refused(challenge)


def test_no_picture_at_all_is_an_error(challenge):
    for path in (challenge / "Training Images").iterdir():
        path.unlink()
    assert "none of the 7 pictures" in refused(challenge)


def test_only_right_eyes_are_mirrored(challenge):
    plain, mirrored = odir(challenge), odir(challenge, "[mirror_right=true]")
    for row, name in enumerate(plain.ids):
        one, other = plain.read(row, 16), mirrored.read(row, 16)
        right = name.endswith("right")
        np.testing.assert_array_equal(other, one[:, ::-1] if right else one)
        assert (plain.content[row] != mirrored.content[row]) == right


def test_the_fingerprint_is_of_the_content_and_not_of_the_place(challenge, tmp_path):
    before = odir(challenge).fingerprint
    moved = tmp_path / "elsewhere"
    challenge.rename(moved)
    assert odir(moved).fingerprint == before
    picture(moved / "Training Images" / "1_left.jpg", seed=99)
    assert odir(moved).fingerprint != before


@pytest.mark.realdata
class TestTheRealSheet:
    @pytest.fixture
    def folder(self, real_data):
        return real_data / "odir5k"

    def test_the_union_of_the_eyes_is_the_official_vector_of_all_3500_patients(self, folder):
        from ltmlbench_retina.keywords import labels_of

        table = read_sheets(folder)[0].table
        assert len(table) == 3500
        wrong = 0
        for row in table.to_dict("records"):
            union = labels_of(row["left_keywords"]) | labels_of(row["right_keywords"])
            expected = (union - {"N"}) or {"N"}  # nothing found on either eye: N in the sheet
            wrong += expected != {label for label in LABELS if row[label] == 1}
        assert wrong == 0

    def test_the_sheet_has_the_published_counts_of_patients(self, folder):
        table = read_sheets(folder)[0].table
        counts = {label: int(table[label].sum()) for label in LABELS}
        assert list(counts.values()) == [1140, 1128, 215, 212, 164, 103, 174, 979]

    def test_leaving_out_eyes_for_quality_gives_the_published_counts(self, folder):
        """Published with that convention: 6551 eyes, N2816 D1778 G313 C275 A280 H192 M262 O1124.
        This sheet gives one eye less in all and one H more; the other counts are the same."""
        kept, _ = labelled_eyes(read_sheets(folder), drop_quality=True)
        assert len(kept) == 6550
        counts = [sum(label in eye.labels for eye in kept) for label in LABELS]
        assert counts == [2816, 1778, 313, 275, 280, 193, 262, 1124]

    def test_the_photographs_that_are_there_are_used(self, folder):
        samples = odir(folder)
        assert (len(samples), len(set(samples.groups))) == (5106, 2686)
        assert any("not in the folder" in note for note in samples.notes)
        assert samples.read(0, 96).shape[2] == 3
