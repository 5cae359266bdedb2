"""ODIR-5K: photographs of both eyes of patients, with labels per eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from ltmlbench.contracts import Dataset, PublishedRow
from ltmlbench.data.samples import Protocol, Samples
from ltmlbench.errors import DataError, RequestError
from ltmlbench.labels import LabelMatrix
from ltmlbench_retina.keywords import LABELS, has_quality_remark, labels_of
from ltmlbench_retina.pictures import BORDER, PictureReader, damage_notes, unreadable
from ltmlbench_retina.prior import PRIOR_SUBSETS

if TYPE_CHECKING:
    from ltmlbench_retina.odir_sheet import Sheet

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

_PUBLISHED_DROP = frozenset(  # pictures whose background was painted over before release
    ["2174_right", "2175_left", "2176_left", "2177_left", "2177_right", "2178_right"]
    + [f"{n}_{side}" for n in (2179, 2180, 2181, 2182, 2957) for side in ("left", "right")]
)


@dataclass(frozen=True)
class Eye:
    """One row of the data set before its picture is looked at."""

    id: str
    patient: str
    part: str
    file: str
    labels: frozenset[str]
    age: float
    sex: int
    right: bool


class Odir5k(Dataset):
    """ODIR-5K, one sample per eye, eight labels from the eye's own diagnostic keywords.

    Reads the challenge's xlsx with its image folder, Kaggle's ``full_df.csv`` with its folder, and
    OIA-ODIR's three sets (``--folds official`` then tests on the off-site and on-site sets). Eyes
    whose keywords say nothing about the eye, and eyes without a readable picture, are left out, and
    the run says how many.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 224, "epochs": 8, "folds": 5}

    mirror_right: bool = Field(False, description="mirror right eyes, so that all discs lie alike")
    drop_quality: bool = Field(
        False,
        description="leave out every eye with a remark on image quality and 16 painted pictures, "
        "as some published work does",
    )

    def load(self, folder: Path | None) -> Samples:
        from ltmlbench.feeds.pictures.digests import file_checks
        from ltmlbench.store import cache_folder

        sheets, eyes, notes = self._eyes(folder)
        files = [_find_pictures(sheet) for sheet in sheets]
        by_part = {sheet.part: found for sheet, found in zip(sheets, files, strict=True)}
        there = [eye for eye in eyes if eye.file in by_part[eye.part]]
        notes += _missing_note(eyes, there)
        if not there:
            raise DataError(
                f"{folder}: none of the {len(eyes)} pictures the sheet names is there (such as "
                f"{eyes[0].file}): put the image folder beside the sheet"
            )
        paths = [by_part[eye.part][eye.file] for eye in there]
        checks = file_checks(paths, cache_folder())
        notes += damage_notes([eye.file for eye in there], [check.problem for check in checks])
        whole = [i for i, check in enumerate(checks) if not check.problem]
        if not whole:
            raise DataError(f"{folder}: all {len(there)} pictures are damaged: get them again")
        kept = [there[i] for i in whole]
        mirrored = tuple(self.mirror_right and eye.right for eye in kept)
        content = (
            checks[i].digest + (":mirrored" if m else "")
            for i, m in zip(whole, mirrored, strict=True)
        )
        return Samples(
            ids=tuple(eye.id for eye in kept),
            groups=tuple(eye.patient for eye in kept),
            labels=_label_matrix(kept),
            read=PictureReader(tuple(paths[i] for i in whole), mirrored),
            content=tuple(content),
            protocol=PROTOCOL,
            border=BORDER,
            official=tuple(eye.part for eye in kept) if len(sheets) > 1 else None,
            notes=tuple(notes),
            extras={
                "age": np.array([eye.age for eye in kept]),
                "sex": np.array([eye.sex for eye in kept], dtype=np.int8),
            },
        )

    def _eyes(self, folder: Path | None) -> tuple[list[Sheet], list[Eye], list[str]]:
        """Sheets, the eyes that have labels, and notes on what was left out."""
        from ltmlbench_retina.odir_sheet import read_sheets

        if folder is None:
            raise RequestError("odir5k needs its folder: --data-dir /path/to/ODIR-5K")
        sheets = read_sheets(folder)
        several = len(sheets) > 1
        eyes, notes = [], []
        for sheet in sheets:
            found, dropped, odd = [], 0, 0
            for row in sheet.table.to_dict("records"):
                pair = _pair(row, sheet.part, several)
                odd += _disagrees(row, pair)
                for eye, keywords in pair:
                    if self.drop_quality and (
                        has_quality_remark(keywords) or eye.id in _PUBLISHED_DROP
                    ):
                        dropped += 1
                    else:
                        found.append(eye)
            unlabelled = sum(not eye.labels for eye in found)
            where = f"{sheet.path.name}: "
            if dropped:
                notes.append(f"{where}{dropped} eyes left out for image quality (drop_quality)")
            if unlabelled:
                notes.append(
                    f"{where}{unlabelled} eyes left out: their keywords say nothing about the eye"
                )
            if odd:
                notes.append(
                    f"{where}{odd} patients whose N..O columns are not the union of their eyes; "
                    "the keywords are used"
                )
            eyes += [eye for eye in found if eye.labels]
        return sheets, eyes, notes

    def check(self, folder: Path | None) -> list[str]:
        """Problems of a folder; decodes every picture in full."""
        samples = self.load(folder)
        return [*samples.notes, *unreadable(samples.reader, len(samples))]

    def published(self) -> tuple[PublishedRow, ...]:
        from ltmlbench_retina.published import ROWS

        return ROWS

    def remarks(self, run: Mapping[str, Any], samples: Samples) -> list[str]:
        from ltmlbench_retina.published import differences

        return differences(run, samples)


