"""IDRiD, the Indian Diabetic Retinopathy Image Dataset: lesion masks and severity grades."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from ltmlbench.contracts import Dataset
from ltmlbench.data.samples import Samples
from ltmlbench.errors import DataError
from ltmlbench_retina.dr_source import (
    GRADES,
    Photograph,
    dr_samples,
    need_folder,
    pictures_in,
    squeezed,
    subfolders,
)

LESIONS = {
    "MA": "microaneurysms",
    "HE": "haemorrhages",
    "EX": "hardexudates",
    "SE": "softexudates",
    "OD": "opticdisc",
}
_PARTS = {"train": "atrainingset", "test": "btestingset"}


class Idrid(Dataset):
    """IDRiD as unpacked: ``A. Segmentation`` and ``B. Disease Grading``, either or both, also with
    the folder doubled by unzipping.

    A lesion counts as looked for in a part (training, testing) whose masks of it have a folder; a
    photograph without a file there has none of it. The grading part starts its test names again at
    001, so names are kept apart by part. Photographs that stand in both A and B as the same file
    are never parted between training and validation.
    """

    def load(self, folder: Path | None) -> Samples:
        folder = need_folder("idrid", folder)
        found = [*_segmentation(folder), *_grading(folder)]
        if not found:
            raise DataError(
                f"{folder}: neither 'A. Segmentation' nor 'B. Disease Grading' with pictures of "
                "IDRiD below it: give the folder it was unpacked into"
            )
        return dr_samples(found, tuple(LESIONS), folder)


def _segmentation(folder: Path) -> Iterator[Photograph]:
    section = _section(folder, "asegmentation")
    truths = section and _below(section, "2allsegmentationgroundtruths")
    for part, pictures in _parts(section):
        truth = truths and _below(truths, _PARTS[part])
        found = {code: truth and _masks(truth, name, code) for code, name in LESIONS.items()}
        for stem, path in pictures.items():
            yield Photograph(
                id=f"A/{part}/{stem}",
                group="",
                part=part,
                path=path,
                masks=tuple((found[code] or {}).get(stem) for code in LESIONS),
                annotated=tuple(found[code] is not None for code in LESIONS),
            )


def _masks(truth: Path, name: str, code: str) -> dict[str, Path] | None:
    """Picture stem -> mask of one lesion; None if that lesion has no folder."""
    folder = next((sub for sub in subfolders(truth, 1) if squeezed(sub.name).endswith(name)), None)
    if folder is None:
        return None
    return {stem.removesuffix(f"_{code}"): path for stem, path in pictures_in(folder).items()}


def _grading(folder: Path) -> Iterator[Photograph]:
    section = _section(folder, "bdiseasegrading")
    truths = section and _below(section, "2groundtruths")
    for part, pictures in _parts(section):
        letter = _PARTS[part][0]
        sheets = sorted(truths.glob(f"{letter}*.csv")) if truths else []
        if not sheets:
            raise DataError(
                f"{section}: no sheet of grades such as '2. Groundtruths/{letter}. IDRiD_Disease "
                "Grading_... Labels.csv': get it, or remove the pictures"
            )
        grades = _grades(sheets[0])
        for stem, path in pictures.items():
            if stem in grades:
                yield Photograph(
                    id=f"B/{part}/{stem}",
                    group="",
                    part=part,
                    path=path,
                    grade=grades[stem],
                    masks=(None,) * len(LESIONS),
                    annotated=(False,) * len(LESIONS),
                )


def _grades(sheet: Path) -> dict[str, int]:
    with open(sheet, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    header = [squeezed(cell) for cell in rows[0]] if rows else []
    if "imagename" not in header or "retinopathygrade" not in header:
        raise DataError(f"{sheet}: columns 'Image name' and 'Retinopathy grade' are needed")
    name, grade = header.index("imagename"), header.index("retinopathygrade")
    found: dict[str, int] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= grade or row[grade].strip() not in map(str, range(GRADES)):
            raise DataError(f"{sheet}, line {number}: a grade from 0 to 4 is needed")
        found[Path(row[name].strip()).stem] = int(row[grade])
    return found


def _section(folder: Path, wanted: str) -> Path | None:
    """The folder of A or B that holds the original images; doubled ones are looked through."""
    for sub in subfolders(folder, 3):
        if squeezed(sub.name) == wanted and _below(sub, "1originalimages", depth=1):
            return sub
    return None


def _below(folder: Path, wanted: str, depth: int = 2) -> Path | None:
    return next((sub for sub in subfolders(folder, depth) if squeezed(sub.name) == wanted), None)


def _parts(section: Path | None) -> Iterator[tuple[str, dict[str, Path]]]:
    images = section and _below(section, "1originalimages")
    for part, wanted in _PARTS.items() if images else ():
        folder = images and _below(images, wanted)
        if folder:
            yield part, pictures_in(folder)
