"""Who has what: labels of the two eyes of simulated patients, as frequent as in ODIR-5K."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt

LABELS = ("N", "D", "G", "C", "A", "H", "M", "O")
SIDES = ("left", "right")

RENDER_VERSION = 1
"""Raise it whenever a picture would change: it is part of every picture's digest."""

EYES: Mapping[str, int] = {
    **{"N": 2956, "D": 1397, "O": 787, "C": 285, "M": 240, "A": 234, "G": 227, "H": 105},
    **{"DO": 228, "DH": 67, "DG": 29, "GO": 28, "DA": 17, "GA": 14, "DC": 13},
    **{"DM": 7, "GM": 7, "GH": 7, "CO": 7, "AO": 7, "HO": 7, "AH": 7, "MO": 8},
    **{"DGO": 4, "DCO": 2},
}
"""Eyes of ODIR-5K by their set of labels, 6690 in all. Label counts, numbers of eyes with one, two
and three labels and the seven frequent pairs are those of its per-eye labels; how its 57 rarer
pairs and 6 triples divide is ours."""

PATIENTS: Mapping[str, int] = {
    **{"N": 1080, "D": 1105, "G": 206, "C": 208},
    **{"A": 163, "H": 103, "M": 171, "O": 905},
}
"""ODIR-5K patients by label, 3358 in all: the union of two eyes; N: both eyes are normal."""

SYMMETRIC = (3358 - 1234) / 3358
"""Share of patients whose eyes have the same labels."""

GRADES = (0.30, 0.56, 0.10, 0.04)
"""Shares of the grades 1 to 4 (mild to proliferative) among eyes with retinopathy (ours)."""


@dataclass(frozen=True)
class EyeSpec:
    """All that decides a picture: every random number of an eye follows from it.

    Args:
        labels: the eye's labels, e.g. ``"DO"``.
        grade: 0 to 4, diabetic retinopathy; above 0 exactly where ``labels`` has D.
        visibility: how strongly findings stand out; 1 is as drawn, 0 invisible.
    """

    seed: int
    patient: int
    side: str
    labels: str
    grade: int
    visibility: float = 1.0

    @property
    def digest(self) -> str:
        """sha256 of the generator's version and the specification."""
        return hashlib.sha256(repr((RENDER_VERSION, astuple(self))).encode()).hexdigest()

    def rng(self, purpose: str, *, shared: bool = False) -> np.random.Generator:
        """The random stream of one purpose, of this eye or ``shared`` by both eyes of the patient.

        It does not depend on the labels: an eye and its healthy twin have the same anatomy.
        """
        side = len(SIDES) if shared else SIDES.index(self.side)
        return np.random.default_rng((self.seed, self.patient, side, *purpose.encode()))


def draw_population(patients: int, seed: int, visibility: float = 1.0) -> tuple[EyeSpec, ...]:
    """Left and right eye of each patient, patient by patient.

    Nothing is left to chance that a small sample would distort: label sets, patients with equal
    eyes and grades are apportioned by largest remainders to `EYES`, `PATIENTS`, `SYMMETRIC` and
    `GRADES`; which eyes meet in an unequal patient, and the order of patients, are random.
    """
    rng = np.random.default_rng((seed, *b"population"))
    eyes = apportion(EYES, 2 * patients)
    equal = apportion(_equal_patients(), round(SYMMETRIC * patients))
    equal = {labels: min(n, eyes[labels] // 2) for labels, n in equal.items()}
    pairs = [(labels, labels) for labels, n in equal.items() for _ in range(n)]
    pairs += _unequal_pairs({labels: n - 2 * equal[labels] for labels, n in eyes.items()}, rng)
    labels = np.array(pairs)[rng.permutation(patients)]
    labels = rng.permuted(labels, axis=1).ravel()
    grades = _grades(np.char.find(labels, "D") >= 0, rng)
    return tuple(
        EyeSpec(seed, row // 2, SIDES[row % 2], str(labels[row]), int(grades[row]), visibility)
        for row in range(2 * patients)
    )


def apportion(weights: Mapping[str, float], total: int) -> dict[str, int]:
    """Whole numbers proportional to the weights that add up to ``total`` (largest remainders)."""
    quotas = np.array(list(weights.values()), dtype=float)
    quotas *= total / quotas.sum()
    shares = np.floor(quotas).astype(int)
    shares[np.argsort(shares - quotas, kind="stable")[: total - shares.sum()]] += 1
    return dict(zip(weights, shares.tolist(), strict=True))


def _equal_patients() -> dict[str, float]:
    """Weights of the label sets among patients with equal eyes.

    A label is bilateral in (eyes − patients) of its patients; a set's weight is its number of eyes
    times the product of its labels' bilateral shares, scaled so that diseases and N make up
    `SYMMETRIC`.
    """
    counts = {c: sum(n for labels, n in EYES.items() if c in labels) for c in LABELS}
    bilateral = {c: 2 * (counts[c] - PATIENTS[c]) / counts[c] for c in LABELS}
    weights = {s: n * np.prod([bilateral[c] for c in s]) for s, n in EYES.items() if s != "N"}
    diseased = SYMMETRIC * sum(EYES.values()) / 2 - PATIENTS["N"]
    scale = diseased / sum(weights.values())
    return {"N": PATIENTS["N"], **{s: float(w * scale) for s, w in weights.items()}}


def _unequal_pairs(eyes: Mapping[str, int], rng: np.random.Generator) -> list[tuple[str, str]]:
    """Random pairs of different label sets; equal ones remain only where nothing else is left."""
    pool = rng.permutation([labels for labels, n in eyes.items() for _ in range(n)]).tolist()
    pairs = list(zip(pool[::2], pool[1::2], strict=True))
    for i, (a, b) in enumerate(pairs):
        if a == b:
            j = next((j for j, pair in enumerate(pairs) if a not in pair), i)
            other, another = pairs[j]
            pairs[i], pairs[j] = (a, other), (another, b)
    return pairs


def _grades(diabetic: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Grades of 2P eyes, alike in the two eyes of a patient; 0 without retinopathy."""
    severity = np.repeat(rng.normal(size=len(diabetic) // 2), 2)
    severity += rng.normal(scale=0.5, size=len(diabetic))
    rows = np.flatnonzero(diabetic)
    numbers = apportion({str(g): share for g, share in enumerate(GRADES, 1)}, len(rows))
    grades = np.zeros(len(diabetic), dtype=np.int8)
    grades[rows[np.argsort(severity[rows])]] = np.repeat([1, 2, 3, 4], list(numbers.values()))
    return grades
