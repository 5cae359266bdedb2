"""What ODIR-5K calls other diseases: six kinds of findings, one per eye (schematic, ours)."""

from __future__ import annotations

import numpy as np

from ltmlbench_retina.fundus import marks as m
from ltmlbench_retina.fundus.eye import Eye
from ltmlbench_retina.fundus.marks import Marks, blobs, directions


def draw_incidental(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """Laser scars, an epiretinal membrane, a naevus, asteroid bodies, floaters or myelinated
    nerve fibres."""
    kinds = (_laser, _membrane, _naevus, _asteroid, _floaters, _myelinated)
    return kinds[rng.choice(len(kinds), p=[0.28, 0.24, 0.14, 0.10, 0.12, 0.12])](rng, eye)


def _laser(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """Scars of photocoagulation: rows of pale spots with pigment, sparing the posterior pole."""
    pitch = rng.uniform(0.10, 0.15)
    axis = np.arange(-1, 1, pitch)
    grid = np.stack(np.meshgrid(axis, axis), axis=2).reshape(-1, 2)
    grid = grid + rng.normal(scale=0.2 * pitch, size=grid.shape)
    treated = grid @ directions(rng.uniform(0, 2 * np.pi, 1))[0] > rng.uniform(-0.8, 0.1)
    far = np.linalg.norm(grid - eye.pole, axis=1) > 0.5
    spots = grid[eye.free(grid, 0.04) & far & treated]
    size = rng.uniform(0.020, 0.034, len(spots))
    pale = blobs(rng, spots, size)
    dark = blobs(rng, spots + rng.normal(scale=0.006, size=spots.shape), 0.55 * size)
    return [
        Marks("OTHER", pale, m.ATROPHY, 0.75, depth="deep"),
        Marks("OTHER", dark, m.PIGMENT, 0.8, depth="deep"),
    ]


def _membrane(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """An epiretinal membrane: a sheen over the macula with radiating folds."""
    centre = eye.fovea + rng.normal(scale=0.08, size=2)
    sheet = blobs(rng, centre[None], rng.uniform(0.20, 0.32, 1))
    n = int(rng.integers(9, 18))
    angle = rng.uniform(0, 2 * np.pi, n)[:, None] + np.linspace(0, 0.35, 12)
    reach = np.linspace(0.03, 1, 12) * rng.uniform(0.14, 0.30, (n, 1))
    folds = centre + reach[:, :, None] * directions(angle)
    return [
        Marks("OTHER", sheet, m.SHEEN, 0.9, softness=0.03),
        Marks("OTHER", tuple(folds), m.SHEEN, 0.9, softness=0.003, width=0.008),
    ]


def _naevus(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """A flat slate-grey spot of the choroid."""
    centre = eye.scatter(rng, 1, eye.pole, 0.45)
    spot = blobs(rng, centre, rng.uniform(0.08, 0.18, len(centre)), aspect=0.8)
    return [Marks("OTHER", spot, m.SLATE, 0.95, softness=0.015, depth="deep")]


def _asteroid(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """Asteroid hyalosis: bright bodies in the vitreous."""
    points = rng.uniform(-0.9, 0.9, (int(rng.integers(50, 120)), 2))
    points = points[eye.inside(points, 0.05)]
    bodies = blobs(rng, points, rng.uniform(0.008, 0.022, len(points)))
    return [Marks("OTHER", bodies, m.EXUDATE, 0.8, depth="media")]


def _floaters(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """Opacities of the vitreous: dark blurred strands and clumps."""
    starts = rng.uniform(-0.45, 0.45, (int(rng.integers(2, 5)), 2))
    step = rng.uniform(0.015, 0.03)
    threads = m.strands(rng, starts, knots=30, step=step, curl=0.3)
    middles = np.stack(threads)[:, 15]
    clumps = blobs(rng, middles, rng.uniform(0.03, 0.08, len(starts)), roughness=0.2)
    return [
        Marks("OTHER", threads, m.SHADOW, 0.8, softness=0.02, depth="media", width=0.03),
        Marks("OTHER", clumps, m.SHADOW, 0.8, softness=0.03, depth="media"),
    ]


def _myelinated(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """Myelinated nerve fibres: white feathery streaks from the rim of the disc."""
    n = 60
    middle = rng.choice([-1.0, 1.0]) * np.pi / 2 + rng.normal(scale=0.3)
    angle = middle + rng.normal(scale=0.3, size=n)
    distance = eye.disc.radius + rng.uniform(0, 0.16, n)
    centres = eye.disc.centre + distance[:, None] * directions(angle)
    streaks = blobs(rng, centres, rng.uniform(0.03, 0.07, n), aspect=0.18, angle=angle)
    return [Marks("OTHER", streaks, m.COTTON, 0.95)]
