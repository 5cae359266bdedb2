"""IDRiD, the Indian Diabetic Retinopathy Image Dataset: lesion masks and severity grades."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ltmlbench.plugin import DataError, folder_below, squeezed, subfolders
from ltmlbench_retina.dr_files import listed, masks_in, read_grades
from ltmlbench_retina.dr_source import DrSource, Photograph

LESIONS = {
    "MA": "microaneurysms",
    "HE": "haemorrhages",
    "EX": "hardexudates",
    "SE": "softexudates",
    "OD": "opticdisc",
}
_PARTS = {"train": "atrainingset", "test": "btestingset"}
_COLUMNS = ("Image name", "Retinopathy grade")


class Idrid(DrSource):
    """IDRiD as unpacked: ``A. Segmentation`` and ``B. Disease Grading``, either or both, also with
    the folder doubled by unzipping.

    A lesion counts as looked for in a part (training, testing) that has masks of it; a photograph
    without a file there has none of it. The grading part starts its test names again at 001, so
    names are kept apart by part. Photographs that stand in both A and B as the same file are never
    parted between training and validation.
    """

    name: ClassVar[str] = "idrid"
    holds: ClassVar[str] = "'A. Segmentation' or 'B. Disease Grading' with pictures"
    lesions: ClassVar[tuple[str, ...]] = tuple(LESIONS)

    def photographs(self, folder: Path) -> Iterator[Photograph]:
        yield from _segmentation(folder)
        yield from _grading(folder)


def _segmentation(folder: Path) -> Iterator[Photograph]:
    section = _section(folder, "asegmentation")
    truths = section and folder_below(section, "2allsegmentationgroundtruths", depth=2)
    for part, images in _parts(section):
        truth = truths and folder_below(truths, _PARTS[part], depth=2)
        masks = [
            masks_in(truth and _lesion_folder(truth, ending), f"_{code}")
            for code, ending in LESIONS.items()
        ]
        for name, path in listed(images, *filter(None, masks)):
            yield Photograph(
                id=f"A/{part}/{name}",
                part=part,
                path=path,
                masks=tuple((of_lesion or {}).get(name) for of_lesion in masks),
                annotated=tuple(of_lesion is not None for of_lesion in masks),
            )


def _lesion_folder(truth: Path, ending: str) -> Path | None:
    """Its name is numbered, such as "3. Hard Exudates"."""
    return next((sub for sub in subfolders(truth, 1) if squeezed(sub.name).endswith(ending)), None)


def _grading(folder: Path) -> Iterator[Photograph]:
    section = _section(folder, "bdiseasegrading")
    truths = section and folder_below(section, "2groundtruths", depth=2)
    for part, images in _parts(section):
        letter = _PARTS[part][0]
        sheets = sorted(truths.glob(f"{letter}*.csv")) if truths else []
        if not sheets:
            raise DataError(
                f"{section}: no sheet of grades such as '2. Groundtruths/{letter}. IDRiD_Disease "
                "Grading_... Labels.csv': get it, or remove the pictures"
            )
        grades = read_grades(sheets[0], _COLUMNS)
        for name, path in listed(images, grades):
            yield Photograph(f"B/{part}/{name}", part, path, grade=grades.get(name, -1))


def _section(folder: Path, wanted: str) -> Path | None:
    """The folder of A or B that holds the original images; doubled ones are looked through."""
    for sub in subfolders(folder):
        if squeezed(sub.name) == wanted and folder_below(sub, "1originalimages", depth=1):
            return sub
    return None


def _parts(section: Path | None) -> Iterator[tuple[str, Path]]:
    """Training and testing, with the folders of their pictures."""
    images = section and folder_below(section, "1originalimages", depth=2)
    for part, wanted in _PARTS.items() if images else ():
        folder = images and folder_below(images, wanted, depth=2)
        if folder:
            yield part, folder
