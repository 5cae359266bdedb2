"""RFMiD 1 and 2: sheets per part, whatever the copy's folders are called."""

import numpy as np
import pandas as pd
import pytest
from dr_folders import picture, sheet

from ltmlbench import load
from ltmlbench.errors import DataError

HEAD = "ID,Disease_Risk,DR,ARMD,MH"
ROWS = {
    "train": ("1,1,1,0,0", "2,0,0,0,0", "3,1,0,1,1"),
    "val": ("1,1,0,0,1",),
    "test": ("1,0,0,0,0", "2,1,1,1,0"),
}
NAMES = {"train": "Training", "val": "Validation", "test": "Testing"}
CHALLENGE = {
    "train": ("Training_Set", "Training"),
    "val": ("Evaluation_Set", "Validation"),
    "test": ("Test_Set", "Test"),
}
NUMBERED = {"train": "a. Training Set", "val": "b. Validation Set", "test": "c. Testing Set"}


def seed(part, row):
    return 10 * list(ROWS).index(part) + row


def challenge(root, encoding="utf-8-sig"):
    for part, (outer, inner) in CHALLENGE.items():
        sheet(
            root / outer / f"RFMiD_{NAMES[part]}_Labels.csv", HEAD, *ROWS[part], encoding=encoding
        )
        for row in range(len(ROWS[part])):
            picture(root / outer / inner / f"{row + 1}.png", seed(part, row))
    return root


def numbered(root):
    for part, name in NUMBERED.items():
        truth = f"{name[0]}. RFMiD_{NAMES[part]}_Labels.csv"
        sheet(root / "A. RFMiD_All" / "2. Groundtruths" / truth, HEAD, *ROWS[part])
        for row in range(len(ROWS[part])):
            images = root / "A. RFMiD_All" / "1. Original Images" / name
            picture(images / f"{row + 1}.png", seed(part, row))
    return root


def loaded(folder, name="rfmid"):
    return load("dataset", name).load(folder)


def tags(samples):
    names = np.array(samples.labels.names)
    return {
        i: " ".join(names[row == 1])
        for i, row in zip(samples.ids, samples.labels.dense, strict=True)
    }


EXPECTED = {
    "train/1": "DR",
    "train/2": "",
    "train/3": "ARMD MH",
    "val/1": "MH",
    "test/1": "",
    "test/2": "DR ARMD",
}


@pytest.mark.parametrize("layout", [challenge, numbered])
def test_both_layouts_give_the_same_and_numbers_start_again_in_every_part(tmp_path, layout):
    samples = loaded(layout(tmp_path))
    assert tags(samples) == EXPECTED
    assert samples.official == tuple(name.split("/")[0] for name in EXPECTED)
    assert len(set(samples.content)) == 6, "a part got the pictures of another"
    assert samples.notes == ()


def test_every_part_gets_its_own_pictures(tmp_path):
    one, other = loaded(challenge(tmp_path / "a")), loaded(numbered(tmp_path / "b"))
    assert one.content == other.content


def test_a_folder_named_after_a_part_further_up_does_not_count(tmp_path):
    samples = loaded(challenge(tmp_path / "training data for the test"))
    assert tags(samples) == EXPECTED


def test_a_risk_that_disagrees_with_the_findings_is_said(tmp_path):
    folder = challenge(tmp_path)
    path = folder / "Training_Set" / "RFMiD_Training_Labels.csv"
    sheet(path, HEAD, "1,0,1,0,0", "2,0,0,0,0", "3,1,0,0,0")
    samples = loaded(folder)
    (note,) = samples.notes
    assert note.startswith("2 train photographs whose Disease_Risk disagrees")
    assert tags(samples)["train/1"] == "DR"


def test_a_part_without_its_sheet_is_left_out_but_training_is_needed(tmp_path):
    folder = challenge(tmp_path)
    next(folder.rglob("*Validation_Labels.csv")).unlink()
    samples = loaded(folder)
    assert set(samples.official) == {"train", "test"}
    assert samples.notes == (
        "RFMiD_Validation_Labels.csv is not in the folder: its part is left out",
    )
    next(folder.rglob("*Training_Labels.csv")).unlink()
    with pytest.raises(DataError, match=r"no RFMiD_Training_Labels\.csv in it"):
        loaded(folder)


def test_a_cell_that_is_neither_0_nor_1_is_named(tmp_path):
    folder = challenge(tmp_path)
    sheet(folder / "Test_Set" / "RFMiD_Testing_Labels.csv", HEAD, "1,0,0,0,0", "2,1,2,0,0")
    with pytest.raises(DataError, match=r"RFMiD_Testing_Labels\.csv, line 3: DR is '2'"):
        loaded(folder)


HEAD2 = "ID,WNL,DR,OPDM,ON\xa0,,"


def rfmid2(root, names=("Training_set", "Validation_set", "Test_set"), head=HEAD2):
    rows = {"train": ("1,0,1,0,1,,", "2,1,0,0,0,,"), "val": ("1,0,0,1,0,,",)}
    rows["test"] = ("1,0,0,0,1,,",)
    for part, name in zip(rows, names, strict=True):
        path = root / name / f"RFMiD_2_{NAMES[part]}_labels.csv"
        sheet(path, head, *rows[part], encoding="latin-1")
        for row in range(len(rows[part])):
            picture(root / name / f"{row + 1}.jpg", seed(part, row))
    return root


EXPECTED2 = {"train/1": "DR ON", "train/2": "", "val/1": "ODPM", "test/1": "ON"}


@pytest.mark.parametrize(
    "names", [("Training_set", "Validation_set", "Test_set"), ("Training", "Validation", "Test")]
)
def test_rfmid2_is_latin_1_with_hard_blanks_a_misspelt_label_and_empty_columns(tmp_path, names):
    samples = loaded(rfmid2(tmp_path, names), "rfmid2")
    assert samples.labels.names == ("DR", "ODPM", "ON")
    assert tags(samples) == EXPECTED2
    assert samples.notes == ()


def test_rfmid2_sheets_that_a_wrong_encoding_spoiled_are_read_too(tmp_path):
    folder = rfmid2(tmp_path)
    for path in folder.rglob("*.csv"):
        path.write_text(path.read_text(encoding="latin-1").replace("\xa0", "\ufffd"))
    assert tags(loaded(folder, "rfmid2")) == EXPECTED2


def test_a_label_without_a_column_in_one_part_is_said(tmp_path):
    folder = rfmid2(tmp_path)
    (path,) = folder.rglob("*Testing_labels.csv")
    sheet(path, "ID,WNL,DR,ON", "1,0,0,1", encoding="latin-1")
    samples = loaded(folder, "rfmid2")
    assert samples.notes == ("test: no column ODPM: counted as 0",)


@pytest.mark.realdata
def test_rfmid_itself_agrees_with_its_sheets(real_data):
    samples = loaded(real_data / "rfmid")
    assert len(samples) == 1540
    assert samples.labels.n_labels == 45
    for part, (outer, _) in CHALLENGE.items():
        name = f"RFMiD_{NAMES[part]}_Labels.csv"
        table = pd.read_csv(real_data / "rfmid" / outer / name, index_col="ID")
        rows = [row for row, found in enumerate(samples.official) if found == part]
        numbers = [int(samples.ids[row].partition("/")[2]) for row in rows]
        expected = table.drop(columns="Disease_Risk").loc[numbers]
        assert samples.labels.names == tuple(expected.columns)
        np.testing.assert_array_equal(samples.labels.dense[rows], expected.to_numpy())
