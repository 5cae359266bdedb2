"""RFMiD 1 and 2: photographs with many rare findings, in three official parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ltmlbench.plugin import (
    DataError,
    ListedPicture,
    PictureFiles,
    Protocol,
    Samples,
    Sheet,
    given_folder,
    listed_samples,
    printable,
    read_sheet,
    squeezed,
    walk,
)
from ltmlbench_retina.pictures import BORDER, Photographs

PROTOCOL = Protocol(unit="photograph", counted_in="train")
"""Nobody hands out which photographs are of one patient. Head from 100 and tail below 20 positive
training photographs, as for VOC-MLT: the papers of RFMiD name no thresholds (ours)."""

_PARTS = {"train": "train", "valid": "val", "evaluation": "val", "test": "test"}
"""What names of files and folders hold, and the part it means."""


class _RfMid(Photographs):
    """What both share: a sheet per part, pictures named by numbers that start again in each."""

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 224, "folds": "official", "epochs": 8}
    name: ClassVar[str]
    sheets: ClassVar[Mapping[str, str]]
    """Part -> its sheet as the data set calls it."""
    encodings: ClassVar[Sequence[str]] = ("utf-8-sig",)
    normal: ClassVar[str]
    """The column that says whether anything was found; it is no label."""
    normal_is: ClassVar[str]
    """What it holds where nothing was found."""
    spelt: ClassVar[Mapping[str, str]] = {}
    """Heading, misspelt -> label."""

    def load(self, folder: Path | None) -> Samples:
        folder = given_folder(folder, self.name, self.sheets["train"])
        files = list(walk(folder))
        sheets = self._sheets(folder, files)
        notes: list[str] = []
        columns = {part: self._columns(sheet) for part, sheet in sheets.items()}
        labels = list(
            dict.fromkeys(label for found in columns.values() for label in found.values())
        )
        listed = [
            picture
            for part, sheet in sheets.items()
            for picture in self._listed(part, sheet, columns[part], files, folder, notes)
        ]
        notes += _absent(labels, columns)
        missing = [name for part, name in self.sheets.items() if part not in sheets]
        notes += [f"{name} is not in the folder: its part is left out" for name in missing]
        return listed_samples(listed, labels, PROTOCOL, folder=folder, border=BORDER, notes=notes)

    def _sheets(self, folder: Path, files: Sequence[Path]) -> dict[str, Sheet]:
        """The sheets that are there, by part; names may begin with ``a. ``."""
        found: dict[str, Sheet] = {}
        for part, name in self.sheets.items():
            wanted = squeezed(name)
            paths = [path for path in files if squeezed(path.name).endswith(wanted)]
            if paths:
                first = min(paths, key=lambda path: (len(path.parts), str(path)))
                found[part] = read_sheet(first, encodings=self.encodings)
        if "train" not in found:
            raise DataError(
                f"{folder}: no {self.sheets['train']} in it: give the folder that holds the three "
                "sheets and the pictures"
            )
        return found

    def _columns(self, sheet: Sheet) -> dict[str, str]:
        """Heading -> label. Headings without a name are none."""
        columns = {}
        for heading in sheet.heading:
            label = heading.replace("\ufffd", "").strip()
            label = self.spelt.get(label, label)
            if label and squeezed(label) not in ("id", squeezed(self.normal)):
                columns[heading] = label
        return {name: label for name, label in columns.items() if not label.startswith("Unnamed")}

    def _listed(
        self,
        part: str,
        sheet: Sheet,
        columns: Mapping[str, str],
        files: Sequence[Path],
        folder: Path,
        notes: list[str],
    ) -> Iterator[ListedPicture]:
        pictures = PictureFiles(path for path in files if _part(path, folder) == part)
        tags = sheet.labels(columns)
        names = sheet.column("ID")
        for name, found in zip(names, tags, strict=True):
            yield ListedPicture(f"{part}/{name}", pictures.find(name), found, part)
        notes += pictures.repeats()
        if sheet.has(self.normal):
            notes += self._contradictions(part, names, tags, sheet.column(self.normal))

    def _contradictions(
        self,
        part: str,
        names: Sequence[str],
        tags: Sequence[Sequence[str]],
        said: Sequence[str],
    ) -> list[str]:
        odd = [
            name
            for name, found, cell in zip(names, tags, said, strict=True)
            if bool(found) == (cell == self.normal_is)
        ]
        if not odd:
            return []
        return [
            f"{len(odd)} {part} photographs whose {self.normal} disagrees with the findings (such "
            f"as {printable(odd[0])}): the findings count"
        ]


def _part(path: Path, folder: Path) -> str:
    """The part that the nearest telling folder names; empty if none does."""
    for name in reversed(path.relative_to(folder).parts[:-1]):
        for word, part in _PARTS.items():
            if word in name.lower():
                return part
    return ""


def _absent(labels: Sequence[str], columns: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A note per part whose sheet lacks columns that others have."""
    notes = []
    for part, found in columns.items():
        missing = [label for label in labels if label not in found.values()]
        if missing:
            notes.append(f"{part}: no column {', '.join(map(printable, missing))}: counted as 0")
    return notes


class RfMid(_RfMid):
    """RFMiD: 3,200 photographs, 45 findings, with a very long tail.

    Reads ``Training_Set``, ``Evaluation_Set`` and ``Test_Set`` as on the challenge's page and
    ``1. Original Images`` with ``2. Groundtruths``. Whoever has no finding is normal, with all
    labels 0; ``Disease_Risk`` is no label. Patients are not known, so they cannot be kept together.
    """

    name: ClassVar[str] = "rfmid"
    sheets: ClassVar[Mapping[str, str]] = {
        "train": "RFMiD_Training_Labels.csv",
        "val": "RFMiD_Validation_Labels.csv",
        "test": "RFMiD_Testing_Labels.csv",
    }
    normal: ClassVar[str] = "Disease_Risk"
    normal_is: ClassVar[str] = "0"


class RfMid2(_RfMid):
    """RFMiD 2.0: about 860 photographs, a sheet per part, in Latin-1.

    Whoever has no finding is normal, with all labels 0; ``WNL`` (within normal limits) is no label.
    Patients are not known, so they cannot be kept together.
    """

    name: ClassVar[str] = "rfmid2"
    sheets: ClassVar[Mapping[str, str]] = {
        "train": "RFMiD_2_Training_labels.csv",
        "val": "RFMiD_2_Validation_labels.csv",
        "test": "RFMiD_2_Testing_labels.csv",
    }
    encodings: ClassVar[Sequence[str]] = ("utf-8-sig", "latin-1")
    normal: ClassVar[str] = "WNL"
    normal_is: ClassVar[str] = "1"
    spelt: ClassVar[Mapping[str, str]] = {"OPDM": "ODPM"}
