"""NIH ChestX-ray14 with its own labels or those of PruneCXR and NIH-CXR-LT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

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
    printable,
    read_sheet,
    refuse_unless_regular,
    squeezed,
    walk,
)

LABELS = (
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural_Thickening",
    "Hernia",
)
NONE = "No Finding"
HEAD, TAIL = 1000, 100
"""Positive training pictures of head and tail labels, as NIH-CXR-LT parts them; for the 14 labels
they are ours."""

_TABLES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
_LISTS = {"train": "train_val_list.txt", "test": "test_list.txt"}
_ENDINGS = {"prunecxr": "labels_{part}.csv", "nih-lt": "single-label_{part}.csv"}
_STARTS = {"prunecxr": "miccai2023nihcxrlt", "nih-lt": "nih"}
_PARTS = ("train", "val", "test", "balanced-val", "balanced-test")


class NihChestXray(Dataset):
    """NIH ChestX-ray14: ``Data_Entry_2017.csv`` (or ``_v2020``) with ``train_val_list.txt`` and
    ``test_list.txt``, pictures anywhere below the folder (``images_001/images`` and so on).

    "No Finding" is no label but all labels 0. ``nih-cxr[labels=prunecxr]`` reads
    ``miccai2023_nih-cxr-lt_labels_{train,val,test}.csv`` instead, ``nih-cxr[labels=nih-lt]`` the
    ``..._single-label_{train,...}.csv``: 20 columns each, "No Finding" among them. Pictures of one
    patient stay together, and all pictures are used, not one per patient.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 224, "folds": "official", "epochs": 8}

    labels: Literal["nih", "prunecxr", "nih-lt"] = Field("nih", description="whose labels")

    def load(self, folder: Path | None) -> Samples:
        folder = given_folder(folder, "nih-cxr", "the label files and the pictures")
        files = list(walk(folder))
        pictures = PictureFiles(files)
        notes: list[str] = []
        if self.labels == "nih":
            names: Sequence[str] = LABELS
            listed = _from_table(folder, pictures, notes)
        else:
            names, listed = _from_parts(folder, files, self.labels, pictures)
        protocol = Protocol(
            unit="picture",
            group_unit="patient",
            group_all=tuple(name for name in (NONE,) if name in names),
            apart=tuple(name for name in (NONE,) if name in names),
            headline=("macro_auc", "map", "micro_f1", "macro_f1"),
            head=HEAD,
            tail=TAIL,
            counted_in="train",
        )
        notes += pictures.repeats()
        return listed_samples(listed, names, protocol, folder=folder, notes=notes)


def _from_table(folder: Path, pictures: PictureFiles, notes: list[str]) -> list[ListedPicture]:
    path = next((p for p in (file_below(folder, squeezed(n)) for n in _TABLES) if p), None)
    if path is None:
        raise DataError(
            f"{folder}: no {' or '.join(_TABLES)} in it: give the folder that holds it, its lists "
            "and the pictures; other label files are read with nih-cxr[labels=prunecxr] or "
            "nih-cxr[labels=nih-lt]"
        )
    sheet = read_sheet(path)
    names = sheet.column("Image Index")
    part_of = _official(folder, notes)
    listed = [
        ListedPicture(name, pictures.find(name), tags, part_of.get(name, ""), patient)
        for name, tags, patient in zip(
            names, _findings(sheet), sheet.column("Patient ID"), strict=True
        )
    ]
    if part_of:
        outside = [picture for picture in listed if not picture.part]
        listed = [picture for picture in listed if picture.part]
        if outside:
            notes.append(
                f"{len(outside)} pictures left out: they are in neither official list (such as "
                f"{printable(outside[0].id)})"
            )
    return listed


def _findings(sheet: Sheet) -> list[tuple[str, ...]]:
    found = []
    for line, cell in zip(sheet.lines, sheet.column("Finding Labels"), strict=True):
        tags = [tag.strip() for tag in cell.split("|")]
        unknown = [tag for tag in tags if tag not in LABELS and tag != NONE]
        if unknown or (NONE in tags and len(tags) > 1):
            raise DataError(
                f"{sheet.path}, line {line}: {printable(cell)!r} is no list of findings with | "
                "between them"
            )
        found.append(tuple(tag for tag in tags if tag != NONE))
    return found


def _official(folder: Path, notes: list[str]) -> dict[str, str]:
    """Picture -> official part, of both lists; empty without them."""
    paths = {part: file_below(folder, squeezed(name)) for part, name in _LISTS.items()}
    missing = [_LISTS[part] for part, path in paths.items() if path is None]
    if missing:
        notes.append(
            f"official parts: none, {' and '.join(missing)} not in the folder: give --folds K"
        )
        return {}
    part_of: dict[str, str] = {}
    for part, path in paths.items():
        for name in _words(path) if path else ():
            if part_of.setdefault(name, part) != part:
                raise DataError(f"{path}: {printable(name)} is in the other list too")
    return part_of


def _words(path: Path) -> list[str]:
    try:
        refuse_unless_regular(path)
        return path.read_text(encoding="utf-8-sig").split()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}): get the file again") from error


def _from_parts(
    folder: Path, files: Sequence[Path], kind: str, pictures: PictureFiles
) -> tuple[list[str], list[ListedPicture]]:
    """Labels and pictures of one sheet per part."""
    sheets = {}
    for part in _PARTS:
        ending = squeezed(_ENDINGS[kind].format(part=part))
        named = ((squeezed(path.name), path) for path in files)
        found = [p for name, p in named if name.startswith(_STARTS[kind]) and name.endswith(ending)]
        if found:
            sheets[part] = read_sheet(min(found, key=lambda path: (len(path.parts), str(path))))
    if "train" not in sheets or len(sheets) < 2:
        raise DataError(
            f"{folder}: no {_ENDINGS[kind].format(part='train')} with one of another part in it: "
            f"give the folder that holds the files of labels={kind} and the pictures"
        )
    labels = [
        name
        for name in sheets["train"].heading
        if name and squeezed(name) not in ("id", "subjid", "unnamed0")
    ]
    columns = {name: name for name in labels}
    listed = []
    for part, sheet in sheets.items():
        names = sheet.column("id")
        patients = sheet.column("subj_id") if sheet.has("subj_id") else map(_patient, names)
        for name, patient, tags in zip(names, patients, sheet.labels(columns), strict=True):
            path = pictures.find(name)
            listed.append(ListedPicture(f"{part}/{name}", path, tags, part, patient))
    return labels, listed


def _patient(name: str) -> str:
    """The number before ``_`` in a picture's name is the patient."""
    return str(int(number)) if (number := name.partition("_")[0]).isdecimal() else number
