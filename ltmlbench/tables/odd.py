"""What looks odd about labels, though it may be right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ltmlbench.tables.words import short

if TYPE_CHECKING:
    from ltmlbench.labels import LabelMatrix

_NONE = re.compile(
    r"(?i)[(\[]?(no[ _-]?(findings?|labels?|tags?|[a-z]+[ _-](listed|given|found|known))"
    r"|normal|none|healthy|wnl|negative|unknown|not[ _-](listed|given|known))[)\]]?"
)


def odd_labels(labels: LabelMatrix) -> list[str]:
    """A label that sums up the others, one that means none, and samples of one label only."""
    notes: list[str] = []
    per_sample = labels.per_sample
    several = int((per_sample > 1).sum())
    alone = int((per_sample == 1).sum())
    if several == 0:
        return ["no sample holds two labels: nothing can be parted"] if alone else []
    none = labels.n_samples - several
    if alone == 0 and none and labels.n_labels > 2:
        notes += [
            f"{labels.names[c]!r} is 1 exactly where another label is: a summary of them? "
            f'--without "{short(labels.names[c])}" leaves it out'
            for c in np.flatnonzero(labels.counts == several).tolist()[:3]
        ]
    sparse: Any = labels.sparse
    for c, name in enumerate(labels.names):
        if _NONE.fullmatch(name.strip()):
            rows = sparse[:, [c]].nonzero()[0]
            if len(rows) and (per_sample[rows] == 1).all():
                notes.append(
                    f"{name!r} never meets another label; if it means none, --without "
                    f'"{short(name)}" leaves it out'
                )
    return notes
