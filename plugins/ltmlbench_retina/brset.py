"""BRSET: photographs of Brazilian patients with labels, grades and measurements."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ltmlbench.plugin import (
    DataError,
    ListedPicture,
    PictureFiles,
    Protocol,
    Samples,
    file_below,
    given_folder,
    listed_samples,
    read_sheet,
    squeezed,
)
from ltmlbench_retina.pictures import BORDER, Photographs

LABELS = (
    "diabetic_retinopathy",
    "macular_edema",
    "scar",
    "nevus",
    "amd",
    "vascular_occlusion",
    "hypertensive_retinopathy",
    "drusens",
    "hemorrhage",
    "retinal_detachment",
    "myopic_fundus",
    "increased_cup_disc",
    "other",
)
"""The columns of findings. The sheet's grades (``DR_ICDR``, ``DR_SDRG``), anatomy (``optic_disc``,
``vessels``, ``macula``) and quality are numbers too, and no labels."""

PROTOCOL = Protocol(unit="photograph", group_unit="patient", apart=("other",))
"""Head from 100 and tail below 20 positive photographs, as for VOC-MLT (ours)."""

_SHEETS = ("labels_brset.csv", "labels.csv")
"""The second is what version 1.0.0 calls it."""


class Brset(Photographs):
    """BRSET: ``labels_brset.csv`` (``labels.csv`` of older versions) with the pictures of
    ``fundus_photos`` anywhere below the folder.

    13 labels; normal is a photograph with none. Photographs of one patient stay together. There
    are no official parts. Credentialed access (PhysioNet): neither pictures nor labels may be
    passed on.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 224, "folds": 5, "epochs": 8}

    def load(self, folder: Path | None) -> Samples:
        folder = given_folder(folder, "brset", _SHEETS[0])
        found = (file_below(folder, squeezed(name)) for name in _SHEETS)
        path = next((path for path in found if path), None)
        if path is None:
            raise DataError(
                f"{folder}: no {_SHEETS[0]} in it: give the folder that holds it and the pictures"
            )
        sheet = read_sheet(path)
        files = PictureFiles.below(folder)
        rows = zip(
            sheet.column("image_id"),
            sheet.column("patient_id"),
            sheet.labels({label: label for label in LABELS}),
            strict=True,
        )
        listed = [
            ListedPicture(name, files.find(name), tags, group=patient)
            for name, patient, tags in rows
        ]
        unknown = sum(not picture.group for picture in listed)
        notes = (
            [f"{unknown} photographs without a patient_id: each stands alone"] if unknown else []
        )
        return listed_samples(
            listed,
            LABELS,
            PROTOCOL,
            folder=folder,
            border=BORDER,
            notes=[*notes, *files.repeats()],
        )
