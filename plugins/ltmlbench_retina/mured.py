"""MuReD: photographs of several public sets under 20 labels."""

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

_SHEETS = {"train": "train_data.csv", "val": "val_data.csv"}

SHARED = (
    "MuReD holds photographs of RFMiD, ARIA and STARE: whatever was trained on one of these has "
    "seen some of its test photographs, under other file names"
)


class MuReD(Photographs):
    """MuReD: ``train_data.csv`` and ``val_data.csv`` with ``ID`` and a column of 0 and 1 per label,
    pictures (png, tif) anywhere below the folder.

    It holds pictures of RFMiD, ARIA and STARE: do not pre-train on one and test on the other; the
    notes say so in every result. Patients are not known, so they cannot be kept together.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 224, "folds": "official", "epochs": 8}

    def load(self, folder: Path | None) -> Samples:
        folder = given_folder(folder, "mured", "train_data.csv")
        paths = {part: file_below(folder, squeezed(name)) for part, name in _SHEETS.items()}
        missing = [_SHEETS[part] for part, path in paths.items() if path is None]
        if missing:
            raise DataError(
                f"{folder}: no {' and no '.join(missing)} in it: give the folder that holds "
                "train_data.csv, val_data.csv and the pictures"
            )
        sheets = {part: read_sheet(path) for part, path in paths.items() if path}
        labels = [name for name in sheets["train"].heading if name and squeezed(name) != "id"]
        files = PictureFiles.below(folder)
        listed = [
            ListedPicture(f"{part}/{name}", files.find(name), tags, part)
            for part, sheet in sheets.items()
            for name, tags in zip(
                sheet.column("ID"), sheet.labels({name: name for name in labels}), strict=True
            )
        ]
        protocol = Protocol(
            unit="photograph",
            apart=tuple(name for name in ("NORMAL", "OTHER") if name in labels),
            counted_in="train",
        )
        return listed_samples(
            listed,
            labels,
            protocol,
            folder=folder,
            border=BORDER,
            notes=[*files.repeats(), SHARED],
        )
