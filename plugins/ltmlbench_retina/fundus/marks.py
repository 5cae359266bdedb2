"""Shapes on the retina and what they are painted with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ltmlbench_retina.fundus.raster import Points


@dataclass(frozen=True)
class Paint:
    """What covered pixels become: ``picture * tint + glow`` (red, green, blue)."""

    tint: tuple[float, float, float]
    glow: tuple[float, float, float] = (0.0, 0.0, 0.0)


BLOOD = Paint((0.54, 0.24, 0.22))
CAPILLARY = Paint((0.66, 0.30, 0.30))
EXUDATE = Paint((0.25, 0.25, 0.30), (0.74, 0.64, 0.30))
COTTON = Paint((0.45, 0.45, 0.45), (0.50, 0.48, 0.40))
DRUSEN = Paint((0.50, 0.50, 0.50), (0.51, 0.39, 0.17))
ATROPHY = Paint((0.45, 0.55, 0.50), (0.56, 0.42, 0.24))
SCLERA = Paint((0.35, 0.35, 0.35), (0.60, 0.53, 0.38))
PIGMENT = Paint((0.36, 0.30, 0.30))
SLATE = Paint((0.50, 0.62, 0.78), (0.0, 0.01, 0.03))
SHEEN = Paint((0.85, 0.90, 0.95), (0.16, 0.18, 0.18))
THINNED = Paint((0.88, 0.78, 0.80))
SHADOW = Paint((0.45, 0.45, 0.45))


@dataclass(frozen=True)
class Marks:
    """Shapes of one kind.

    Args:
        structure: the mask they belong to; empty: none.
        shapes: closed outlines, or open paths where ``width`` is above 0; each k×2.
        softness: width of their edges in eye units.
        depth: ``"deep"`` below the vessels, ``"surface"`` above, ``"media"`` in front of all.
    """

    structure: str
    shapes: tuple[Points, ...]
    paint: Paint
    opacity: float
    softness: float = 0.006
    depth: str = "surface"
    width: float = 0.0


def blobs(
    rng: np.random.Generator,
    centres: Points,
    radii: npt.NDArray[np.float64],
    *,
    aspect: float = 1.0,
    angle: npt.ArrayLike = 0.0,
    roughness: float = 0.12,
) -> tuple[Points, ...]:
    """n uneven ellipses round ``centres`` (n×2): ``radii`` (n) long, ``aspect`` times as wide,
    the long axis at ``angle`` (radians)."""
    n = len(centres)
    phi = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    waves = np.arange(2, 6)[:, None]
    phase = rng.uniform(0, 2 * np.pi, (n, len(waves), 1))
    size = rng.normal(scale=2 * roughness, size=(n, len(waves), 1)) / waves
    r = radii[:, None] * (1 + (size * np.cos(waves * phi + phase)).sum(axis=1)).clip(0.4, 1.8)
    along, across = r * np.cos(phi), aspect * r * np.sin(phi)
    turn = np.broadcast_to(angle, n)[:, None]
    x = along * np.cos(turn) - across * np.sin(turn)
    y = along * np.sin(turn) + across * np.cos(turn)
    return tuple(centres[:, None] + np.stack([x, y], axis=2))


def directions(angle: npt.NDArray[np.float64]) -> Points:
    """Unit vectors, … × 2."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def strands(
    rng: np.random.Generator, starts: Points, *, knots: int, step: float, curl: float
) -> tuple[Points, ...]:
    """Random walks from ``starts`` (n×2): ``knots`` steps of length ``step`` that turn by
    ``curl`` radians (standard deviation) each."""
    n = len(starts)
    turns = rng.normal(scale=curl, size=(n, knots))
    heading = rng.uniform(0, 2 * np.pi, (n, 1)) + np.cumsum(turns, axis=1)
    return tuple(starts[:, None] + np.cumsum(step * directions(heading), axis=1))
