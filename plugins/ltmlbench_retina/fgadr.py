"""FGADR (Seg-set): lesion masks and severity grade of the same photographs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ltmlbench.plugin import DataError, file_below, folder_below, squeezed, subfolders
from ltmlbench_retina.dr_files import listed, masks_in, read_grades
from ltmlbench_retina.dr_source import DrSource, Photograph

_LESIONS = {  # how the names of the folders start; one is spelt Hemohedge_Masks
    "MA": "microaneurysm",
    "HE": "hemo",
    "EX": "hardexudate",
    "SE": "softexudate",
    "IRMA": "irma",
    "NV": "neovascularization",
}


class Fgadr(DrSource):
    """FGADR's Seg-set as unpacked: ``Original_Images``, a folder of masks for each lesion, and
    ``DR_Seg_Grading_Label.csv``.

    A lesion counts as looked for in a photograph that has a mask file of it, even an empty one:
    the four common lesions have a file for every photograph, so a missing one says that the copy
    is not complete; for IRMA and NV, with files of few photographs, nobody says what a missing file
    means. The masks' edges are smooth: half and more is lesion. Patients are not known (``_1``,
    ``_2``, ``_3`` in a name is the batch).
    """

    name: ClassVar[str] = "fgadr"
    holds: ClassVar[str] = "'Original_Images' of the Seg-set"
    lesions: ClassVar[tuple[str, ...]] = tuple(_LESIONS)
    threshold: ClassVar[int] = 127

    def photographs(self, folder: Path) -> Iterator[Photograph]:
        images = folder_below(folder, "originalimages")
        if images is None:
            return
        sheet = file_below(images.parent, "drseggradinglabelcsv", depth=1)
        if sheet is None:
            raise DataError(f"{images.parent}: no DR_Seg_Grading_Label.csv with the grades: get it")
        grades = read_grades(sheet, None)
        masks = [masks_in(_masks_folder(images.parent, start)) or {} for start in _LESIONS.values()]
        for name, path in listed(images, grades, *masks):
            files = tuple(of_lesion.get(name) for of_lesion in masks)
            yield Photograph(
                id=name,
                part="train",
                path=path,
                grade=grades.get(name, -1),
                masks=files,
                annotated=tuple(file is not None for file in files),
            )


def _masks_folder(root: Path, start: str) -> Path | None:
    return next((sub for sub in subfolders(root, 1) if squeezed(sub.name).startswith(start)), None)
