"""The data sets of diabetic retinopathy one by one: what each means by its files."""

import numpy as np
import pytest
from dr_folders import FGADR_COMMON, SIDE, aptos, ddr, drawn, eyepacs, fgadr, idrid, mask, picture
from PIL import Image

from ltmlbench import load
from ltmlbench.errors import DataError


def loaded(name, folder):
    return load("dataset", name).load(folder)


def rows(samples):
    """Id -> (grade, lesions looked for, lesions found)."""
    found = {}
    for row, name in enumerate(samples.ids):
        layers = samples.masks(row, SIDE).any(axis=(0, 1))
        known = samples.extras["annotated"][row]
        assert not (layers & ~known).any()
        names = np.array(samples.structures)
        found[name] = (
            int(samples.extras["grade"][row]),
            " ".join(names[known]),
            " ".join(names[layers]),
        )
    return found


def layer(samples, name, lesion):
    return samples.masks(samples.ids.index(name), SIDE)[:, :, samples.structures.index(lesion)]


IDRID = {
    "A/train/IDRiD_01": (-1, "HE SE", "HE"),  # no SE file: absent; no folder of MA: unknown
    "A/train/IDRiD_02": (-1, "HE SE", "HE SE"),
    "A/test/IDRiD_55": (-1, "HE", "HE"),
    "B/train/IDRiD_001": (0, "", ""),
    "B/train/IDRiD_002": (4, "", ""),
    "B/test/IDRiD_001": (3, "", ""),  # names start again
    "B/test/IDRiD_002": (2, "", ""),
}


def test_idrid_gives_masks_from_a_and_grades_from_b(tmp_path):
    samples = loaded("idrid", idrid(tmp_path))
    assert rows(samples) == IDRID
    assert samples.official == tuple(name.split("/")[1] for name in IDRID)
    np.testing.assert_array_equal(layer(samples, "A/train/IDRiD_01", "HE"), drawn((4, 20, 8, 12)))
    np.testing.assert_array_equal(layer(samples, "A/train/IDRiD_02", "SE"), drawn((30, 31, 40, 41)))
    assert len(set(samples.groups)) == len(samples)


def test_idrid_photographs_in_a_and_b_alike_are_one_group(tmp_path):
    folder = idrid(tmp_path)
    (one,), (other,) = folder.rglob("IDRiD_55.jpg"), folder.rglob("a. */IDRiD_002.jpg")
    other.write_bytes(one.read_bytes())
    samples = loaded("idrid", folder)
    groups = dict(zip(samples.ids, samples.groups, strict=True))
    assert groups["A/test/IDRiD_55"] == groups["B/train/IDRiD_002"]
    assert len(set(samples.groups)) == len(samples) - 1


@pytest.mark.parametrize("section", ["A. Segmentation", "B. Disease Grading"])
def test_one_part_of_idrid_will_do_and_may_be_doubled(tmp_path, section):
    folder = idrid(tmp_path / "data")
    expected = {name: row for name, row in IDRID.items() if name[0] == section[0]}
    alone = tmp_path / "alone" / section / section.upper()
    alone.parent.mkdir(parents=True)
    (folder / section).rename(alone)
    for given in (alone, alone.parent, alone.parent.parent):
        samples = loaded("idrid", given)
        assert samples.ids == tuple(expected)
        np.testing.assert_array_equal("grade" in samples.extras, section[0] == "B")


def test_a_lesion_folder_without_masks_is_unknown_and_not_absent(tmp_path):
    folder = idrid(tmp_path)
    (path,) = folder.rglob("*_SE.tif")
    path.unlink()
    assert rows(loaded("idrid", folder))["A/train/IDRiD_02"] == (-1, "HE", "HE")


def test_photographs_of_which_nothing_is_known_are_left_out(tmp_path):
    folder = idrid(tmp_path)
    (path,) = folder.rglob("IDRiD_55.jpg")
    picture(path.parent.parent / "a. Training Set" / "IDRiD_03.jpg", 50)  # has none of HE and SE
    for mask_file in folder.rglob("IDRiD_55_*.tif"):
        mask_file.unlink()
    samples = loaded("idrid", folder)
    assert "A/train/IDRiD_03" in samples.ids
    assert "A/test/IDRiD_55" not in samples.ids
    (note,) = samples.notes
    assert note.startswith("1 pictures left out: no grade and no lesion mask (such as IDRiD_55.jpg")


