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

_SEPARATORS = r"[,，;；、|\n\r\t]"
_RULES = (  # the first that fits decides; hypertensive retinopathy before the diabetic ones
    ("hypertensive retinopathy", "H"),
    ("diabetic retinopathy", "D"),
    ("proliferative retinopathy", "D"),
    ("glaucoma", "G"),
    ("cataract", "C"),
    ("macular degeneration", "A"),
    ("myopi", "M"),
)


_NOTHING = frozenset({"nan", "none", "null", "na", "n/a", "unknown"})
"""What tools write into empty cells."""


def split_keywords(text: str) -> list[str]:
    """The keywords of a cell, in lower case; full-width and ASCII commas separate (copies of the
    sheet also use semicolons, bars and line breaks). What has no letter is no keyword."""
    words = (" ".join(part.lower().split()).strip(" .") for part in re.split(_SEPARATORS, text))
    return [word for word in words if any(map(str.isalpha, word)) and word not in _NOTHING]


def cell_problem(text: str) -> str:
    """Why no labels can be read from a keyword cell; empty if they can. Anything unknown would
    count as O, other: a formula or a keyword in Chinese must not."""
    if text.startswith(("=", "#")):
        return "a formula or an error stands in place of the keywords"
    words = split_keywords(text)
    if not words:
        return "no keywords"
    if not all(word.isascii() for word in words):
        return "keywords that are not in English, or in a damaged encoding"
    return ""


def labels_of(text: str) -> frozenset[str]:
    """Labels of an eye from its keyword cell; empty if all keywords are quality remarks, or none
    can be read."""
    if cell_problem(text):
        return frozenset()
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
