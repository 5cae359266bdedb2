"""Diagnostic keywords of one eye -> its labels (ODIR-5K).

The sheet's label columns are per patient; copied to both eyes they mislabel one eye in five. This
rule reads each eye's own keywords; the union over the eyes reproduces the patient columns.
"""

from __future__ import annotations

import re

LABELS = ("N", "D", "G", "C", "A", "H", "M", "O")

QUALITY = frozenset(
    {
        "lens dust",
        "low image quality",
        "optic disk photographically invisible",
        "image offset",
        "anterior segment image",
        "no fundus image",
    }
)
"""Remarks on the photograph, not on the eye."""

_RULES = (  # the first that fits decides; hypertensive retinopathy before the diabetic ones
    ("hypertensive retinopathy", "H"),
    ("diabetic retinopathy", "D"),
    ("proliferative retinopathy", "D"),
    ("glaucoma", "G"),
    ("cataract", "C"),
    ("macular degeneration", "A"),
    ("myopi", "M"),
)


def split_keywords(text: str) -> list[str]:
    """The keywords of a cell, in lower case; full-width and ASCII commas separate."""
    return [word for part in re.split("[,，]", text) if (word := " ".join(part.lower().split()))]


def labels_of(text: str) -> frozenset[str]:
    """Labels of an eye from its keyword cell; empty if all keywords are quality remarks."""
    found = {label_of(word) for word in split_keywords(text) if word not in QUALITY}
    return frozenset(found - {"N"} or found)


def label_of(keyword: str) -> str:
    """The label of one keyword that is not a quality remark; what fits no rule is O, other."""
    if keyword == "normal fundus":
        return "N"
    return next((label for pattern, label in _RULES if pattern in keyword), "O")


def has_quality_remark(text: str) -> bool:
    """Whether a cell holds a quality remark."""
    return any(word in QUALITY for word in split_keywords(text))
