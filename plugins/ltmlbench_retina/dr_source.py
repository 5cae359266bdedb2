"""What the readers of diabetic-retinopathy data (IDRiD, DDR, FGADR, EyePACS, APTOS) share.

Each gives samples with ``extras["grade"]`` (0 to 4, -1 unknown), ``extras["annotated"]`` (which
lesions were looked for) and lesion masks. As data sets of their own, their labels are the grades.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import (
    DataError,
    Dataset,
    LabelMatrix,
    PictureReader,
    Protocol,
    RequestError,
    Samples,
    damage_notes,
)
from ltmlbench_retina.dr_masks import MaskReader
from ltmlbench_retina.pictures import BORDER, THREADS, WHOLE

GRADES = 5
GRADE_NAMES = tuple(f"grade {grade}" for grade in range(GRADES))
UNGRADABLE = 5


@dataclass(frozen=True)
class Photograph:
    """One photograph as its data set describes it.

    Args:
        part: official part, "train", "valid" or "test".
        path: does not exist if sheets or masks name the photograph and it is not in the folder.
        group: photographs of one group (a patient) are never parted; of unknown patients, empty.
        grade: 0 to 4; 5 if it is too bad to be graded; -1 if it was not graded.
        masks: one file per lesion of the data set; None: looked for and not found, or not looked
            for, which ``annotated`` tells.
    """

    id: str
    part: str
    path: Path
    group: str = ""
    grade: int = -1
    masks: tuple[Path | None, ...] = ()
    annotated: tuple[bool, ...] = ()


class DrSource(Dataset):
    """A data set of diabetic retinopathy: subclass it and say which photographs a folder has."""

    name: ClassVar[str]
    holds: ClassVar[str]
    """What a folder of it has to hold, for whoever gave another one."""
    lesions: ClassVar[tuple[str, ...]] = ()
    threshold: ClassVar[int] = 0
    """A mask pixel is lesion if its largest channel is above this."""

    @abstractmethod
    def photographs(self, folder: Path) -> Iterator[Photograph]:
        """All photographs that the pictures, sheets and masks below a folder speak of."""

    def load(self, folder: Path | None) -> Samples:
        if folder is None:
            raise RequestError(
                f"{self.name} needs its folder: --data-dir DIR, or --source {self.name}=DIR to "
                "pre-train on it"
            )
        folder = folder.absolute()  # "." has no name to compare
        if not folder.is_dir():
            raise DataError(f"{folder} is no folder: give the one that holds {self.holds}")
        found = [_filled(photograph, len(self.lesions)) for photograph in self.photographs(folder)]
        if not found:
            raise DataError(f"{folder}: no {self.holds} is in it: not the folder of {self.name}")
        notes: list[str] = []
        return _samples(self, _whole(_useful(found, folder, notes), folder, notes), notes)

    def check(self, folder: Path | None) -> list[str]:
        """Problems of a folder; decodes every picture and mask in full."""
        from ltmlbench.plugin import problems

        samples = self.load(folder)
        found = problems(samples, WHOLE, threads=THREADS)
        if isinstance(samples.masks, MaskReader):
            found += samples.masks.misfits()
        return found


def _filled(photograph: Photograph, n_lesions: int) -> Photograph:
    """With a mask and an annotation for every lesion, also where its reader gave none."""
    masks = photograph.masks or (None,) * n_lesions
    return replace(photograph, masks=masks, annotated=photograph.annotated or (False,) * n_lesions)


def _useful(found: Sequence[Photograph], folder: Path, notes: list[str]) -> list[Photograph]:
    """The photographs that are there and of which something is known."""
    there = [photograph for photograph in found if photograph.path.is_file()]
    missing = [photograph.path.name for photograph in found if not photograph.path.is_file()]
    if not there:
        raise DataError(
            f"{folder}: none of the {len(missing)} pictures that its sheets or masks name is there "
            f"(such as {missing[0]})"
        )
    if missing:
        notes.append(
            f"{len(missing)} of {len(found)} pictures that sheets or masks name are not in the "
            f"folder (such as {missing[0]}): the {len(there)} that are there are used"
        )
    gradable = [photograph for photograph in there if photograph.grade != UNGRADABLE]
    if len(gradable) < len(there):
        notes.append(
            f"{len(there) - len(gradable)} pictures left out: grade {UNGRADABLE}, not gradable"
        )
    known = [photograph for photograph in gradable if _is_known(photograph)]
    if not known:
        raise DataError(f"{folder}: none of its {len(there)} pictures has a grade or lesion mask")
    if len(known) < len(gradable):
        other = next(photograph for photograph in gradable if not _is_known(photograph))
        notes.append(
            f"{len(gradable) - len(known)} pictures left out: no grade and no lesion mask "
            f"(such as {other.path.name})"
        )
    return known


def _is_known(photograph: Photograph) -> bool:
    return photograph.grade >= 0 or any(photograph.annotated)


@dataclass(frozen=True)
class _Checked:
    """A photograph whose files are whole, with the digests of its picture and of its masks."""

    photograph: Photograph
    picture: str
    masks: str


def _whole(found: Sequence[Photograph], folder: Path, notes: list[str]) -> list[_Checked]:
    """The photographs whose picture and masks are whole files.

    A damaged mask costs the photograph: without it, its lesions would count as absent.
    """
    from ltmlbench.plugin import cache_folder, file_checks

    cache = cache_folder()
    pictures = file_checks([photograph.path for photograph in found], cache)
    masks = iter(file_checks([mask for p in found for mask in p.masks if mask], cache))
    whole, damaged, problems = [], [], []
    for photograph, picture in zip(found, pictures, strict=True):
        checks = [next(masks) if mask else None for mask in photograph.masks]
        bad = [
            (file.name, f"damaged mask ({check.problem})")
            for file, check in zip(photograph.masks, checks, strict=True)
            if file and check and check.problem
        ]
        if picture.problem:
            bad.insert(0, (photograph.path.name, picture.problem))
        if bad:
            damaged.append(bad[0][0])
            problems.append(bad[0][1])
            continue
        digests = " ".join(check.digest if check else "-" for check in checks)
        whole.append(_Checked(photograph, picture.digest, digests))
    notes += damage_notes(damaged, problems)
    if not whole:
        raise DataError(f"{folder}: all {len(found)} pictures are damaged: get them again")
    return whole


def _samples(source: DrSource, found: Sequence[_Checked], notes: Sequence[str]) -> Samples:
    """Photographs of unknown patients that are the same file are one group."""
    kept = [checked.photograph for checked in found]
    grades = np.array([photograph.grade for photograph in kept], dtype=np.int64)
    extras: dict[str, npt.NDArray[np.generic]] = {}
    if (grades >= 0).any():
        extras["grade"] = grades
    if source.lesions:
        extras["annotated"] = np.array([photograph.annotated for photograph in kept])
    paths = tuple(photograph.path for photograph in kept)
    masks = tuple(photograph.masks for photograph in kept)
    parts = tuple(photograph.part for photograph in kept)
    return Samples(
        ids=tuple(photograph.id for photograph in kept),
        groups=tuple(checked.photograph.group or checked.picture for checked in found),
        labels=LabelMatrix(grades[:, None] == np.arange(GRADES), GRADE_NAMES),
        read=PictureReader(paths),
        content=tuple(checked.picture for checked in found),
        protocol=Protocol(unit="photograph"),
        border=BORDER,
        official=parts if len(set(parts)) > 1 else None,
        notes=tuple(notes),
        extras=extras,
        structures=source.lesions,
        masks=MaskReader(paths, masks, source.threshold) if source.lesions else None,
        mask_content=tuple(checked.masks for checked in found) if source.lesions else (),
    )
