"""Which published numbers can hold together: arithmetic on flattened binary decisions.

Of N×C decisions let π be the share of positives (the density), q the share decided positive, and
TP, FP, FN, TN shares of all. Accuracy is a = 1 − FP − FN, chance disagreement d = π + q − 2πq, and
Cohen's kappa κ = 1 − (1 − a)/d. Two printed numbers therefore leave one degree of freedom, π, and
only a range of it is possible. Printed numbers are intervals: 0.911 stands for 0.9105 to 0.9115.

The identities hold for one set of decisions. A mean over labels, or over runs that differ much, is
another number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Floats

Flags = npt.NDArray[np.bool_]

DENSITIES: Floats = np.arange(1, 5000) / 10_000
"""Looked at: positives are the rarer side (0.0001 to 0.4999)."""
_STEPS = 41


class Interval(NamedTuple):
    """The values a printed number can stand for."""

    low: float
    high: float

    def moved(self, by: float) -> Interval:
        """Wider by ``by`` on both sides."""
        return Interval(self.low - by, self.high + by)

    def meets(self, other: Interval) -> bool:
        return self.low <= other.high and other.low <= self.high


class Point(NamedTuple):
    """What accuracy, kappa and density say of the decisions, at the middle of their intervals."""

    decided: float
    recall: float
    precision: float
    fall_out: float


def accuracy_fits(kappa: Interval, accuracy: Interval, densities: Floats = DENSITIES) -> Flags:
    """Per density: whether decisions exist with this kappa and this accuracy.

    With e = 1 − accuracy, counts are not negative if |π − q| ≤ e ≤ min(π + q, 2 − π − q); kappa
    ties q to e. All bounds on q are linear in e, so each pair of a lower and an upper one allows a
    half-line of e, and what is left of the printed interval decides.
    """
    pi = densities
    zero, one, wide = np.zeros_like(pi), np.ones_like(pi), 1 - 2 * pi
    least, most = (1 / (1 - min(bound, 1 - 1e-9)) for bound in kappa)
    lower = [(zero, zero), (-one, pi), (one, -pi), (least / wide, -pi / wide)]
    upper = [(zero, one), (one, pi), (-one, 2 - pi), (most / wide, -pi / wide)]
    low, high = np.full(len(pi), 1 - accuracy.high), np.full(len(pi), 1 - accuracy.low)
    fits = np.ones(len(pi), dtype=bool)
    for slope_low, offset_low in lower:
        for slope_high, offset_high in upper:
            slope, gap = slope_low - slope_high, offset_high - offset_low  # slope · e ≤ gap
            flat = np.abs(slope) < 1e-12
            at = gap / np.where(flat, 1, slope)
            fits &= ~flat | (gap >= -1e-12)
            high = np.where(~flat & (slope > 0), np.minimum(high, at), high)
            low = np.where(~flat & (slope < 0), np.maximum(low, at), low)
    return fits & (low <= high + 1e-12)


def f1_fits(kappa: Interval, f1: Interval, densities: Floats = DENSITIES) -> Flags:
    """Per density: whether decisions exist with this kappa and this F1 of the positive class.

    F1 = 2TP/(π + q) and kappa give q = gπ/(2π − g) with g = (F1 − κ)/(1 − κ). Looked at for 41
    values of F1 in its interval.
    """
    pi, fits = densities, np.zeros(len(densities), dtype=bool)
    for value in np.linspace(max(f1.low, 1e-9), min(f1.high, 1), _STEPS):
        ratio = value / (2 - value)  # TP ≤ π and TP ≤ q: q/π is at least this, at most its inverse
        least, most = pi * ratio, np.minimum(pi / ratio, 1)
        least, most = least, np.minimum(most, (1 - pi * (1 - value / 2)) / (1 - value / 2))
        low = _decided(value, kappa.high, pi)
        fits |= (low <= most) & (_decided(value, kappa.low, pi) >= least)
    return fits


def _decided(f1: float, kappa: float, pi: Floats) -> Floats:
    """q from F1 and kappa; infinite where no q is large enough."""
    g = (f1 - min(kappa, 1 - 1e-9)) / (1 - min(kappa, 1 - 1e-9))
    room = 2 * pi - g
    q: Floats = np.where(room > 0, g * pi / np.where(room > 0, room, 1), np.inf)
    return q


def span(fits: Flags, over: Floats = DENSITIES) -> Interval | None:
    """From the lowest to the highest value that fits; None if none does."""
    return Interval(float(over[fits][0]), float(over[fits][-1])) if fits.any() else None


def kappa_range(accuracy: Interval, density: float) -> Interval | None:
    """The kappas that are possible with an accuracy at a density; None if there is none.

    Both ends are where all errors are of one kind, or all positives are missed.
    """
    found = []
    for e in (1 - accuracy.high, 1 - accuracy.low):
        least = max(0.0, density - e, e - density)
        most = min(1.0, density + e, 2 - e - density)
        for q in (least, most):
            chance = density + q - 2 * density * q
            if least <= most and chance > 0:
                found.append(1 - e / chance)
    return Interval(min(found), max(found)) if found else None


def point(kappa: Interval, accuracy: Interval, density: float) -> Point:
    """Recall, precision and so on that accuracy and kappa mean at a density."""
    a, k = sum(accuracy) / 2, sum(kappa) / 2
    q = ((1 - a) / (1 - k) - density) / (1 - 2 * density)
    hits = (a - 1 + density + q) / 2
    return Point(
        q,
        hits / density,
        hits / q if q > 0 else float("nan"),
        (q - hits) / (1 - density),
    )


def auc_bounds(at: Point) -> Interval:
    """The areas that a ROC curve through one point can have: a step below it, a step above it."""
    return Interval(at.recall * (1 - at.fall_out), 1 - at.fall_out * (1 - at.recall))
