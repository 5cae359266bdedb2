"""The vascular tree: arcades round the macula, nasal trunks, two orders of branches (ours)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ltmlbench_retina.fundus.raster import Points

Floats = npt.NDArray[np.float64]
KNOTS = 28
"""Points along a vessel."""
AVASCULAR = 0.11
"""Radius of the foveal zone without vessels."""


@dataclass(frozen=True)
class Vessels:
    """n vessels: ``paths`` n×k×2, ``widths`` n×k (0 where a vessel has ended), ``artery`` n."""

    paths: Points
    widths: Floats
    artery: npt.NDArray[np.bool_]

    def of(self, artery: bool) -> Vessels:
        rows = self.artery == artery
        return Vessels(self.paths[rows], self.widths[rows], self.artery[rows])

    def __add__(self, other: Vessels) -> Vessels:
        return Vessels(
            np.concatenate([self.paths, other.paths]),
            np.concatenate([self.widths, other.widths]),
            np.concatenate([self.artery, other.artery]),
        )


def grow(rng: np.random.Generator, disc: Points, fovea: Points) -> Vessels:
    """The tree of one eye: trunks leave the disc, branches leave trunks at sharp angles."""
    trunks = _trunks(rng, disc)
    branches = _branch(rng, trunks, 6, first=7, length=(0.22, 0.62))
    twigs = _branch(rng, branches, 2, first=4, length=(0.10, 0.26))
    tree = trunks + branches + twigs + _macular(rng, disc)
    away = np.linalg.norm(tree.paths - fovea, axis=2)
    alive = np.logical_and.accumulate(away > AVASCULAR, axis=1)
    return Vessels(tree.paths, tree.widths * alive, tree.artery)


def choroid(rng: np.random.Generator) -> Vessels:
    """Choroidal vessels: broad, crowded, fanning out from the posterior pole."""
    n, knots = 170, 14
    angle = rng.uniform(0, 2 * np.pi, n)
    radial = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    start = radial * np.sqrt(rng.uniform(0.01, 0.9, n))[:, None]
    heading = (angle + rng.normal(scale=0.45, size=n))[:, None] + np.zeros(knots)
    paths = _walk(rng, start, heading, rng.uniform(0.3, 0.8, n), 0.22)
    widths = rng.uniform(0.010, 0.034, (n, 1)) * np.ones(knots)
    return Vessels(paths, widths, np.zeros(n, dtype=bool))


def _trunks(rng: np.random.Generator, disc: Points) -> Vessels:
    """An artery and a vein in each quadrant. Temporal ones start upright and bend round the
    macula; nasal ones fan out."""
    artery, up, temporal = (
        a.ravel() for a in np.meshgrid([True, False], [1.0, -1.0], [True, False], indexing="ij")
    )
    n = len(artery)
    t = np.linspace(0, 1, KNOTS)
    start = np.where(temporal, rng.uniform(1.45, 1.85, n), rng.uniform(0.6, 1.25, n))
    start += np.where(artery, -0.12, 0.12)
    power = np.where(temporal, rng.uniform(1.7, 2.5, n), 1.0)
    ease = (1 - t) ** power[:, None]
    angle = start[:, None] * np.where(temporal[:, None], ease, 0.55 + 0.45 * ease)
    angle -= np.where(temporal, rng.uniform(0, 0.25, n), 0.0)[:, None] * t
    outward = np.where(temporal, -1.0, 1.0)[:, None]
    heading = np.arctan2(-up[:, None] * np.sin(angle), outward * np.cos(angle))
    length = np.where(temporal, rng.uniform(1.4, 1.65, n), rng.uniform(0.6, 0.9, n))
    width = np.where(artery, 0.0155, 0.0215) * np.where(temporal, 1.0, 0.72)
    widths = width[:, None] * np.linspace(1, 0.4, KNOTS)
    origin = disc + rng.normal(scale=0.012, size=(n, 2))
    return Vessels(_walk(rng, origin, heading, length, 0.12), widths, artery)


def _macular(rng: np.random.Generator, disc: Points) -> Vessels:
    """Small vessels from the temporal rim of the disc towards the macula."""
    n = 5
    angle = np.linspace(-0.75, 0.75, n) + rng.normal(scale=0.08, size=n)
    side = np.stack([-np.cos(angle), np.sin(angle)], axis=1)
    turn = -0.7 * angle[:, None] * np.linspace(0, 1, KNOTS)
    heading = np.arctan2(side[:, 1], side[:, 0])[:, None] + turn
    widths = np.full((n, 1), 0.006) * np.linspace(1, 0.4, KNOTS)
    paths = _walk(rng, disc + 0.10 * side, heading, rng.uniform(0.3, 0.6, n), 0.2)
    return Vessels(paths, widths, np.arange(n) % 2 == 0)


def _branch(
    rng: np.random.Generator, parents: Vessels, each: int, first: int, length: tuple[float, float]
) -> Vessels:
    """``each`` children per vessel from its knot ``first`` on, to alternating sides, bending back
    along their parent."""
    n = len(parents.paths) * each
    parent = np.repeat(np.arange(len(parents.paths)), each)
    place = (np.tile(np.arange(each), len(parents.paths)) + rng.uniform(0.1, 0.9, n)) / each
    knot = (first + place * (KNOTS - 2 - first)).astype(int)
    step = parents.paths[parent, knot + 1] - parents.paths[parent, knot]
    side = np.where(np.tile(np.arange(each), len(parents.paths)) % 2, 1.0, -1.0)
    heading = np.arctan2(step[:, 1], step[:, 0]) + side * rng.uniform(0.4, 0.95, n)
    bend = -side * rng.uniform(0.0, 0.8, n)
    headings = heading[:, None] + bend[:, None] * np.linspace(0, 1, KNOTS)
    width = parents.widths[parent, knot] * rng.uniform(0.40, 0.65, n)
    widths = width[:, None] * np.linspace(1, 0.3, KNOTS)
    paths = _walk(rng, parents.paths[parent, knot], headings, rng.uniform(*length, n), 0.14)
    return Vessels(paths, widths, parents.artery[parent])


def _walk(
    rng: np.random.Generator, start: Points, heading: Floats, length: Floats, wiggle: float
) -> Points:
    """Paths n×k×2 from ``start`` (n×2) along ``heading`` (n×k, radians) with slow undulations of
    ``wiggle`` radians."""
    n, knots = heading.shape
    waves = np.arange(2, 6)
    phase = rng.uniform(0, 2 * np.pi, (n, len(waves), 1))
    t = np.linspace(0, 1, knots)
    swing = np.sin(2 * np.pi * waves[:, None] * t + phase).sum(axis=1) * wiggle
    angle = heading + swing * np.minimum(1, 5 * t)
    step = np.stack([np.cos(angle), np.sin(angle)], axis=2) * (length / (knots - 1))[:, None, None]
    step[:, 0] = 0
    return np.asarray(start[:, None] + np.cumsum(step, axis=1))
