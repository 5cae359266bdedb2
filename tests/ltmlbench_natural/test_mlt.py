"""VOC-MLT and COCO-MLT from their plain lists."""

import numpy as np
import pytest
from PIL import Image

from ltmlbench import load
from ltmlbench.cli import main
from ltmlbench.data.summary import summarize
from ltmlbench.errors import DataError

TRAIN = {"2008_000001": "14 4", "2008_000002": "6", "2009_000003": "14", "2010_000004": "1 14"}
TEST = {"000001": "14", "000002": "6 14", "000003": "4", "2008_000001": "0"}


def picture(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 48, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)


def voc(root, train=TRAIN, test=TEST):
    """The lists in ``appendix``, the pictures in ``data``, as the lists' users lay them out."""
    lists = root / "appendix" / "VOCdevkit"
    lists.mkdir(parents=True)
    for part, year, rows in (("train", 2012, train), ("test", 2007, test)):
        folder = f"VOCdevkit/VOC{year}/JPEGImages"
        lines = [f"{folder}/{name}.jpg {numbers}" for name, numbers in rows.items()]
        (lists / f"voc_lt_{part}.txt").write_text("\n".join(lines) + "\n")
        for seed, name in enumerate(rows):
            picture(root / "data" / folder / f"{name}.jpg", year + seed)
    return root


def loaded(folder, name="voc-mlt"):
    return load("dataset", name).load(folder)


def tags(samples):
    names = np.array(samples.labels.names)
    return {
        i: set(names[row == 1]) for i, row in zip(samples.ids, samples.labels.dense, strict=True)
    }


def test_numbers_are_places_in_the_list_of_labels_and_parts_those_of_the_lists(tmp_path):
    samples = loaded(voc(tmp_path))
    assert tags(samples)["train/2008_000001"] == {"bottle", "person"}
    assert tags(samples)["train/2010_000004"] == {"bicycle", "person"}
    assert samples.official == ("train",) * 4 + ("test",) * 4
    assert samples.notes == ()
    assert len(set(samples.groups)) == 8


def test_the_same_name_in_both_parts_is_two_pictures(tmp_path):
    samples = loaded(voc(tmp_path))
    train, test = (samples.ids.index(f"{part}/2008_000001") for part in ("train", "test"))
    assert samples.content[train] != samples.content[test]
    assert tags(samples)["test/2008_000001"] == {"aeroplane"}
    expected = np.asarray(
        Image.open(tmp_path / "data/VOCdevkit/VOC2007/JPEGImages/2008_000001.jpg")
    )
    np.testing.assert_array_equal(samples.read(test, 48), expected)


def test_pictures_may_lie_behind_a_link(tmp_path):
    folder = voc(tmp_path / "here")
    elsewhere = tmp_path / "disk"
    (folder / "data").rename(elsewhere)
    (folder / "data").symlink_to(elsewhere)
    assert len(loaded(folder)) == 8


def test_rows_without_a_label_stay_and_blanks_at_the_end_mean_nothing(tmp_path):
    folder = voc(tmp_path, test={"000001": "14 ", "000002": "", "000003": "4"})
    samples = loaded(folder)
    assert tags(samples)["test/000001"] == {"person"}
    assert tags(samples)["test/000002"] == set()
    bare, blanks = samples.notes
    assert bare.startswith("voc_lt_test.txt: 1 of 3 pictures have no label")
    assert blanks == "voc_lt_test.txt: blanks at the end of 2 lines, without meaning"


def test_the_file_of_label_names_is_used_with_its_trailing_blank(tmp_path):
    folder = voc(tmp_path)
    names = [f"thing {c}" for c in range(20)]
    lines = [f"{name} {c}" + " " * (c == 1) for c, name in enumerate(names)]
    (folder / "appendix" / "VOCdevkit" / "voc_labels.txt").write_text("\n".join(lines[::-1]))
    samples = loaded(folder)
    assert list(samples.labels.names) == names
    assert tags(samples)["test/000002"] == {"thing 6", "thing 14"}


@pytest.mark.parametrize("lines", ["cat 0\ndog 1\n", "cat 0\ndog 0\n", "cat\n"])
def test_a_file_of_other_label_names_is_refused(tmp_path, lines):
    folder = voc(tmp_path)
    (folder / "voc_labels.txt").write_text(lines)
    with pytest.raises(DataError, match=r"voc_labels\.txt"):
        loaded(folder)


@pytest.mark.parametrize("numbers", ["20", "-1", "3.5", "cat"])
def test_a_number_of_no_label_is_named_with_its_line(tmp_path, numbers):
    folder = voc(tmp_path, test={"000001": "14", "000002": f"3 {numbers}"})
    with pytest.raises(DataError, match=r"voc_lt_test\.txt, line 2: .* \(0 to 19\)"):
        loaded(folder)


def test_a_wrong_folder_hears_which_lists_are_missing(tmp_path):
    with pytest.raises(DataError, match=r"no voc_lt_train\.txt and no voc_lt_test\.txt in it"):
        loaded(tmp_path)
    folder = voc(tmp_path / "voc")
    next(folder.rglob("voc_lt_test.txt")).unlink()
    with pytest.raises(DataError, match=r"no voc_lt_test\.txt in it"):
        loaded(folder)


