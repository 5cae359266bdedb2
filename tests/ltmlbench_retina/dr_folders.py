"""Small made-up data sets of diabetic retinopathy in their official layouts.

Pictures have SIDE×SIDE pixels without a dark border, so that a mask decoded at SIDE lies as drawn.
"""

import numpy as np
from PIL import Image

SIDE = 64


def picture(path, seed=0):
    """A picture like no other of another seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(60, 220, (SIDE, SIDE, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)


def mask(path, box, mode="L"):
    """A mask of the rectangle (top, bottom, left, right)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode == "P":  # IDRiD's: index 1 is red
        layer = Image.fromarray(drawn(box))
        layer = layer.convert("P")
        layer.putpalette([0, 0, 0, 255, 0, 0])
        layer.save(path)
    else:
        Image.fromarray(255 * drawn(box)).convert(mode).save(path)


def drawn(*boxes):
    layer = np.zeros((SIDE, SIDE), dtype=np.uint8)
    for top, bottom, left, right in boxes:
        layer[top:bottom, left:right] = 1
    return layer


def sheet(path, *lines, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding=encoding)


PARTS = {"train": "a. Training Set", "test": "b. Testing Set"}


def idrid(root):
    """Three photographs with masks, two of them to train on; names 001 and 002 graded twice."""
    images, truths = (root / "A. Segmentation" / n for n in IDRID_A)
    for seed, (part, name) in enumerate((("train", "01"), ("train", "02"), ("test", "55"))):
        picture(images / PARTS[part] / f"IDRiD_{name}.jpg", seed)
        mask(truths / PARTS[part] / "2. Haemorrhages" / f"IDRiD_{name}_HE.tif", (4, 20, 8, 12), "P")
    mask(truths / PARTS["train"] / "4. Soft Exudates" / "IDRiD_02_SE.tif", (30, 31, 40, 41))
    images, truths = (root / "B. Disease Grading" / n for n in IDRID_B)
    for seed, part in enumerate(PARTS):
        for number in (1, 2):
            picture(images / PARTS[part] / f"IDRiD_00{number}.jpg", 10 + 2 * seed + number)
    head = "Image name,Retinopathy grade,Risk of macular edema ,,,"
    sheet(truths / IDRID_SHEETS["train"], head, "IDRiD_001,0,0,,,", "IDRiD_002,4,1,,,", ",,,,,")
    sheet(truths / IDRID_SHEETS["test"], head, "IDRiD_001,3 ,2,,,", "IDRiD_002,2,0,,,")
    return root


IDRID_A = ("1. Original Images", "2. All Segmentation Groundtruths")
IDRID_B = ("1. Original Images", "2. Groundtruths")
IDRID_SHEETS = {
    "train": "a. IDRiD_Disease Grading_Training Labels.csv",
    "test": "b. IDRiD_Disease Grading_Testing Labels.csv",
}


def ddr(root):
    """Two graded photographs and one that is not gradable in each part, one with masks."""
    for p, part in enumerate(("train", "valid", "test")):
        grading = root / "DDR-dataset" / "DR_grading"
        names = [f"00{p}-{number}-100" for number in range(3)]
        for seed, name in enumerate(names):
            picture(grading / part / f"{name}.jpg", 10 * p + seed)
        grades = (f"{name}.jpg {grade}" for name, grade in zip(names, (p, 4, 5), strict=True))
        sheet(grading / f"{part}.txt", *grades)
        segmentation = root / "DDR-dataset" / "lesion_segmentation" / part
        label = "segmentation label" if part == "valid" else "label"
        picture(segmentation / "image" / f"{names[0]}.jpg", 10 * p)
        picture(segmentation / "image" / f"20{p}.jpg", 100 + p)
        mask(segmentation / label / "EX" / f"{names[0]}.tif", (10 + p, 20, 30, 40))
        mask(segmentation / label / "MA" / f"20{p}.tif", (50, 51, 60, 61))
    return root


def fgadr(root):
    """Two photographs; one has an IRMA mask; the masks of the other are RGB."""
    folder = root / "Seg-set"
    for seed, name in enumerate(("0000_1", "0001_2")):
        picture(folder / "Original_Images" / f"{name}.png", seed)
        for n, lesion in enumerate(FGADR_COMMON):
            box = (4 * n, 4 * n + 3, 5, 25)
            mask(folder / f"{lesion}_Masks" / f"{name}.png", box, ("L", "RGB")[seed])
    mask(folder / "IRMA_Masks" / "0001_2.png", (1, 9, 1, 9))
    (folder / "Neovascularization_Masks").mkdir()
    sheet(folder / "DR_Seg_Grading_Label.csv", "0000_1.png,2", "0001_2.png,4")
    return root


FGADR_COMMON = ("Microaneurysms", "Hemohedge", "HardExudate", "SoftExudate")


def eyepacs(root):
    """Both eyes of two patients to train on, of one to test on."""
    rows = {"train": [("10_left", 0), ("10_right", 2), ("13_left", 4), ("13_right", 1)]}
    rows["test"] = [("1_left", 0), ("1_right", 3)]
    for p, part in enumerate(rows):
        for seed, (name, _) in enumerate(rows[part]):
            picture(root / part / f"{name}.jpeg", 10 * p + seed)
    sheet(root / "trainLabels.csv", "image,level", *(f"{n},{g}" for n, g in rows["train"]))
    tests = (f"{n},{g},Private" for n, g in rows["test"])
    sheet(root / "retinopathy_solution.csv", "image,level,Usage", *tests)
    return root


def aptos(root):
    """Three photographs, the last of them the first again."""
    names = ("000c1434d8d7", "001639a390f0", "0024cdab0c1e")
    for seed, name in zip((0, 1, 0), names, strict=True):
        picture(root / "train_images" / f"{name}.png", seed)
    picture(root / "test_images" / "0005cfc8afb6.png", 5)
    rows = (f"{name},{grade}" for name, grade in zip(names, (2, 4, 1), strict=True))
    sheet(root / "train.csv", "id_code,diagnosis", *rows)
    sheet(root / "test.csv", "id_code", "0005cfc8afb6")
    return root


BUILDERS = {"idrid": idrid, "ddr": ddr, "fgadr": fgadr, "eyepacs": eyepacs, "aptos": aptos}