def _pair(row: Mapping[Any, Any], part: str, several: bool) -> list[tuple[Eye, str]]:
    """Both eyes of a patient with their keyword cells."""
    patient = f"{part}/{row['id']}" if several else str(row["id"])
    age = float(row.get("age", float("nan")))
    sex = {"male": 0, "female": 1}.get(str(row.get("sex", "")).strip().lower(), -1)
    pair = []
    for side in ("left", "right"):
        keywords = row[f"{side}_keywords"]
        eye = Eye(
            id=f"{patient}_{side}",
            patient=patient,
            part=part,
            file=Path(row[f"{side}_file"]).name,
            labels=labels_of(keywords),
            age=float("nan") if age <= 1 else age,  # "1" stands for unknown
            sex=sex,
            right=side == "right",
        )
        pair.append((eye, keywords))
    return pair


def _disagrees(row: Mapping[Any, Any], pair: Sequence[tuple[Eye, str]]) -> bool:
    """Whether the official patient columns differ from the union of the eyes' labels; of a patient
    whose keywords are all quality remarks the sheet says N."""
    if not all(label in row for label in LABELS):
        return False
    union = frozenset[str]().union(*(eye.labels for eye, _ in pair))
    official = {label for label in LABELS if row[label] == 1}
    return official != (union - {"N"} or {"N"})


def _label_matrix(eyes: Sequence[Eye]) -> LabelMatrix:
    Y = [[label in eye.labels for label in LABELS] for eye in eyes]
    return LabelMatrix(np.array(Y, dtype=np.uint8), LABELS)


def _find_pictures(sheet: Sheet) -> dict[str, Path]:
    """File name -> path, below the nearest folder above the sheet that holds pictures of it.

    Where a name occurs twice, originals go before pre-processed copies.
    """
    wanted = {Path(name).name for side in ("left", "right") for name in sheet.table[f"{side}_file"]}
    for root in (sheet.path.parent, sheet.path.parent.parent):
        found: dict[str, Path] = {}
        paths = [p for p in root.rglob("*") if p.name in wanted]
        for path in sorted(paths, key=lambda p: ("preprocessed" in str(p), len(p.parts), str(p))):
            found.setdefault(path.name, path)
        if found:
            return found
    return {}


def _missing_note(eyes: Sequence[Eye], there: Sequence[Eye]) -> list[str]:
    if len(there) == len(eyes):
        return []
    patients = {eye.patient for eye in eyes} - {eye.patient for eye in there}
    return [
        f"pictures of {len(eyes) - len(there)} of {len(eyes)} labelled eyes are not in the folder "
        f"({len(patients)} patients have none): the benchmark uses the {len(there)} that are there"
    ]
