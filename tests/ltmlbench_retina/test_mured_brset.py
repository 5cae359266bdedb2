"""MuReD and BRSET."""

import numpy as np
import pytest
from dr_folders import picture, sheet

from ltmlbench import load
from ltmlbench.errors import DataError

MURED = "ID,DR,NORMAL,OTHER"


def tags(samples):
    names = np.array(samples.labels.names)
    return {
        i: " ".join(names[row == 1])
        for i, row in zip(samples.ids, samples.labels.dense, strict=True)
    }


def mured(root):
    sheet(root / "train_data.csv", MURED, "im0001,1,0,0", "aria_a_1,0,1,0")
    sheet(root / "val_data.csv", MURED, "500,0,0,1")
    picture(root / "images" / "images" / "im0001.png", 1)
    picture(root / "images" / "images" / "aria_a_1.tif", 2)
    picture(root / "images" / "images" / "500.png", 3)
    return root


def loaded(name, folder):
    return load("dataset", name).load(folder)


def test_mured_finds_png_and_tif_by_their_ids(tmp_path):
    samples = loaded("mured", mured(tmp_path))
    assert tags(samples) == {"train/im0001": "DR", "train/aria_a_1": "NORMAL", "val/500": "OTHER"}
    assert samples.official == ("train", "train", "val")
    assert samples.protocol.apart == ("NORMAL", "OTHER")
    assert [samples.read(row, 64).shape for row in range(3)] == [(64, 64, 3)] * 3


def test_mured_says_whose_pictures_it_holds(tmp_path):
    (note,) = loaded("mured", mured(tmp_path)).notes
    assert "RFMiD, ARIA and STARE" in note


def test_mured_needs_both_sheets_with_the_same_labels(tmp_path):
    folder = mured(tmp_path)
    sheet(folder / "val_data.csv", "ID,DR,NORMAL", "500,0,0")
    with pytest.raises(DataError, match=r"val_data\.csv: label columns are missing: OTHER"):
        loaded("mured", folder)
    (folder / "val_data.csv").unlink()
    with pytest.raises(DataError, match=r"no val_data\.csv in it"):
        loaded("mured", folder)


FINDINGS = (
    "diabetic_retinopathy,macular_edema,scar,nevus,amd,vascular_occlusion,"
    "hypertensive_retinopathy,drusens,hemorrhage,retinal_detachment,myopic_fundus,"
    "increased_cup_disc,other"
)
BRSET = f"image_id,patient_id,camera,optic_disc,DR_SDRG,DR_ICDR,{FINDINGS},quality"


def brset(root, name="labels_brset.csv", patients=("7", "7", "8")):
    flags = {"img00001": {0: 1}, "img00002": {}, "img00003": {4: 1, 12: 1}}
    rows = []
    for seed, (image, found) in enumerate(flags.items()):
        cells = ",".join(str(found.get(c, 0)) for c in range(13))
        rows.append(f"{image},{patients[seed]},Canon CR,1,4,4,{cells},Adequate")
        picture(root / "fundus_photos" / f"{image}.jpg", seed)
    sheet(root / name, BRSET, *rows)
    return root


@pytest.mark.parametrize("name", ["labels_brset.csv", "labels.csv"])
def test_brset_takes_findings_and_no_grades_and_keeps_patients_together(tmp_path, name):
    samples = loaded("brset", brset(tmp_path, name))
    assert samples.labels.names == tuple(FINDINGS.split(","))
    assert tags(samples) == {
        "img00001": "diabetic_retinopathy",
        "img00002": "",
        "img00003": "amd other",
    }
    assert samples.groups == ("7", "7", "8")
    assert samples.official is None
    assert samples.notes == ()


def test_brset_photographs_without_a_patient_are_said_and_stand_alone(tmp_path):
    samples = loaded("brset", brset(tmp_path, patients=("", "", "8")))
    assert len(set(samples.groups)) == 3
    assert samples.notes == ("2 photographs without a patient_id: each stands alone",)


def test_a_row_that_stands_twice_counts_once_and_not_with_other_labels(tmp_path):
    folder = brset(tmp_path)
    path = folder / "labels_brset.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n")
    samples = loaded("brset", folder)
    assert len(samples) == 3
    (note,) = samples.notes
    assert note.startswith("1 rows left out: they list a picture again (such as img00001")
    path.write_text("\n".join([*lines, lines[2].replace("img00002", "img00001")]) + "\n")
    with pytest.raises(DataError, match="img00001 is listed twice with different labels"):
        loaded("brset", folder)


@pytest.mark.parametrize("name", ["mured", "brset", "rfmid", "rfmid2"])
def test_a_wrong_folder_hears_what_is_missing(tmp_path, name):
    with pytest.raises(DataError, match=r"no .*\.csv .*in it: give the folder that holds"):
        loaded(name, tmp_path)
    with pytest.raises(DataError, match="is no folder"):
        loaded(name, tmp_path / "nowhere")
