"""NIH ChestX-ray14 with its own labels and with those of PruneCXR and NIH-CXR-LT."""

import numpy as np
import pytest
from chest_folders import picture, sheet

from ltmlbench import load
from ltmlbench.data.splits import make_splits
from ltmlbench.errors import DataError

HEAD = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
)
ROWS = {
    "00000001_000.png": "Cardiomegaly|Emphysema,0,1",
    "00000001_001.png": "Cardiomegaly,1,1",
    "00000002_000.png": "No Finding,0,2",
    "00000003_000.png": "Hernia,0,3",
    "00000004_000.png": "Pleural_Thickening,0,4",
}
TEST = ("00000003_000.png",)


def pictures(root, names=ROWS):
    for seed, name in enumerate(names):
        picture(root / f"images_{1 + seed % 3:03}" / "images" / name, seed)


def nih(root, comma="", table="Data_Entry_2017.csv", head=HEAD):
    rows = [f"{name},{told},58,M,PA,2682,2749,0.143,0.143{comma}" for name, told in ROWS.items()]
    sheet(root / table, head + comma, *rows)
    sheet(root / "train_val_list.txt", *(name for name in ROWS if name not in TEST))
    sheet(root / "test_list.txt", *TEST)
    pictures(root)
    return root


def loaded(folder, labels="nih"):
    return load("dataset", f"nih-cxr[labels={labels}]").load(folder)


def tags(samples):
    names = np.array(samples.labels.names)
    return {
        i: " ".join(names[row == 1])
        for i, row in zip(samples.ids, samples.labels.dense, strict=True)
    }


EXPECTED = {
    "00000001_000.png": "Cardiomegaly Emphysema",
    "00000001_001.png": "Cardiomegaly",
    "00000002_000.png": "",
    "00000003_000.png": "Hernia",
    "00000004_000.png": "Pleural_Thickening",
}


@pytest.mark.parametrize("comma", ["", ","])
@pytest.mark.parametrize("table", ["Data_Entry_2017.csv", "Data_Entry_2017_v2020.csv"])
def test_commas_in_the_heading_shift_no_column_and_no_finding_is_no_label(tmp_path, comma, table):
    samples = loaded(nih(tmp_path, comma, table, HEAD.replace("Gender", "Sex")))
    assert tags(samples) == EXPECTED
    assert samples.labels.n_labels == 14
    assert samples.groups == ("1", "1", "2", "3", "4")
    assert samples.official == ("train", "train", "train", "test", "train")
    assert samples.notes == ()


def test_the_official_lists_make_the_official_split(tmp_path):
    samples = loaded(nih(tmp_path))
    (split,) = make_splits(samples, folds="official", validation=0.0, seed=0)
    assert [samples.ids[row] for row in split.test] == list(TEST)


def test_pictures_in_neither_list_are_left_out(tmp_path):
    folder = nih(tmp_path)
    sheet(folder / "train_val_list.txt", "00000001_000.png", "00000001_001.png")
    samples = loaded(folder)
    assert len(samples) == 3
    (note,) = samples.notes
    assert note.startswith("2 pictures left out: they are in neither official list")


def test_without_the_lists_there_are_no_official_parts_and_it_says_so(tmp_path):
    folder = nih(tmp_path)
    (folder / "test_list.txt").unlink()
    samples = loaded(folder)
    assert len(samples) == 5
    assert samples.official is None
    assert samples.notes == (
        "official parts: none, test_list.txt not in the folder: give --folds K",
    )


def test_a_patient_in_both_official_parts_is_refused_by_the_split(tmp_path):
    folder = nih(tmp_path)
    names = [name for name in ROWS if name != "00000001_001.png"]
    sheet(folder / "train_val_list.txt", *names[:2])
    sheet(folder / "test_list.txt", "00000001_001.png", *names[2:])
    with pytest.raises(DataError, match="1 groups are in the official training and test parts"):
        make_splits(loaded(folder), folds="official", validation=0.0, seed=0)


def test_an_unknown_finding_is_named_with_its_line(tmp_path):
    folder = nih(tmp_path)
    path = folder / "Data_Entry_2017.csv"
    path.write_text(path.read_text().replace("Hernia", "Hernai"))
    with pytest.raises(DataError, match=r"Data_Entry_2017\.csv, line 5: 'Hernai' is no list"):
        loaded(folder)


PRUNE = "id,Hernia,Pneumoperitoneum,No Finding,subj_id"


def prunecxr(root):
    stem = "miccai2023_nih-cxr-lt_labels"
    train = ("00000001_000.png,0,1,0,1", "00000001_001.png,1,0,0,1")
    sheet(root / "PruneCXR" / f"{stem}_train.csv", PRUNE, *train)
    sheet(root / "PruneCXR" / f"{stem}_val.csv", PRUNE, "00000002_000.png,0,0,1,2")
    sheet(root / "PruneCXR" / f"{stem}_test.csv", PRUNE, "00000003_000.png,1,0,0,3")
    pictures(root)
    return root


def test_prunecxr_brings_its_own_labels_parts_and_patients(tmp_path):
    samples = loaded(prunecxr(tmp_path), "prunecxr")
    assert samples.labels.names == ("Hernia", "Pneumoperitoneum", "No Finding")
    assert tags(samples) == {
        "train/00000001_000.png": "Pneumoperitoneum",
        "train/00000001_001.png": "Hernia",
        "val/00000002_000.png": "No Finding",
        "test/00000003_000.png": "Hernia",
    }
    assert samples.groups == ("1", "1", "2", "3")
    assert samples.protocol.apart == ("No Finding",)


def test_nih_cxr_lt_takes_the_patient_from_the_name(tmp_path):
    stem = "nih-cxr-lt_single-label"
    head = "id,Hernia,No Finding"
    sheet(tmp_path / f"{stem}_train.csv", head, "00000001_000.png,1,0", "00000001_001.png,0,1")
    sheet(tmp_path / f"{stem}_balanced-test.csv", head, "00000003_000.png,1,0")
    sheet(tmp_path / f"{stem}_test.csv", head, "00000003_000.png,1,0", "00000002_000.png,0,1")
    pictures(tmp_path)
    samples = loaded(tmp_path, "nih-lt")
    assert samples.groups == ("1", "1", "3", "2", "3")
    assert samples.official == ("train", "train", "test", "test", "balanced-test")


def test_a_wrong_folder_hears_what_is_missing_and_which_labels_are_read_otherwise(tmp_path):
    with pytest.raises(DataError, match=r"no Data_Entry_2017.*labels=prunecxr"):
        loaded(tmp_path)
    with pytest.raises(DataError, match=r"no labels_train\.csv .*labels=prunecxr"):
        loaded(tmp_path, "prunecxr")
