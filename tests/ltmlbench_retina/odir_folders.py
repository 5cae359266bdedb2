"""Small folders of ODIR-5K for tests, with the labels that every eye should get."""

import numpy as np
import pandas as pd
from PIL import Image

from ltmlbench import load
from ltmlbench_retina.keywords import LABELS

SHEET = "ODIR-5K_Training_Annotations(Updated)_V2.xlsx"
PATIENTS = [  # id, age, sex, left, right, official labels
    (1, 60, "Male", "cataract", "normal fundus", "C"),
    (2, 1, "Female", "drusen，moderate non proliferative retinopathy", "lens dust", "DO"),
    (3, 45, "Male", "normal fundus", "normal fundus", "N"),
    (4, 70, "Female", "suspected glaucoma", "hypertensive retinopathy", "GH"),
]
EYES = {
    "1_left": "C",
    "1_right": "N",
    "2_left": "DO",
    "3_left": "N",
    "3_right": "N",
    "4_left": "G",
    "4_right": "H",
}  # 2_right has a remark only


def sheet(patients=PATIENTS, rename=None):
    rows = [
        {
            "ID": id,
            "Patient Age": age,
            "Patient Sex": sex,
            "Left-Fundus": f"{id}_left.jpg",
            "Right-Fundus": f"{id}_right.jpg",
            "Left-Diagnostic Keywords": left,
            "Right-Diagnostic Keywords": right,
            **{label: int(label in labels) for label in LABELS},
        }
        for id, age, sex, left, right, labels in patients
    ]
    return pd.DataFrame(rows).rename(columns=rename or {})


def picture(path, seed=0, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(40, 220, (40, 50, 3)).astype(np.uint8)
    Image.fromarray(pixels).convert(mode).save(path, quality=90)


def pictures(folder, patients=PATIENTS):
    for id, *_ in patients:
        for k, side in enumerate(("left", "right")):
            picture(folder / f"{id}_{side}.jpg", seed=2 * id + k)


def eyes(samples):
    names = np.array(samples.labels.names)
    dense = samples.labels.dense.astype(bool)
    return {i: "".join(names[row]) for i, row in zip(samples.ids, dense, strict=True)}


def odir(folder, options=""):
    return load("dataset", f"odir5k{options}").load(folder)
