"""What holds for every data set of diabetic retinopathy, each in its official layout."""

import pickle
import re

import numpy as np
import pytest
from dr_folders import BUILDERS, SIDE, drawn, fgadr, idrid, mask, picture
from PIL import Image

from ltmlbench import load
from ltmlbench.benchmark import configure, make_benchmark
from ltmlbench.cli import main
from ltmlbench.errors import DataError, LtmlbenchError

every_source = pytest.mark.parametrize("name", BUILDERS)


def loaded(name, folder):
    return load("dataset", name).load(folder)


def refused(name, folder):
    with pytest.raises(LtmlbenchError) as caught:
        loaded(name, folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


@every_source
def test_a_whole_folder_has_no_problem(name, tmp_path):
    folder = BUILDERS[name](tmp_path / "data")
    assert load("dataset", name).check(folder) in (
        [],
        ["3 pictures left out: grade 5, not gradable"],  # ddr
    )


@every_source
def test_the_parent_folder_will_do_and_the_place_does_not_matter(name, tmp_path):
    folder = BUILDERS[name](tmp_path / "data")
    samples = loaded(name, folder)
    assert loaded(name, tmp_path).fingerprint == samples.fingerprint
    twice = tmp_path / "data" / "data"
    folder.rename(tmp_path / "moved")
    twice.parent.mkdir()
    (tmp_path / "moved").rename(twice)
    again = loaded(name, twice.parent)
    assert again.fingerprint == samples.fingerprint
    assert again.mask_content == samples.mask_content


@every_source
def test_pictures_and_masks_are_read_in_other_processes(name, tmp_path):
    samples = loaded(name, BUILDERS[name](tmp_path))
    assert pickle.loads(pickle.dumps(samples.read))(0, SIDE).shape == (SIDE, SIDE, 3)
    if samples.masks is not None:
        layers = pickle.loads(pickle.dumps(samples.masks))(0, SIDE)
        assert layers.shape == (SIDE, SIDE, len(samples.structures))
        assert samples.extras["annotated"].shape == (len(samples), len(samples.structures))


@every_source
def test_labels_are_the_grades(name, tmp_path):
    samples = loaded(name, BUILDERS[name](tmp_path))
    grades = samples.extras["grade"]
    np.testing.assert_array_equal(
        samples.labels.dense.argmax(axis=1)[grades >= 0], grades[grades >= 0]
    )
    np.testing.assert_array_equal(samples.labels.per_sample, grades >= 0)


@every_source
def test_pictures_that_are_not_there_are_one_note_and_the_rest_is_used(name, tmp_path):
    folder = BUILDERS[name](tmp_path)
    before = loaded(name, folder)
    gone = before.read.paths[-1]
    gone.unlink()
    samples = loaded(name, folder)
    assert samples.ids == before.ids[:-1]
    (note,) = [note for note in samples.notes if "not in the folder" in note]
    assert note.startswith("1 of ")
    assert gone.stem in note


@every_source
def test_no_picture_at_all_is_an_error(name, tmp_path):
    folder = BUILDERS[name](tmp_path)
    for path in loaded(name, folder).read.paths:
        path.unlink()
    for path in folder.rglob("*-2-100.jpg"):  # ddr's that are not gradable
        path.unlink()
    assert "pictures that its sheets or masks name is there (such as" in refused(name, folder)


@every_source
def test_damaged_pictures_are_named_and_left_out(name, tmp_path):
    folder = BUILDERS[name](tmp_path)
    before = loaded(name, folder)
    before.read.paths[0].write_bytes(b"")
    samples = loaded(name, folder)
    assert samples.ids == before.ids[1:]
    assert f"1 pictures left out, empty file: {before.read.paths[0].name}" in samples.notes
    for path in before.read.paths:
        path.write_bytes(b"")
    assert "are damaged" in refused(name, folder)


@every_source
def test_a_wrong_folder_is_one_line_that_says_what_is_needed(name, tmp_path):
    assert f"--data-dir DIR, or --source {name}=DIR" in refused(name, None)
    assert "is no folder: give the one that holds '" in refused(name, tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    message = refused(name, tmp_path / "other")
    assert "is in it" in message
    assert name in message


SHEETS = {  # and a line that contradicts one of theirs
    "idrid": ("a. IDRiD_Disease Grading_Training Labels.csv", "IDRiD_002,1,0,,,"),
    "ddr": ("train.txt", "000-0-100.jpg 3"),
    "fgadr": ("DR_Seg_Grading_Label.csv", "0001_2.png,0"),
    "eyepacs": ("trainLabels.csv", "13_right,3"),
    "aptos": ("train.csv", "0024cdab0c1e,0"),
}


@pytest.fixture
def annotated(name, tmp_path):
    """A folder, its sheet and what is in it."""
    folder = BUILDERS[name](tmp_path)
    (path,) = folder.rglob(SHEETS[name][0])
    return folder, path, path.read_text()


@every_source
def test_a_grade_that_is_none_is_an_error_with_its_line(name, annotated):
    folder, path, text = annotated
    wrong = re.sub(r"(?<=[, ])4\b", "7", text)
    line = next(n for n, row in enumerate(wrong.splitlines(), 1) if re.search(r"[, ]7", row))
    path.write_text(wrong)
    message = refused(name, folder)
    assert (
        message == f"{path}, line {line}: a grade from 0 to {5 if name == 'ddr' else 4} is needed"
    )


@every_source
def test_two_grades_of_one_photograph_are_an_error(name, annotated):
    folder, path, text = annotated
    path.write_text(text + SHEETS[name][1])
    assert refused(name, folder).startswith(f"{path}, line ")
    assert refused(name, folder).endswith("has another grade above")


@every_source
def test_a_sheet_that_is_no_text_is_an_error(name, annotated):
    folder, path, text = annotated
    path.write_text(text, encoding="utf-16")
    assert refused(name, folder).startswith(f"{path}: damaged sheet (not text in UTF-8)")


@pytest.mark.parametrize("name", ["idrid", "eyepacs", "aptos"])
def test_a_missing_column_is_named(name, annotated):
    folder, path, text = annotated
    path.write_text("other" + text)
    assert "columns '" in refused(name, folder)
    path.write_text("")
    assert refused(name, folder).endswith("are needed")


@every_source
def test_a_sheet_may_be_written_on_windows(name, annotated):
    folder, path, text = annotated
    before = loaded(name, folder).fingerprint
    path.write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert loaded(name, folder).fingerprint == before


@pytest.mark.parametrize("name", ["idrid", "ddr", "fgadr"])
def test_a_damaged_mask_costs_its_photograph(name, tmp_path):
    folder = BUILDERS[name](tmp_path)
    before = loaded(name, folder)
    row = next(i for i, files in enumerate(before.masks.masks) if any(files))
    file = next(filter(None, before.masks.masks[row]))
    file.write_bytes(b"")
    samples = loaded(name, folder)
    assert set(before.ids) - set(samples.ids) == {before.ids[row]}
    assert f"1 pictures left out, damaged mask (empty file): {file.name}" in samples.notes


def test_masks_that_fit_no_picture_by_name_are_noticed(tmp_path):
    folder = idrid(tmp_path)
    for path in list(folder.rglob("*_HE.tif")):
        path.rename(path.with_name(path.name.replace("_HE", "_H")))
    assert any("IDRiD_01_H)" in note for note in loaded("idrid", folder).notes)


def test_check_reads_every_mask(tmp_path):
    folder = fgadr(tmp_path)
    cut, odd = (
        folder / "Seg-set" / f"{kind}_Masks" / "0000_1.png" for kind in ("Hemohedge", "HardExudate")
    )
    data = bytearray(cut.read_bytes())
    data[len(data) // 2] ^= 0xFF  # whole at both ends, broken inside
    cut.write_bytes(data)
    Image.new("L", (SIDE, SIDE // 2)).save(odd)
    lines = load("dataset", "fgadr").check(folder)
    assert len(lines) == 2
    assert any(line.startswith(f"{cut}: ") for line in lines)
    assert any(f"{odd}: mask of {SIDE}×{SIDE // 2} pixels" in line for line in lines)
    row = loaded("fgadr", folder).ids.index("0000_1")
    with pytest.raises(DataError, match="get the mask again"):
        loaded("fgadr", folder).masks(row, SIDE)


def test_a_sheet_of_lesions_needs_masks(tmp_path, capsys):
    out = tmp_path / "sheet.png"
    for name, code in (("idrid", 0), ("aptos", 2)):
        folder = BUILDERS[name](tmp_path / name)
        given = [f"--dataset={name}", f"--data-dir={folder}", f"--out={out}", "--size=32"]
        assert main(["data", "sheet", "--structures", *given]) == code
    assert "aptos has no masks" in capsys.readouterr().err


def planned(folder):
    """Identities of the pre-training and of what starts from it."""
    given = {
        "dataset": "fundus-sim[patients=12]",
        "sources": [f"idrid={folder}"],
        "backbones": ["test_resnet[weights=random]"],
        "methods": "ours",
        "floors": "none",
        "image_size": 32,
        "folds": 2,
    }
    nodes = make_benchmark(*configure(given), decode=False).grid.nodes.values()
    return {type(node.stage).__name__: node.identity for node in nodes}


def test_the_content_of_masks_is_part_of_the_identity_of_pretraining(tmp_path):
    folder = idrid(tmp_path / "one")
    before = planned(folder)
    moved = tmp_path / "other"
    folder.rename(moved)
    assert planned(moved) == before
    (path,) = moved.rglob("IDRiD_55_HE.tif")
    mask(path, (4, 20, 8, 13))
    after = planned(moved)
    assert after["MultiTaskTrunk"] != before["MultiTaskTrunk"]
    assert after["Fit"] != before["Fit"]
    path.unlink()
    assert planned(moved)["MultiTaskTrunk"] not in (
        before["MultiTaskTrunk"],
        after["MultiTaskTrunk"],
    )


def test_a_hidden_file_is_no_picture(tmp_path):
    folder = idrid(tmp_path)
    ids = loaded("idrid", folder).ids
    (path,) = folder.rglob("IDRiD_55.jpg")
    path.with_name("._IDRiD_55.jpg").write_bytes(b"resource fork")
    picture(path.with_name(".thumbnails") / "IDRiD_55.jpg")
    samples = loaded("idrid", folder)
    assert samples.ids == ids
    assert samples.notes == ()


def test_a_mask_is_decoded_where_it_was_drawn(tmp_path):
    folder = fgadr(tmp_path)
    samples = loaded("fgadr", folder)
    box = (3, 9, 2, 30)
    mask(folder / "Seg-set" / "Microaneurysms_Masks" / "0000_1.png", box)
    np.testing.assert_array_equal(samples.masks(0, SIDE)[:, :, 0], drawn(box))