def test_a_grading_part_of_idrid_without_its_sheet_is_an_error(tmp_path):
    folder = idrid(tmp_path)
    next(folder.rglob("b. IDRiD*.csv")).unlink()
    with pytest.raises(DataError, match="no sheet of grades such as"):
        loaded("idrid", folder)


def test_ddr_drops_what_is_not_gradable_and_finds_the_masks_of_valid(tmp_path):
    samples = loaded("ddr", ddr(tmp_path))
    assert samples.notes == ("3 pictures left out: grade 5, not gradable",)
    expected = {}
    for p, part in enumerate(("train", "valid", "test")):
        expected |= {f"grading/{part}/00{p}-0-100": (p, "", "")}
        expected |= {f"grading/{part}/00{p}-1-100": (4, "", "")}
    for p, part in enumerate(("train", "valid", "test")):
        expected |= {f"segmentation/{part}/00{p}-0-100": (-1, "MA EX", "EX")}
        expected |= {f"segmentation/{part}/20{p}": (-1, "MA EX", "MA")}
    assert rows(samples) == expected
    assert set(samples.official) == {"train", "valid", "test"}
    found = layer(samples, "segmentation/valid/001-0-100", "EX")
    np.testing.assert_array_equal(found, drawn((11, 20, 30, 40)))


def test_a_ddr_photograph_with_masks_and_a_grade_is_never_parted(tmp_path):
    folder = ddr(tmp_path)
    (path,) = folder.rglob("DR_grading/train/000-0-100.jpg")
    picture(path, 77)  # another file of the same name
    samples = loaded("ddr", folder)
    groups = dict(zip(samples.ids, samples.groups, strict=True))
    assert groups["grading/train/000-0-100"] == groups["segmentation/train/000-0-100"]
    assert len(set(samples.groups)) == 9


@pytest.mark.parametrize("section", ["DR_grading", "lesion_segmentation"])
def test_one_part_of_ddr_will_do(tmp_path, section):
    folder = ddr(tmp_path) / "DDR-dataset" / section
    kind = "grading" if section == "DR_grading" else "segmentation"
    samples = loaded("ddr", folder)
    assert {name.split("/")[0] for name in samples.ids} == {kind}
    assert ("grade" in samples.extras) == (kind == "grading")


def test_ddr_pictures_without_their_list_are_an_error(tmp_path):
    folder = ddr(tmp_path)
    next(folder.rglob("valid.txt")).unlink()
    with pytest.raises(DataError, match=r"no valid\.txt with the grades"):
        loaded("ddr", folder)


def test_fgadr_gives_masks_and_grade_of_the_same_photograph(tmp_path):
    samples = loaded("fgadr", fgadr(tmp_path))
    assert rows(samples) == {
        "0000_1": (2, "MA HE EX SE", "MA HE EX SE"),
        "0001_2": (4, "MA HE EX SE IRMA", "MA HE EX SE IRMA"),
    }
    assert samples.official is None
    assert len(set(samples.groups)) == 2
    for n, lesion in enumerate(("MA", "HE", "EX", "SE")):
        for name in samples.ids:
            expected = drawn((4 * n, 4 * n + 3, 5, 25))
            np.testing.assert_array_equal(layer(samples, name, lesion), expected)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "1"])
def test_fgadr_masks_have_smooth_edges_of_which_half_and_more_is_lesion(tmp_path, mode):
    folder = fgadr(tmp_path)
    grey = np.zeros((SIDE, SIDE), dtype=np.uint8)
    grey[10:20, 10:20] = 127
    grey[11:19, 11:19] = 128
    expected = drawn((11, 19, 11, 19))
    image = Image.fromarray(255 * expected if mode == "1" else grey).convert(mode)
    image.save(folder / "Seg-set" / "Hemohedge_Masks" / "0000_1.png")
    np.testing.assert_array_equal(layer(loaded("fgadr", folder), "0000_1", "HE"), expected)


def test_an_empty_fgadr_mask_says_absent_and_a_missing_one_nothing(tmp_path):
    folder = fgadr(tmp_path)
    mask(folder / "Seg-set" / "HardExudate_Masks" / "0000_1.png", (0, 0, 0, 0))
    (folder / "Seg-set" / "SoftExudate_Masks" / "0000_1.png").unlink()
    assert rows(loaded("fgadr", folder))["0000_1"] == (2, "MA HE EX", "MA HE")


