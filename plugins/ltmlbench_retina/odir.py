"""ODIR-5K: photographs of both eyes of patients, with labels per eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ltmlbench.plugin import (
    Covariate,
    DataError,
    Dataset,
    LabelMatrix,
    PictureReader,
    Protocol,
    PublishedRow,
    RequestError,
    Samples,
    damage_notes,
    printable,
)
from ltmlbench_retina.keywords import LABELS, split_keywords
from ltmlbench_retina.odir_table import first
from ltmlbench_retina.pictures import BORDER, THREADS, WHOLE
from ltmlbench_retina.prior import PRIOR_SUBSETS

if TYPE_CHECKING:
    from ltmlbench_retina.odir_eyes import Eye

PROTOCOL = Protocol(
    unit="eye",
    group_unit="patient",
    group_all=("N",),
    apart=("N", "O"),
    prior_subsets=PRIOR_SUBSETS,
    headline=("odir_kappa", "odir_f1_micro", "odir_auc", "odir_final", "map", "macro_auc"),
    head=0.1,
    tail=0.035,
)
"""Head and tail are shares of the eyes, set where ODIR's counts have gaps (ours)."""


class Odir5k(Dataset):
    """ODIR-5K, one sample per eye, eight labels from the eye's own diagnostic keywords.

    Reads the challenge's xlsx with its image folder, Kaggle's ``full_df.csv`` with its folder, and
    OIA-ODIR's three sets (``--folds official`` then tests on the off-site and on-site sets). Eyes
    whose keywords say nothing about the eye, and eyes without a readable picture, are left out, and
    the run says how many. Age, sex and keywords are covariates; the keywords tell the labels.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 224, "epochs": 8, "folds": 5}

    mirror_right: bool = Field(False, description="mirror right eyes, so that all discs lie alike")
    drop_quality: bool = Field(
        False,
        description="leave out every eye with a remark on image quality and 16 painted pictures, "
        "as some published work does",
    )

    drop_duplicates: bool = Field(
        False,
        description="of pictures that are the same file, byte for byte, keep the first alone",
    )

    def load(self, folder: Path | None) -> Samples:
        from ltmlbench_retina.odir_eyes import labelled_eyes
        from ltmlbench_retina.odir_pictures import find_pictures
        from ltmlbench_retina.odir_sheet import files_below, read_sheets

        if folder is None:
            raise RequestError("odir5k needs its folder: --data-dir /path/to/ODIR-5K")
        files = files_below(folder)
        sheets = read_sheets(folder, files)
        eyes, notes = labelled_eyes(sheets, drop_quality=self.drop_quality)
        if not eyes:
            raise DataError(
                f"{folder}: no eye of the sheet has labels: {notes[-1] if notes else 'no keywords'}"
            )
        paths: dict[tuple[str, str], Path] = {}
        for sheet in sheets:
            found, told = find_pictures(sheet, folder, files)
            paths |= {(sheet.part, name): path for name, path in found.items()}
            notes += told
        there = [eye for eye in eyes if (eye.part, eye.file) in paths]
        notes += _missing_note(eyes, there)
        if not there:
            raise DataError(
                f"{folder}: none of the {len(eyes)} pictures the sheet names is there (such as "
                f"{printable(eyes[0].file)}): put the image folder beside the sheet"
            )
        kept = _whole(there, [paths[eye.part, eye.file] for eye in there], notes)
        if not kept:
            raise DataError(f"{folder}: all {len(there)} pictures are damaged: get them again")
        if self.drop_duplicates:
            kept = _without_repeats(kept, notes)
        return self._samples(kept, notes, several=len(sheets) > 1)

    def _samples(self, kept: Sequence[_Picture], notes: Sequence[str], *, several: bool) -> Samples:
        eyes = [picture.eye for picture in kept]
        mirrored = tuple(self.mirror_right and eye.right for eye in eyes)
        turned = (":mirrored" if m else "" for m in mirrored)
        return Samples(
            ids=tuple(eye.id for eye in eyes),
            groups=tuple(eye.patient for eye in eyes),
            labels=_label_matrix(eyes),
            read=PictureReader(tuple(picture.path for picture in kept), mirrored),
            content=tuple(p.digest + how for p, how in zip(kept, turned, strict=True)),
            protocol=PROTOCOL,
            border=BORDER,
            official=tuple(eye.part for eye in eyes) if several else None,
            notes=tuple(notes),
            covariates={
                "age": Covariate(np.array([eye.age for eye in eyes])),
                "sex": Covariate(np.array([eye.sex for eye in eyes])),
                "keywords": Covariate(_bag([eye.keywords for eye in eyes]), oracle=True),
            },
        )

    def check(self, folder: Path | None) -> list[str]:
        """Problems of a folder; decodes every picture in full."""
        from ltmlbench.plugin import problems

        return problems(self.load(folder), WHOLE, threads=THREADS)

    def published(self) -> tuple[PublishedRow, ...]:
        from ltmlbench_retina.published import ROWS

        return ROWS

    def remarks(self, run: Mapping[str, Any], samples: Samples) -> list[str]:
        from ltmlbench_retina.published import differences

        return differences(run, samples)


@dataclass(frozen=True)
class _Picture:
    """An eye whose picture is a whole file."""

    eye: Eye
    path: Path
    digest: str


def _whole(eyes: Sequence[Eye], paths: Sequence[Path], notes: list[str]) -> list[_Picture]:
    from ltmlbench.plugin import cache_folder, file_checks

    checks = file_checks(paths, cache_folder())
    notes += damage_notes([eye.file for eye in eyes], [check.problem for check in checks])
    return [
        _Picture(eye, path, check.digest)
        for eye, path, check in zip(eyes, paths, checks, strict=True)
        if not check.problem
    ]


def _without_repeats(pictures: Sequence[_Picture], notes: list[str]) -> list[_Picture]:
    first_of: dict[str, _Picture] = {}
    for picture in pictures:
        first_of.setdefault(picture.digest, picture)
    kept = list(first_of.values())
    repeats = [p.eye.id for p in pictures if first_of[p.digest] is not p]
    if repeats:
        notes.append(
            f"{len(repeats)} eyes left out: their pictures are the same files as others "
            f"({first(repeats)}; drop_duplicates)"
        )
    return kept


def _label_matrix(eyes: Sequence[Eye]) -> LabelMatrix:
    Y = [[label in eye.labels for label in LABELS] for eye in eyes]
    return LabelMatrix(np.array(Y, dtype=np.uint8), LABELS)


def _bag(cells: Sequence[str]) -> npt.NDArray[np.float64]:
    """N×K: 1 where an eye has one of the K keywords there are. The labels follow from them."""
    words = [split_keywords(cell) for cell in cells]
    column = {word: k for k, word in enumerate(sorted(set().union(*words)))}
    bag = np.zeros((len(cells), len(column)))
    for row, found in enumerate(words):
        bag[row, [column[word] for word in found]] = 1
    return bag


def _missing_note(eyes: Sequence[Eye], there: Sequence[Eye]) -> list[str]:
    if len(there) == len(eyes):
        return []
    patients = {eye.patient for eye in eyes} - {eye.patient for eye in there}
    used = {eye.id for eye in there}
    missing = [printable(eye.file) for eye in eyes if eye.id not in used]
    return [
        f"pictures of {len(eyes) - len(there)} of {len(eyes)} labelled eyes are not in the folder "
        f"({first(missing)}; {len(patients)} patients have none): the benchmark uses the "
        f"{len(there)} that are there"
    ]
