"""What the readers of diabetic-retinopathy data (IDRiD, DDR, FGADR, EyePACS, APTOS) share.

Each gives samples with ``extras["grade"]`` (0 to 4, -1 unknown), ``extras["annotated"]`` (which
lesions were looked for) and lesion masks. As data sets of their own, their labels are the grades.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltmlbench.data.samples import Image, Protocol, Samples
from ltmlbench.errors import DataError, RequestError
from ltmlbench.labels import LabelMatrix
from ltmlbench_retina.pictures import BORDER, PictureReader, damage_notes

GRADES = 5
GRADE_NAMES = tuple(f"grade {grade}" for grade in range(GRADES))
_PICTURES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"}


@dataclass(frozen=True)
class Photograph:
    """One photograph as its data set describes it.

    Args:
        group: photographs of one group (a patient) are never parted; of unknown patients, empty.
        part: official part, "train", "valid" or "test".
        grade: 0 to 4; -1 if it was not graded.
        masks: one file per lesion of the data set; None: looked for and not found, or not looked
            for, which ``annotated`` tells.
    """

    id: str
    group: str
    part: str
    path: Path
    grade: int = -1
    masks: tuple[Path | None, ...] = ()
    annotated: tuple[bool, ...] = ()


@dataclass(frozen=True)
class MaskReader:
    """Reads the lesion masks of a row in the geometry of its decoded picture.

    Args:
        threshold: a mask pixel is lesion if its largest channel is above this.
    """

    paths: tuple[Path, ...]
    masks: tuple[tuple[Path | None, ...], ...]
    threshold: int

    def __call__(self, row: int, size: int) -> Image:
        from ltmlbench.data.decode import prepare_mask, read_rgb

        files = self.masks[row]
        layers = np.zeros((size, size, len(files)), dtype=np.uint8)
        if any(files):
            picture = read_rgb(self.paths[row], size)
            for c, file in enumerate(files):
                if file is not None:
                    mask = _read_mask(file, self.threshold)
                    layers[:, :, c] = prepare_mask(mask, picture, size, BORDER)
        return layers


def _read_mask(path: Path, threshold: int) -> npt.NDArray[np.bool_]:
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as file:
            values = np.asarray(file)
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        cause = " ".join(str(error).split())
        raise DataError(f"{path}: {cause}: get the mask again, or remove it") from error
    if values.ndim == 3:
        values = values[:, :, :3].max(axis=2)  # without transparency
    return np.asarray(values.astype(np.int64) > threshold)


def dr_samples(
    photographs: Sequence[Photograph],
    lesions: tuple[str, ...],
    folder: Path,
    *,
    threshold: int = 0,
    notes: Iterable[str] = (),
) -> Samples:
    """The samples of whole photographs; damaged ones are left out with a note.

    Photographs of unknown patients that are the same file are one group.

    Raises:
        DataError: there is none, or all are damaged.
    """
    from ltmlbench.data.digests import file_checks
    from ltmlbench.store import cache_folder

    if not photographs:
        raise DataError(f"{folder}: no photograph with a grade or lesion mask was found")
    checks = file_checks([photograph.path for photograph in photographs], cache_folder())
    damage = damage_notes([p.path.name for p in photographs], [check.problem for check in checks])
    whole = [i for i, check in enumerate(checks) if not check.problem]
    if not whole:
        raise DataError(f"{folder}: all {len(photographs)} pictures are damaged: get them again")
    kept = [photographs[i] for i in whole]
    digests = tuple(checks[i].digest for i in whole)
    grades = np.array([photograph.grade for photograph in kept], dtype=np.int64)
    extras: dict[str, npt.NDArray[np.generic]] = {}
    if (grades >= 0).any():
        extras["grade"] = grades
    if lesions:
        extras["annotated"] = np.array([photograph.annotated for photograph in kept])
    files = tuple(photograph.masks for photograph in kept)
    paths = tuple(photograph.path for photograph in kept)
    return Samples(
        ids=tuple(photograph.id for photograph in kept),
        groups=tuple(p.group or d for p, d in zip(kept, digests, strict=True)),
        labels=LabelMatrix(grades[:, None] == np.arange(GRADES), GRADE_NAMES),
        read=PictureReader(paths),
        content=digests,
        protocol=Protocol(unit="photograph"),
        border=BORDER,
        official=_official(kept),
        notes=(*notes, *damage),
        extras=extras,
        lesions=lesions,
        masks=MaskReader(paths, files, threshold) if lesions else None,
        mask_content=_mask_digests(files) if lesions else (),
    )


def _official(photographs: Sequence[Photograph]) -> tuple[str, ...] | None:
    parts = tuple(photograph.part for photograph in photographs)
    return parts if len(set(parts)) > 1 else None


def _mask_digests(files: Sequence[Sequence[Path | None]]) -> tuple[str, ...]:
    """One text per photograph: the digests of its masks, "-" where there is none."""
    from ltmlbench.data.digests import file_checks
    from ltmlbench.store import cache_folder

    flat = [file for row in files for file in row if file is not None]
    found = iter(file_checks(flat, cache_folder()))
    return tuple(
        " ".join("-" if file is None else next(found).digest for file in row) for row in files
    )


def need_folder(name: str, folder: Path | None) -> Path:
    """The folder, if it is one.

    Raises:
        RequestError: none was given.
        DataError: it is not there.
    """
    if folder is None:
        raise RequestError(f"{name} needs its folder: --source {name}=/path/to/{name}")
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder: --source {name}=DIR names where {name} is")
    return folder


def squeezed(name: str) -> str:
    """A name without what differs between copies: case, blanks, punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def subfolders(folder: Path, depth: int = 3) -> Iterator[Path]:
    """The folder and what is below it, nearest first."""
    level = [folder]
    for _ in range(depth + 1):
        yield from level
        level = [sub for parent in level for sub in sorted(parent.iterdir()) if sub.is_dir()]


def pictures_in(folder: Path) -> dict[str, Path]:
    """Stem -> path of the pictures that lie directly in a folder, sorted."""
    found = (p for p in sorted(folder.iterdir()) if p.suffix.lower() in _PICTURES)
    return {path.stem: path for path in found}
