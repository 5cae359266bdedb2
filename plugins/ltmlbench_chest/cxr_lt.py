"""CXR-LT 2026: the training part, whose patient ids a spreadsheet may have spoiled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ltmlbench.plugin import (
    DataError,
    Dataset,
    ListedPicture,
    PictureFiles,
    Protocol,
    Samples,
    file_below,
    given_folder,
    listed_samples,
    printable,
    read_sheet,
    squeezed,
    walk,
)

PROTOCOL = Protocol(
    unit="picture",
    group_unit="patient",
    head=1000,
    tail=100,
)
"""Head and tail as NIH-CXR-LT parts them (ours: the challenge scores all 30 labels alike)."""

_SHEET = "CXRLT_2026_training.csv"
_REMOVAL = "Removal.csv"
_IDS = ("imageid", "studydatedicom", "patientid", "unnamed0", "")
_ROUNDED = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")


class CxrLt2026(Dataset):
    """CXR-LT 2026: ``CXRLT_2026_training.csv`` (``ImageID, StudyDate_DICOM, PatientID`` and a
    column of 0 and 1 per label) with the pictures anywhere below the folder. What ``Removal.csv``
    names is dropped first. The test files name no labels, so there are no official parts here.

    A spreadsheet turned many patient ids into rounded numbers ("1.90E+38"). All pictures with one
    rounded number are one group: it may hold several patients, but none is parted.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 224, "folds": 5, "epochs": 8}

    def load(self, folder: Path | None) -> Samples:
        folder = given_folder(folder, "cxr-lt-2026", _SHEET)
        path = file_below(folder, squeezed(_SHEET))
        if path is None:
            raise DataError(
                f"{folder}: no {_SHEET} in it: give the folder that holds it, {_REMOVAL} and the "
                "pictures"
            )
        sheet = read_sheet(path)
        notes: list[str] = []
        removed = _removed(folder, notes)
        names = sheet.column("ImageID")
        keep = [Path(name).stem not in removed for name in names]
        if not all(keep):
            notes.append(f"{len(keep) - sum(keep)} pictures left out: {_REMOVAL} names them")
        sheet = sheet.take(keep)
        labels = [name for name in sheet.heading if squeezed(name) not in _IDS]
        patients = sheet.column("PatientID")
        notes += _spoiled(patients)
        files = list(walk(folder))
        notes += _unread(files)
        pictures = PictureFiles(files)
        listed = [
            ListedPicture(name, pictures.find(name), tags, group=patient)
            for name, patient, tags in zip(
                sheet.column("ImageID"),
                patients,
                sheet.labels({name: name for name in labels}),
                strict=True,
            )
        ]
        protocol = PROTOCOL
        if "Normal" in labels:
            protocol = protocol.model_copy(update={"group_all": ("Normal",), "apart": ("Normal",)})
        notes += pictures.repeats()
        return listed_samples(listed, labels, protocol, folder=folder, notes=notes)


def _removed(folder: Path, notes: list[str]) -> set[str]:
    """Names without suffix of the pictures to drop."""
    path = file_below(folder, squeezed(_REMOVAL))
    if path is None:
        notes.append(f"{_REMOVAL} is not in the folder: the pictures it names are not left out")
        return set()
    return {Path(name).stem for name in read_sheet(path).column("ImageID", "image_id", "id")}


def _spoiled(patients: Sequence[str]) -> list[str]:
    """A note if ids are rounded numbers or missing."""
    notes = []
    rounded = [patient for patient in patients if _ROUNDED.fullmatch(patient)]
    if rounded:
        notes.append(
            f"{len(rounded)} of {len(patients)} pictures have a PatientID that a spreadsheet "
            f"rounded (such as {printable(rounded[0])}): they are no patients but "
            f"{len(set(rounded))} groups of perhaps several; none is parted, but scores per "
            "patient mean nothing. Take the ids from PadChest's own table, read as text"
        )
    empty = sum(not patient for patient in patients)
    if empty:
        notes.append(f"{empty} pictures without a PatientID: each stands alone")
    return notes


def _unread(files: Sequence[Path]) -> list[str]:
    tests = [
        path.name
        for path in files
        if path.suffix.lower() == ".csv" and squeezed(path.name).startswith("cxrlt2026test")
    ]
    return [f"{name} is not read: it names no labels" for name in map(printable, tests)]
