"""CXR-LT 2023 and 2024, in small made-up folders of their layouts."""

import numpy as np
import pytest
from chest_folders import picture, sheet

from ltmlbench import load
from ltmlbench.errors import DataError
from ltmlbench_chest.cxr_lt_mimic import LABELS_2023, LABELS_2024

MEDIA = "dicom_id,subject_id,study_id,ViewPosition"
STUDIES = (("10000032", "50414267", "02aa"), ("10000032", "53189527", "2a28"),
           ("10000764", "57375967", "0967"), ("10000898", "50771383", "2a2f"))  # fmt: skip


def place(patient, study, dicom):
    return f"files/p{patient[:2]}/p{patient}/s{study}/{dicom}.jpg"


def row(study, labels, positive, column=True):
    patient, number, dicom = study
    flags = ",".join(str(int(name in positive)) for name in labels)
    named = f"{dicom},{patient},{number},AP," if column else f"{dicom},{number},AP,"
    return f"{named}{place(*study)},{flags}"


def pictures(root):
    for seed, study in enumerate(STUDIES):
        picture(root / place(*study), seed)
    return root


@pytest.fixture
def of_2023(tmp_path):
    heading = f"{MEDIA},path,{','.join(LABELS_2023)}"
    home = tmp_path / "cxr-lt-2023"
    sheet(home / "train.csv", heading, row(STUDIES[0], LABELS_2023, {"No Finding"}),
          row(STUDIES[1], LABELS_2023, {"Hernia", "Edema"}))  # fmt: skip
    sheet(home / "development.csv", heading, row(STUDIES[2], LABELS_2023, {"Mass"}))
    sheet(home / "test.csv", heading, row(STUDIES[3], LABELS_2023, {"Tortuous Aorta"}))
    return pictures(tmp_path)


def loaded(name, folder):
    return load("dataset", name).load(folder)


def tags(samples):
    names = np.array(samples.labels.names)
    return [set(names[row == 1]) for row in samples.labels.dense]


def test_2023_gives_26_labels_in_three_parts_of_whole_patients(of_2023):
    samples = loaded("cxr-lt-2023", of_2023)
    assert samples.labels.names == LABELS_2023
    assert len(LABELS_2023) == 26
    assert tags(samples) == [{"No Finding"}, {"Hernia", "Edema"}, {"Mass"}, {"Tortuous Aorta"}]
    assert samples.official == ("train", "train", "val", "test")
    assert samples.groups == ("10000032", "10000032", "10000764", "10000898")
    assert samples.protocol.group_all == samples.protocol.apart == ("No Finding",)
    assert samples.notes == ()


def test_a_part_without_labels_is_said_not_to_be_read(of_2023):
    sheet(of_2023 / "cxr-lt-2023" / "development.csv", f"{MEDIA},path", "a,1,2,AP,x.jpg")
    (of_2023 / "cxr-lt-2023" / "test.csv").unlink()
    samples = loaded("cxr-lt-2023", of_2023)
    assert samples.official is None
    assert samples.notes == (
        "development.csv is not read: it names no labels",
        "test.csv is not in the folder: no part 'test'",
    )


def test_patients_follow_from_the_path_where_no_column_names_them(of_2023):
    heading = f"dicom_id,study_id,ViewPosition,path,{','.join(LABELS_2023)}"
    sheet(of_2023 / "cxr-lt-2023" / "train.csv", heading,
          *(row(study, LABELS_2023, {"Edema"}, column=False) for study in STUDIES[:2]))  # fmt: skip
    assert loaded("cxr-lt-2023", of_2023).groups[:2] == ("10000032", "10000032")


@pytest.mark.parametrize(("task", "labels"), [(1, LABELS_2024), (2, LABELS_2024[1:27])])
def test_2024_reads_the_sheets_of_one_task(tmp_path, task, labels):
    assert len(LABELS_2024) == 40
    every = f"{MEDIA},fpath,{','.join(LABELS_2024)}"
    some = f"{MEDIA},fpath,{','.join(labels)}"
    home = tmp_path / "cxr-lt-2024"
    sheet(home / "train_labeled.csv", every, row(STUDIES[0], LABELS_2024, {"Edema"}))
    sheet(home / f"development_labeled_task{task}.csv", some, row(STUDIES[2], labels, {"Normal"}))
    sheet(home / f"test_labeled_task{task}.csv", some, row(STUDIES[3], labels, {"Mass", "Edema"}))
    samples = loaded(f"cxr-lt-2024[task={task}]", pictures(tmp_path))
    assert samples.labels.names == labels
    assert tags(samples) == [{"Edema"}, {"Normal"}, {"Mass", "Edema"}]
    assert samples.official == ("train", "val", "test")
    said = [] if task == 1 else ["26 of 40 labels are in all sheets: they are used"]
    assert list(samples.notes) == said


def test_a_cell_that_is_neither_0_nor_1_is_named(of_2023):
    path = of_2023 / "cxr-lt-2023" / "test.csv"
    path.write_text(path.read_text().replace(",1", ",yes"))
    with pytest.raises(DataError, match=r"test\.csv, line 2: Tortuous Aorta is 'yes'"):
        loaded("cxr-lt-2023", of_2023)


@pytest.mark.parametrize("name", ["cxr-lt-2023", "cxr-lt-2024"])
def test_a_wrong_folder_hears_what_is_missing(tmp_path, name):
    with pytest.raises(DataError, match=r"no train.*\.csv with labels in it"):
        loaded(name, tmp_path)
