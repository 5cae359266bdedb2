"""CXR-LT 2023 and 2024: labels for the pictures of MIMIC-CXR, in sheets of their official parts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from ltmlbench.plugin import (
    DataError,
    Dataset,
    ListedPicture,
    PictureFiles,
    Protocol,
    Samples,
    Sheet,
    file_below,
    given_folder,
    listed_samples,
    read_sheet,
    squeezed,
    walk,
)

LABELS_2023 = (
    *("Atelectasis", "Calcification of the Aorta", "Cardiomegaly", "Consolidation", "Edema"),
    *("Emphysema", "Enlarged Cardiomediastinum", "Fibrosis", "Fracture", "Hernia", "Infiltration"),
    *("Lung Lesion", "Lung Opacity", "Mass", "No Finding", "Nodule", "Pleural Effusion"),
    *("Pleural Other", "Pleural Thickening", "Pneumomediastinum", "Pneumonia"),
    *("Pneumoperitoneum", "Pneumothorax", "Subcutaneous Emphysema", "Support Devices"),
    "Tortuous Aorta",
)
LABELS_2024 = (
    *("Adenopathy", "Atelectasis", "Azygos Lobe", "Calcification of the Aorta", "Cardiomegaly"),
    *("Clavicle Fracture", "Consolidation", "Edema", "Emphysema", "Enlarged Cardiomediastinum"),
    *("Fibrosis", "Fissure", "Fracture", "Granuloma", "Hernia", "Hydropneumothorax", "Infarction"),
    *("Infiltration", "Kyphosis", "Lobar Atelectasis", "Lung Lesion", "Lung Opacity", "Mass"),
    *("Nodule", "Normal", "Pleural Effusion", "Pleural Other", "Pleural Thickening"),
    *("Pneumomediastinum", "Pneumonia", "Pneumoperitoneum", "Pneumothorax", "Pulmonary Embolism"),
    *("Pulmonary Hypertension", "Rib Fracture", "Round(ed) Atelectasis"),
    *("Subcutaneous Emphysema", "Support Devices", "Tortuous Aorta", "Tuberculosis"),
)
HEALTHY = frozenset({"No Finding", "Normal"})
HEAD, TAIL = 0.1, 0.01
"""Shares of the training pictures from which a label is head, below which it is tail (ours)."""

_PATIENT = re.compile(r"(?:^|[/\\])p(\d{5,})[/\\]")


class CxrLt2023(Dataset):
    """CXR-LT 2023: ``train.csv``, ``development.csv`` and ``test.csv`` (``path`` or ``fpath``, a
    column of 0 and 1 for each of 26 labels), with the pictures of MIMIC-CXR-JPG anywhere below
    the folder.

    A part whose sheet names no labels, as the challenge first gave them out, is not read, with a
    note. Pictures of one patient stay together.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 224, "folds": "official", "epochs": 8}

    def load(self, folder: Path | None) -> Samples:
        sheets = {"train": "train.csv", "val": "development.csv", "test": "test.csv"}
        return _read(folder, "cxr-lt-2023", sheets, LABELS_2023)


class CxrLt2024(Dataset):
    """CXR-LT 2024: ``train_labeled.csv`` and, of one task, ``development_labeled_task1.csv`` and
    ``test_labeled_task1.csv``, 40 labels; ``task=2`` reads those of task 2, whose labels are fewer.

    The third task is of labels that nobody trains on: it is not read. Pictures of one patient stay
    together.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 224, "folds": "official", "epochs": 8}

    task: Literal[1, 2] = Field(1, description="whose development and test sheets")

    @field_validator("task", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return int(value) if isinstance(value, str) and value.isdigit() else value

    def load(self, folder: Path | None) -> Samples:
        sheets = {
            "train": "train_labeled.csv",
            "val": f"development_labeled_task{self.task}.csv",
            "test": f"test_labeled_task{self.task}.csv",
        }
        return _read(folder, "cxr-lt-2024", sheets, LABELS_2024)


def _read(
    folder: Path | None, dataset: str, names: Mapping[str, str], known: Sequence[str]
) -> Samples:
    folder = given_folder(folder, dataset, f"{names['train']} and the pictures")
    notes: list[str] = []
    sheets = _labelled(folder, names, known, notes)
    if "train" not in sheets:
        raise DataError(
            f"{folder}: no {names['train']} with labels in it: give the folder that holds the "
            f"sheets of {dataset} and the pictures"
        )
    labels = [n for n in known if all(n in sheet.heading for sheet in sheets.values())]
    if len(labels) < len(known):
        notes.append(f"{len(labels)} of {len(known)} labels are in all sheets: they are used")
    pictures = PictureFiles(list(walk(folder)))
    columns = {name: name for name in labels}
    listed = [
        ListedPicture(path, pictures.find(path), tags, part, patient)
        for part, sheet in sheets.items()
        for path, patient, tags in zip(
            sheet.column("path", "fpath"), _patients(sheet), sheet.labels(columns), strict=True
        )
    ]
    healthy = tuple(name for name in labels if name in HEALTHY)
    protocol = Protocol(
        unit="picture",
        group_unit="patient",
        group_all=healthy,
        apart=healthy,
        headline=("map", "macro_auc", "macro_f1", "micro_f1"),
        head=HEAD,
        tail=TAIL,
        counted_in="train",
    )
    notes += pictures.repeats()
    return listed_samples(listed, labels, protocol, folder=folder, notes=notes)


def _labelled(
    folder: Path, names: Mapping[str, str], known: Sequence[str], notes: list[str]
) -> dict[str, Sheet]:
    """Part -> its sheet, of the parts whose sheet has labels."""
    found = {}
    for part, name in names.items():
        path = file_below(folder, squeezed(name))
        sheet = None if path is None else read_sheet(path)
        if sheet is None:
            notes += [] if part == "train" else [f"{name} is not in the folder: no part {part!r}"]
        elif any(label in sheet.heading for label in known):
            found[part] = sheet
        else:
            notes.append(f"{name} is not read: it names no labels")
    return found


def _patients(sheet: Sheet) -> list[str]:
    """Patient of every row: its column, else the folder ``p10000032`` in the path."""
    if sheet.has("subject_id"):
        return list(sheet.column("subject_id"))
    found = [_PATIENT.search(path) for path in sheet.column("path", "fpath")]
    return [match[1] if match else "" for match in found]
