"""DDR (OIA-DDR): severity grades of many photographs, lesion masks of some."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ltmlbench.plugin import DataError, file_below, folder_below
from ltmlbench_retina.dr_files import listed, masks_in, read_grades
from ltmlbench_retina.dr_source import UNGRADABLE, DrSource, Photograph

_PARTS = {"train": ("train",), "valid": ("valid", "val"), "test": ("test",)}
_LESIONS = ("MA", "HE", "EX", "SE")


class Ddr(DrSource):
    """DDR as unpacked: ``DR_grading`` and ``lesion_segmentation``, either or both.

    Photographs of grade 5 (not gradable) are left out. A lesion counts as looked for in a part
    (train, valid, test) that has masks of it; a photograph without a file there has none of it.
    Patients are not known; photographs of one name (a photograph with masks is often graded too)
    are never parted between training and validation.
    """

    name: ClassVar[str] = "ddr"
    holds: ClassVar[str] = "'DR_grading' or 'lesion_segmentation' with pictures"
    lesions: ClassVar[tuple[str, ...]] = _LESIONS

    def photographs(self, folder: Path) -> Iterator[Photograph]:
        yield from _grading(folder)
        yield from _segmentation(folder)


def _grading(folder: Path) -> Iterator[Photograph]:
    section = folder_below(folder, "drgrading")
    for part, names in _PARTS.items() if section else ():
        images = section and folder_below(section, *names, depth=2)
        sheet = section and next(
            (path for name in names if (path := file_below(section, f"{name}txt", depth=1))), None
        )
        if images and not sheet:
            raise DataError(f"{section}: no {part}.txt with the grades: get it, or remove {images}")
        if sheet:
            grades = read_grades(sheet, None, delimiter=" ", top=UNGRADABLE)
            for name, path in listed(images or sheet.with_suffix(""), grades):
                grade = grades.get(name, -1)
                yield Photograph(f"grading/{part}/{name}", part, path, name, grade)


def _segmentation(folder: Path) -> Iterator[Photograph]:
    section = folder_below(folder, "lesionsegmentation")
    for part, names in _PARTS.items() if section else ():
        here = section and folder_below(section, *names, depth=2)
        images = here and folder_below(here, "image", depth=1)
        if not here or not images:
            continue
        truth = folder_below(here, "label", "segmentationlabel", depth=1)  # the latter in valid
        masks = [
            masks_in(truth and folder_below(truth, code.lower(), depth=1)) for code in _LESIONS
        ]
        for name, path in listed(images, *filter(None, masks)):
            yield Photograph(
                id=f"segmentation/{part}/{name}",
                part=part,
                path=path,
                group=name,
                masks=tuple((of_lesion or {}).get(name) for of_lesion in masks),
                annotated=tuple(of_lesion is not None for of_lesion in masks),
            )