def test_missing_and_damaged_pictures_are_left_out_and_said(tmp_path):
    folder = voc(tmp_path)
    next(folder.rglob("000001.jpg")).unlink()
    whole = next(folder.rglob("000002.jpg"))
    whole.write_bytes(whole.read_bytes()[:200])
    samples = loaded(folder)
    assert {"test/000001", "test/000002"}.isdisjoint(samples.ids)
    missing, damaged = samples.notes
    assert missing.startswith("1 of 8 pictures that the lists name are not in the folder")
    assert damaged == "1 pictures left out, truncated JPEG: test/000002"


def test_lists_without_any_picture_are_an_error(tmp_path):
    folder = voc(tmp_path)
    (folder / "data").rename(tmp_path.parent / f"{tmp_path.name}-away")
    with pytest.raises(DataError, match="none of the 8 pictures that its lists name is there"):
        loaded(folder)


def test_head_and_tail_are_counted_among_the_training_pictures_alone(tmp_path):
    train = {f"2008_{i:06}": "14" for i in range(100)} | {f"2009_{i:06}": "2" for i in range(19)}
    test = {f"{i:06}": "2 3" for i in range(120)}
    samples = loaded(voc(tmp_path, train, test))
    shots = dict(zip(samples.labels.names, samples.shots, strict=True))
    assert (shots["person"], shots["bird"], shots["boat"]) == ("head", "tail", "tail")
    assert samples.labels.counts[list(samples.labels.names).index("bird")] == 139
    assert "head, medium and tail by the 119 pictures of 'train' alone" in summarize(samples)


def test_coco_has_its_eighty_labels(tmp_path):
    for part in ("train", "val"):
        picture(tmp_path / f"{part}2017" / f"00000000000{part == 'val':d}.jpg", part == "val")
    (tmp_path / "coco_lt_train.txt").write_text("train2017/000000000000.jpg 0 79\n")
    (tmp_path / "coco_lt_test.txt").write_text("val2017/000000000001.jpg 9\n")
    samples = loaded(tmp_path, "coco-mlt")
    assert tags(samples) == {
        "train/000000000000": {"person", "toothbrush"},
        "test/000000000001": {"traffic light"},
    }
    assert samples.labels.n_labels == 80


def annotated(root):
    """The authors' appendix beside VOC's own folders."""
    (root / "appendix/VOCdevkit/longtail2012").mkdir(parents=True)
    (root / "appendix/VOCdevkit/longtail2012/img_id.txt").write_text("2008_000001\n2008_000002\n")
    (root / "appendix/VOCdevkit/longtail2012/class_freq.pkl").write_bytes(b"never opened")
    (root / "data/VOCdevkit/VOC2007/ImageSets/Main").mkdir(parents=True)
    (root / "data/VOCdevkit/VOC2007/ImageSets/Main/test.txt").write_text("000001\n000002\n")
    objects = {
        ("VOC2012", "2008_000001"): ("person", "person", "bottle"),
        ("VOC2012", "2008_000002"): ("car",),
        ("VOC2012", "2008_000003"): ("dog",),  # of VOC, not of VOC-MLT
        ("VOC2007", "000001"): ("sofa",),
        ("VOC2007", "000002"): ("cat", "sofa"),
    }
    for seed, ((year, name), found) in enumerate(objects.items()):
        place = root / "data" / "VOCdevkit" / year
        picture(place / "JPEGImages" / f"{name}.jpg", seed)
        (place / "Annotations").mkdir(exist_ok=True)
        inner = "".join(f"<object><name>{o}</name><difficult>1</difficult></object>" for o in found)
        (place / "Annotations" / f"{name}.xml").write_text(f"<annotation>{inner}</annotation>")
    return root


def test_the_appendix_takes_labels_from_the_annotations_difficult_objects_too(tmp_path):
    assert tags(loaded(annotated(tmp_path))) == {
        "train/2008_000001": {"person", "bottle"},
        "train/2008_000002": {"car"},
        "test/000001": {"sofa"},
        "test/000002": {"cat", "sofa"},
    }


def test_an_appendix_without_its_annotations_or_test_list_says_so(tmp_path):
    folder = annotated(tmp_path)
    path = next(folder.rglob("2008_000002.xml"))
    path.write_text("<annotation><object>")
    with pytest.raises(DataError, match=r"2008_000002\.xml: damaged annotation"):
        loaded(folder)
    path.unlink()
    with pytest.raises(DataError, match=r"no Annotations/2008_000002\.xml"):
        loaded(folder)
    next(folder.rglob("test.txt")).unlink()
    with pytest.raises(DataError, match=r"no VOC2007/ImageSets/Main/test\.txt in it"):
        loaded(folder)


def test_a_run_tests_on_the_official_part_with_the_published_values_beside(tmp_path, capsys):
    train = {f"2008_{i:06}": ("14", "6", "14 4")[i % 3] for i in range(30)}
    folder = voc(tmp_path / "data", train, {f"{i:06}": ("14", "6 4")[i % 2] for i in range(8)})
    out = tmp_path / "out"
    command = ["run", "--dataset", "voc-mlt", "--data-dir", str(folder), "--methods", "db"]
    small = ["--backbones", "test_resnet[weights=random]", "--image-size", "32", "--epochs", "1"]
    small += ["--set", "explanation=none", "--set", "precision=float32"]
    assert main([*command, *small, "--out", str(out)]) == 0
    table = (out / "table.md").read_text()
    assert "db, published" in table
    assert "0.789" in table
    shots = table[table.index("map of head, medium and tail labels") :]
    assert "0.842" in shots
    assert "positive pictures of train" in table