def test_the_fgadr_folder_of_haemorrhages_may_be_spelt_right(tmp_path):
    folder = fgadr(tmp_path)
    expected = rows(loaded("fgadr", folder))
    folders = folder / "Seg-set"
    assert FGADR_COMMON[1] == "Hemohedge"
    (folders / "Hemohedge_Masks").rename(folders / "hemorrhage_masks")
    assert rows(loaded("fgadr", folder)) == expected


def test_fgadr_without_its_sheet_is_an_error(tmp_path):
    folder = fgadr(tmp_path)
    next(folder.rglob("*.csv")).unlink()
    with pytest.raises(DataError, match=r"no DR_Seg_Grading_Label\.csv"):
        loaded("fgadr", folder)


def test_eyepacs_keeps_both_eyes_of_a_patient_together(tmp_path):
    samples = loaded("eyepacs", eyepacs(tmp_path))
    train = ("train/10_left", "train/10_right", "train/13_left", "train/13_right")
    assert samples.ids == (*train, "test/1_left", "test/1_right")
    assert samples.groups == ("10", "10", "13", "13", "1", "1")
    assert list(samples.extras["grade"]) == [0, 2, 4, 1, 0, 3]
    assert samples.official == ("train",) * 4 + ("test",) * 2
    assert samples.masks is None
    assert set(samples.extras) == {"grade"}


def test_the_test_part_of_eyepacs_is_optional(tmp_path):
    folder = eyepacs(tmp_path)
    (folder / "retinopathy_solution.csv").unlink()
    samples = loaded("eyepacs", folder)
    assert len(samples) == 4
    assert samples.official is None


def test_an_eyepacs_folder_may_be_doubled(tmp_path):
    folder = eyepacs(tmp_path)
    expected = loaded("eyepacs", folder).fingerprint
    (folder / "train").rename(folder / "inner")
    (folder / "train").mkdir()
    (folder / "inner").rename(folder / "train" / "Train")
    (folder / "trainLabels.csv").rename(folder / "sheet")
    (folder / "trainLabels.csv").mkdir()
    (folder / "sheet").rename(folder / "trainLabels.csv" / "trainLabels.csv")
    assert loaded("eyepacs", folder).fingerprint == expected


def test_aptos_reads_its_training_part_and_keeps_doubles_together(tmp_path):
    samples = loaded("aptos", aptos(tmp_path))
    assert samples.ids == ("000c1434d8d7", "001639a390f0", "0024cdab0c1e")
    assert list(samples.extras["grade"]) == [2, 4, 1]
    assert samples.official is None
    assert samples.groups[0] == samples.groups[2] != samples.groups[1]
    assert samples.masks is None


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "photographs", "looked_for", "files"),
    [
        (
            "dr_source",
            {"A": 603, "B": 593},
            {"HE": 603, "EX": 603, "OD": 603},
            {"HE": 248, "EX": 253, "OD": 603},
        ),
        ("dr_source_heimed", {"A": 169}, {"EX": 169}, {"EX": 54}),
    ],
)
def test_real_photographs_in_the_layout_of_idrid(real_data, folder, photographs, looked_for, files):
    samples = loaded("idrid", real_data / folder)
    assert samples.notes == ()
    sections = np.array([name[0] for name in samples.ids])
    assert {s: int((sections == s).sum()) for s in np.unique(sections)} == photographs
    known = samples.extras["annotated"].sum(axis=0)
    assert {n: int(k) for n, k in zip(samples.structures, known, strict=True) if k} == looked_for
    there = np.array([[file is not None for file in row] for row in samples.masks.masks])
    counts = there.sum(axis=0)
    assert {n: int(k) for n, k in zip(samples.structures, counts, strict=True) if k} == files
    assert ("grade" in samples.extras) == ("B" in photographs)


@pytest.mark.realdata
def test_masks_of_real_optic_discs_lie_on_bright_discs(real_data):
    from ltmlbench.feeds.pictures.decode import squared

    samples = loaded("idrid", real_data / "dr_source")
    brighter = []
    for row in range(0, 603, 30):
        green = squared(samples.read(row, 96), 96, samples.border)[:, :, 1].astype(int)
        disc = layer_at(samples, row, 96, "OD")
        brighter.append(green[disc].mean() > green[(green > 20) & ~disc].mean() + 10)
    assert np.mean(brighter) > 0.9


def layer_at(samples, row, size, lesion):
    return samples.masks(row, size)[:, :, samples.structures.index(lesion)].astype(bool)
