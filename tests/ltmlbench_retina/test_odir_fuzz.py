"""A hundred spoiled folders: one line or a note each, and no eye ever gets another's labels.

Every eye has a picture of its own, so the file that a sample reads says which labels are right,
whatever happened to IDs, cells, encodings or folders.
"""

import hashlib
import os
import shutil

import numpy as np
import pandas as pd
import pytest
from odir_folders import odir, picture, sheet

from ltmlbench.errors import LtmlbenchError

PATIENTS = [
    (11, 61, "Male", "glaucoma", "normal fundus", "G"),
    (12, 44, "Female", "drusen，cataract", "cataract", "CO"),
    (13, 70, "Male", "mild nonproliferative retinopathy", "macular epiretinal membrane", "DO"),
    (14, 35, "Female", "pathological myopia", "lens dust，pathological myopia", "M"),
    (15, 58, "Male", "hypertensive retinopathy，drusen", "normal fundus", "HO"),
    (16, 66, "Female", "wet age-related macular degeneration", "suspected glaucoma", "AG"),
]
LABELS = ["G", "N", "CO", "C", "D", "O", "M", "M", "HO", "N", "A", "G"]  # written down by hand
KEYWORDS = ["Left-Diagnostic Keywords", "Right-Diagnostic Keywords"]
FILES = ["Left-Fundus", "Right-Fundus"]


def spoil_cell(columns, values):
    def spoil(folder, table, rng):
        table = table.astype(object)
        for _ in range(2):
            column = columns[rng.integers(len(columns))]
            table.at[int(rng.integers(len(table))), column] = values[rng.integers(len(values))]
        return table

    return spoil


def rewrite_cells(columns, change):
    def rewrite(folder, table, rng):
        table = table.copy()
        for column in columns:
            table[column] = [change(str(cell)) for cell in table[column]]
        return table

    return rewrite


def replace_picture(make):
    def change(folder, table, rng):
        files = sorted(folder.glob("images/*.jpg"))
        for place in rng.choice(len(files), 3, replace=False):
            files[place].unlink()
            make(files[place])
        return table

    return change


def add(make):
    def change(folder, table, rng):
        make(folder)
        return table

    return change


def linked(folder):
    shutil.move(folder / "images", folder.parent / "elsewhere")
    (folder / "images").symlink_to(folder.parent / "elsewhere")


def copies(folder):
    for path in folder.glob("images/*.jpg"):
        picture(folder / "a_first_CLAHE_copy" / path.name, seed=len(path.name))


SPOILED = {
    "id": spoil_cell(
        ["ID"],
        [
            *(-3, 1.5, 1.9e38, 10**309, 12, True, None, "", " ", pd.Timestamp("2020-01-02")),
            *("../../etc/passwd", "<b>1</b>", "a\nb", "a|b", "..", "=1+1", "12.0", "0012", "七"),
        ],
    ),
    "age": spoil_cell(
        ["Patient Age"],
        ["unknown", "69 years", "62Y", -4, 1e9, None, "nan", pd.Timestamp("2001-02-03"), "六十"],
    ),
    "sex": spoil_cell(["Patient Sex"], ["M", None, 3, "männlich", pd.Timestamp("2001-02-03")]),
    "keywords": spoil_cell(
        KEYWORDS,
        [
            "",
            None,
            "=A1",
            "#NAME?",
            "nan",
            0,
            7.5,
            "?",
            "-",
            "白内障",
            "drusen\ufffdcataract",
            ",，",
        ],
    ),
    "files": spoil_cell(FILES, ["", None, 5, "../../etc/passwd", "gone.jpg", "/", ".", "a\nb.jpg"]),
    "labels": spoil_cell(list("NDGCAHMO"), [None, "", "yes", 7, -1, "1", True]),
    "capitals": rewrite_cells(KEYWORDS, str.upper),
    "blanks": rewrite_cells(KEYWORDS, lambda text: f"  {text} ,, ".replace(" ", " \xa0 ")),
    "separators": rewrite_cells(KEYWORDS, lambda text: text.replace("，", ";\n") + "."),
    "folders": rewrite_cells(FILES, lambda text: f"C:\\images\\{text}"),
    "shuffled": lambda folder, table, rng: table[rng.permutation(table.columns)],
    "repeated": lambda folder, table, rng: pd.concat([table, table.iloc[2:]]),
    "twice": lambda folder, table, rng: pd.concat([table, table.iloc[:1].assign(**{"ID": 12})]),
    "blank rows": lambda folder, table, rng: table.reindex([0, 1, 90, 2, 91, 3, 4, 5]),
    "no rows": lambda folder, table, rng: table.iloc[:0],
    "no column": lambda folder, table, rng: table.drop(columns=rng.choice(table.columns)),
    "pipe": replace_picture(os.mkfifo),
    "folder": replace_picture(os.mkdir),
    "loop": replace_picture(lambda path: path.symlink_to(path)),
    "dead link": replace_picture(lambda path: path.symlink_to("gone")),
    "device": replace_picture(lambda path: path.symlink_to("/dev/zero")),
    "empty": replace_picture(lambda path: path.write_bytes(b"")),
    "page": replace_picture(lambda path: path.write_text("<html>sign in</html>")),
    "gone": replace_picture(lambda path: None),
    "linked": add(linked),
    "endless": add(lambda folder: (folder / "images" / "up").symlink_to(folder)),
    "copies": add(copies),
    "sheet is a pipe": add(lambda folder: os.mkfifo(folder / "a.xlsx")),
    "sheet is a folder": add(lambda folder: (folder / "a.csv").mkdir()),
    "half a sheet": add(lambda folder: (folder / "a.xlsx").write_bytes(b"PK\3\4 cut")),
    "other table": add(lambda folder: (folder / "a.csv").write_text("ID,grade\n1,2\n")),
}


