"""From the rows of ODIR-5K's sheets, one per patient, to eyes with labels of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ltmlbench_retina.keywords import LABELS, cell_problem, has_quality_remark, labels_of
from ltmlbench_retina.odir_pictures import file_name
from ltmlbench_retina.odir_sheet import Sheet
from ltmlbench_retina.odir_table import first

_PUBLISHED_DROP = frozenset(  # pictures whose background was painted over before release
    ["2174_right", "2175_left", "2176_left", "2177_left", "2177_right", "2178_right"]
    + [f"{n}_{side}" for n in (2179, 2180, 2181, 2182, 2957) for side in ("left", "right")]
)
_SEX = {"male": 0.0, "m": 0.0, "female": 1.0, "f": 1.0}


@dataclass(frozen=True)
class Eye:
    """One row of the data set before its picture is looked at."""

    id: str
    patient: str
    part: str
    file: str
    keywords: str
    age: float
    sex: float
    right: bool

    @property
    def labels(self) -> frozenset[str]:
        return labels_of(self.keywords)

    @property
    def spoiled(self) -> bool:
        """Whether published work that drops eyes for image quality drops this one."""
        return has_quality_remark(self.keywords) or self.id in _PUBLISHED_DROP


def labelled_eyes(sheets: Sequence[Sheet], *, drop_quality: bool) -> tuple[list[Eye], list[str]]:
    """The eyes that have labels, and notes on those that were left out and why."""
    eyes: list[Eye] = []
    notes: list[str] = []
    for sheet in sheets:
        notes += sheet.notes
        rows = sheet.table.to_dict("records")
        pairs = [_pair(row, sheet.part, len(sheets) > 1) for row in rows]
        found = [eye for pair in pairs for eye in pair]
        if drop_quality:
            kept = [eye for eye in found if not eye.spoiled]
            if len(kept) < len(found):
                number = len(found) - len(kept)
                notes.append(
                    f"{sheet.path.name}: {number} eyes left out for image quality (drop_quality)"
                )
            found = kept
        notes += (f"{sheet.path.name}: {note}" for note in _left_out(found))
        odd = [pair[0].patient for row, pair in zip(rows, pairs, strict=True) if _odd(row, pair)]
        if odd:
            notes.append(
                f"{sheet.path.name}: {len(odd)} patients whose N..O columns are not the union of "
                f"their eyes ({first(odd)}); the keywords are used"
            )
        eyes += [eye for eye in found if eye.labels]
    return eyes, notes


def _pair(row: Mapping[Any, Any], part: str, several: bool) -> tuple[Eye, Eye]:
    """Left and right eye of a patient."""
    patient = f"{part}/{row['id']}" if several else str(row["id"])
    age = float(row.get("age", math.nan))
    left, right = (
        Eye(
            id=f"{patient}_{side}",
            patient=patient,
            part=part,
            file=file_name(row[f"{side}_file"]),
            keywords=row[f"{side}_keywords"],
            age=math.nan if age <= 1 else age,  # "1" stands for unknown
            sex=_SEX.get(str(row.get("sex", "")).lower(), math.nan),
            right=side == "right",
        )
        for side in ("left", "right")
    )
    return left, right


def _left_out(eyes: Sequence[Eye]) -> Iterator[str]:
    causes: dict[str, list[str]] = {}
    for eye in eyes:
        if not eye.labels:
            cause = cell_problem(eye.keywords) or "their keywords say nothing about the eye"
            causes.setdefault(cause, []).append(eye.id)
    for cause, ids in causes.items():
        yield f"{len(ids)} eyes left out: {cause} ({first(ids)})"


def _odd(row: Mapping[Any, Any], pair: Sequence[Eye]) -> bool:
    """Whether the official patient columns differ from the union of the eyes' labels; of a patient
    whose keywords are all quality remarks the sheet says N."""
    if not all(label in row for label in LABELS):
        return False
    union = frozenset[str]().union(*(eye.labels for eye in pair))
    official = {label for label in LABELS if row[label] == 1}
    return official != (union - {"N"} or {"N"})
