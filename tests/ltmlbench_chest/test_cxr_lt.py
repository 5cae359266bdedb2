"""CXR-LT 2026: what is dropped, and patient ids that are none."""

import numpy as np
import pytest
from chest_folders import picture, sheet
from PIL import Image

from ltmlbench import load
from ltmlbench.errors import DataError

HEAD = "ImageID,StudyDate_DICOM,PatientID,Normal,Hernia,Support Devices"
ROWS = (
    "a.png,20140101,839860488694292331637988235681460987,1,0,0",
    "b.png,20140102,839860488694292331637988235681460987,0,1,0",
    "c.png,20140103,1.90E+38,0,0,1",
    "d.png,20140104,1.90E+38,0,1,1",
    "e.png,20140105,2.1e+38,1,0,0",
)


def cxr_lt(root, rows=ROWS):
    sheet(root / "CXRLT_2026_training.csv", HEAD, *rows)
    sheet(root / "Removal.csv", "ImageID", "e.png")
    for seed, row in enumerate(rows):
        picture(root / "images" / row.partition(",")[0], seed)
    return root


def loaded(folder):
    return load("dataset", "cxr-lt-2026").load(folder)


def test_what_removal_names_is_dropped_first(tmp_path):
    samples = loaded(cxr_lt(tmp_path))
    assert samples.ids == ("a.png", "b.png", "c.png", "d.png")
    assert samples.notes[0] == "1 pictures left out: Removal.csv names them"
    assert samples.labels.names == ("Normal", "Hernia", "Support Devices")
    np.testing.assert_array_equal(samples.labels.counts, [1, 2, 2])


def test_without_removal_nothing_is_dropped_and_it_says_so(tmp_path):
    folder = cxr_lt(tmp_path)
    (folder / "Removal.csv").unlink()
    samples = loaded(folder)
    assert len(samples) == 5
    assert samples.notes[0].startswith("Removal.csv is not in the folder")


def test_rounded_patient_ids_are_said_and_part_nobody(tmp_path):
    samples = loaded(cxr_lt(tmp_path))
    (note,) = (note for note in samples.notes if "PatientID" in note)
    assert note.startswith("2 of 4 pictures have a PatientID that a spreadsheet rounded")
    assert "1 groups of perhaps several" in note
    assert samples.groups[0] == samples.groups[1]
    assert samples.groups[2] == samples.groups[3]
    assert len(set(samples.groups)) == 2


def test_whole_patient_ids_need_no_note(tmp_path):
    samples = loaded(cxr_lt(tmp_path, (*ROWS[:2], ROWS[4].replace("2.1e+38", "77"))))
    assert samples.notes == ("1 pictures left out: Removal.csv names them",)


def test_a_test_sheet_without_labels_is_said_not_to_be_read(tmp_path):
    folder = cxr_lt(tmp_path)
    sheet(folder / "CXRLT_2026_TEST_ALL_TASK1.csv", "ImageID,StudyDate_DICOM,PatientID", "z,1,1")
    assert loaded(folder).notes[-1] == (
        "CXRLT_2026_TEST_ALL_TASK1.csv is not read: it names no labels"
    )


def test_16_bit_pictures_are_scaled_by_their_own_range(tmp_path):
    folder = cxr_lt(tmp_path)
    deep = np.linspace(1000, 3000, 1600).reshape(40, 40).astype(np.uint16)
    Image.fromarray(deep).save(folder / "images" / "a.png")
    image = loaded(folder).read(0, 40)
    assert (image.min(), image.max()) == (0, 255)


def test_a_wrong_folder_hears_what_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"no CXRLT_2026_training\.csv in it"):
        loaded(tmp_path)