def as_csv(**options):
    separator = options.pop("sep", ",")

    def write(folder, table, rng):
        text = table.to_csv(index=False, sep=separator)
        (folder / "full_df.csv").write_bytes(text.encode(**options))

    return write


def as_spoiled_csv(folder, table, rng):
    """Three bytes lose their place in UTF-8."""
    data = bytearray(table.to_csv(index=False).encode())
    for place in rng.integers(len(data), size=3):
        data[place] ^= 0x80
    (folder / "full_df.csv").write_bytes(data)


def as_xlsx(folder, table, rng):
    for column in table.columns:  # what no spreadsheet could hold
        if table[column].dtype == object:
            table[column] = [
                str(x) if isinstance(x, int) and x > 2**53 else x for x in table[column]
            ]
    table.to_excel(folder / "data.xlsx", index=False)


def as_second_tab(folder, table, rng):
    with pd.ExcelWriter(folder / "data.xlsx") as file:
        pd.DataFrame({"note": ["made in 2019"]}).to_excel(file, sheet_name="About", index=False)
        table.to_excel(file, sheet_name="Annotations", index=False)


def as_cut_xlsx(folder, table, rng):
    as_xlsx(folder, table, rng)
    data = (folder / "data.xlsx").read_bytes()
    (folder / "data.xlsx").write_bytes(data[: rng.integers(1, len(data))])


WRITTEN = {
    "xlsx": as_xlsx,
    "second tab": as_second_tab,
    "UTF-8": as_csv(encoding="utf-8"),
    "UTF-8 with mark": as_csv(encoding="utf-8-sig"),
    "UTF-16": as_csv(encoding="utf-16"),
    "GBK": as_csv(encoding="gb18030"),
    "semicolons": as_csv(encoding="utf-8", sep=";"),
    "tabs": as_csv(encoding="utf-8", sep="\t"),
    "three bytes": as_spoiled_csv,
    "cut": as_cut_xlsx,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The images of a whole folder, and the labels by the digest of the file."""
    folder = tmp_path_factory.mktemp("whole") / "images"
    right = {}
    names = [f"{id}_{side}.jpg" for id, *_ in PATIENTS for side in ("left", "right")]
    for number, (name, labels) in enumerate(zip(names, LABELS, strict=True)):
        picture(folder / name, seed=number)
        right[hashlib.sha256((folder / name).read_bytes()).hexdigest()] = labels
    return folder, right


def labels_of_files(samples):
    names = np.array(samples.labels.names)
    dense = samples.labels.dense.astype(bool)
    return {
        file: "".join(sorted(names[row])) for file, row in zip(samples.content, dense, strict=True)
    }


@pytest.mark.parametrize("written", sorted(WRITTEN.keys() - {"three bytes", "cut"}))
def test_a_whole_folder_in_every_writing_gives_every_eye_its_labels(whole, tmp_path, written):
    images, right = whole
    shutil.copytree(images, tmp_path / "images")
    WRITTEN[written](tmp_path, sheet(PATIENTS), np.random.default_rng(0))
    assert labels_of_files(odir(tmp_path)) == right


CASES = [
    (spoiled, written, seed)
    for seed, spoiled in enumerate(SPOILED)
    for written in list(WRITTEN)[seed % 3 :: 3]
]


def line_or_samples(folder):
    try:
        return odir(folder)
    except LtmlbenchError as error:
        return str(error)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("spoiled", "written", "seed"), CASES)
def test_a_spoiled_folder_is_one_line_or_right_labels(whole, tmp_path, spoiled, written, seed):
    images, right = whole
    rng = np.random.default_rng(seed)
    folder = tmp_path / "odir"
    shutil.copytree(images, folder / "images")
    table = SPOILED[spoiled](folder, sheet(PATIENTS), rng)
    WRITTEN[written](folder, table, rng)
    samples = line_or_samples(folder)
    if isinstance(samples, str):
        assert samples.isprintable()
        assert str(folder) in samples
        return
    found = labels_of_files(samples)
    assert found == {file: right[file] for file in found}
    assert len(found) == len(right) or samples.notes
    assert all(note.isprintable() for note in samples.notes)
    assert all("/" not in name and name.isprintable() for name in samples.ids)
