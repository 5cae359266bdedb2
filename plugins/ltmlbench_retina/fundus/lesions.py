"""What each disease does to an eye, where medicine puts it (schematic, ours).

A finding takes an eye and returns it diseased. ``strength`` is 0 (invisible) to about 1; it moves
contrasts and anatomy but never where a lesion lies, so that masks do not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from ltmlbench_retina.fundus.eye import Eye, Marks, Paint, draw_eye
from ltmlbench_retina.fundus.population import EyeSpec
from ltmlbench_retina.fundus.raster import Points

Finding = Callable[[Eye, np.random.Generator, float], Eye]

BLOOD = Paint((0.54, 0.24, 0.22))
CAPILLARY = Paint((0.66, 0.30, 0.30))
EXUDATE = Paint((0.25, 0.25, 0.30), (0.74, 0.64, 0.30))
COTTON = Paint((0.45, 0.45, 0.45), (0.50, 0.48, 0.40))
DRUSEN = Paint((0.50, 0.50, 0.50), (0.52, 0.42, 0.16))
ATROPHY = Paint((0.45, 0.55, 0.50), (0.56, 0.42, 0.24))
SCLERA = Paint((0.35, 0.35, 0.35), (0.60, 0.53, 0.38))
PIGMENT = Paint((0.36, 0.30, 0.30))
SLATE = Paint((0.50, 0.62, 0.78), (0.0, 0.01, 0.03))
SHEEN = Paint((0.85, 0.90, 0.95), (0.16, 0.18, 0.18))
THINNED = Paint((0.86, 0.74, 0.76))
SHADOW = Paint((0.45, 0.45, 0.45))


def draw_patient_eye(spec: EyeSpec) -> Eye:
    """The eye of a specification with everything its labels say."""
    eye = draw_eye(spec)
    findings = {**FINDINGS, "D": partial(diabetic, grade=spec.grade)}
    for label in spec.labels.replace("N", ""):
        rng = spec.rng(label)
        eye = findings[label](eye, rng, spec.visibility * rng.uniform(0.6, 1.0))
    return eye


def diabetic(eye: Eye, rng: np.random.Generator, strength: float, *, grade: int) -> Eye:
    """Microaneurysms from grade 1, blots and exudates from 2, all quadrants in 3, new vessels
    and a preretinal haemorrhage in 4."""
    few, many = {1: (5, 12), 2: (12, 28), 3: (28, 50), 4: (15, 40)}[grade]
    spread = 0.30 if grade < 3 else 0.50
    marks = [_dots(rng, "MA", eye, rng.integers(few, many), spread, (0.010, 0.015), CAPILLARY)]
    if grade > 1:
        few, many = {2: (5, 16), 3: (22, 40), 4: (14, 30)}[grade]
        marks += [_dots(rng, "HE", eye, rng.integers(few, many), spread, (0.014, 0.042), BLOOD)]
        marks += [_exudates(rng, eye, int(rng.integers(1, 4 if grade == 2 else 6)))]
        if rng.random() < (0.3 if grade == 2 else 0.8):
            marks += [_cotton(rng, eye, int(rng.integers(1, 5)))]
    if grade == 4:
        marks += [_new_vessels(rng, eye), _boat(rng, eye)]
    return _marked(eye, marks, strength)


def glaucoma(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """A large pale cup, notched above or below, and a wedge of thinned nerve fibres there."""
    disc, pole = eye.disc, rng.choice([-1.0, 1.0], p=[0.35, 0.65])
    cup = disc.cup + (rng.uniform(0.76, 0.92) - disc.cup) * min(strength * 1.2, 1)
    shift = np.array([-0.06, pole * (0.5 - cup / 2)])
    disc = replace(disc, cup=float(cup), cup_shift=shift, pallor=float(rng.uniform(0.6, 1.0)))
    start = disc.centre + [0.0, 0.6 * pole * disc.radius]
    t = np.linspace(0, 1, 24)[:, None]
    reach, height = rng.uniform(0.7, 1.0), rng.uniform(0.36, 0.5)
    arc = start + np.concatenate([-reach * t, pole * height * np.sin(t * 2.2)], axis=1)
    half = rng.uniform(0.05, 0.09) * t * [[0.4, 1.0]]
    wedge = np.concatenate([arc - half, (arc + half)[::-1]])
    marks = [Marks("", (wedge,), THINNED, 1.0, softness=0.02, depth="deep")]
    return _marked(replace(eye, disc=disc), marks, strength)


def cataract(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """Clouded media: a yellowish veil, little contrast, a blurred picture."""
    haze = 1 - (1 - eye.haze) * (1 - min(rng.uniform(0.20, 0.80) * strength, 0.9))
    return replace(eye, haze=haze, blur=eye.blur + rng.uniform(0.005, 0.040) * strength)


def macular(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """Drusen round the fovea; geographic atrophy in two eyes of five."""
    marks = [_dots(rng, "DRUSEN", eye, rng.integers(22, 80), 0.14, (0.011, 0.034), DRUSEN, "deep")]
    if rng.random() < 0.4:
        centre = eye.fovea + rng.normal(scale=0.04, size=(1, 2))
        patch = blobs(rng, centre, rng.uniform(0.09, 0.17, 1), roughness=0.13)
        marks += [Marks("ATROPHY", patch, ATROPHY, 0.85, softness=0.008, depth="deep")]
    return _marked(eye, marks, strength)


def hypertensive(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """Narrowed arteries that nick the veins they cross, flame-shaped haemorrhages along the
    vessels, cotton-wool spots."""
    marks = [_flames(rng, eye, int(rng.integers(4, 11)))]
    if rng.random() < 0.7:
        marks += [_cotton(rng, eye, int(rng.integers(2, 7)))]
    narrow = replace(
        eye,
        artery_width=eye.artery_width * (1 - rng.uniform(0.35, 0.55) * min(strength, 1)),
        nicking=min(strength, 1.0),
    )
    return _marked(narrow, marks, strength)


def myopic(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """A tilted disc with a temporal crescent, choroidal vessels shining through, sometimes
    patches of atrophy."""
    firm = min(strength, 1.0)
    disc = replace(
        eye.disc,
        aspect=eye.disc.aspect * float(1 - rng.uniform(0.10, 0.30) * firm),
        tilt=eye.disc.tilt + float(rng.uniform(-0.5, 0.5) * firm),
    )
    scale = rng.uniform(1.15, 1.55)
    crescent = disc.outline(scale, shift=np.array([1 - scale - rng.uniform(0.1, 0.4), 0.0]))
    marks = [Marks("CRESCENT", (crescent,), SCLERA, 0.95, softness=0.012, depth="deep")]
    if rng.random() < 0.35:
        centres = _place(rng, eye, int(rng.integers(1, 5)), eye.fovea, 0.28)
        patches = blobs(rng, centres, rng.uniform(0.04, 0.12, len(centres)), roughness=0.14)
        marks += [Marks("ATROPHY", patches, SCLERA, 0.8, softness=0.01, depth="deep")]
    shining = eye.tessellation + (rng.uniform(0.7, 1.0) - eye.tessellation) * firm
    return _marked(replace(eye, disc=disc, tessellation=float(shining)), marks, strength)


def other(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """One of: laser scars, epiretinal membrane, naevus, asteroid bodies, floaters, myelinated
    nerve fibres."""
    kinds = (_laser, _membrane, _naevus, _asteroid, _floaters, _myelinated)
    kind = rng.choice(len(kinds), p=[0.28, 0.24, 0.14, 0.10, 0.12, 0.12])
    return _marked(eye, kinds[kind](rng, eye), strength)


FINDINGS: Mapping[str, Finding] = {
    "G": glaucoma,
    "C": cataract,
    "A": macular,
    "H": hypertensive,
    "M": myopic,
    "O": other,
}


def blobs(
    rng: np.random.Generator,
    centres: Points,
    radii: npt.NDArray[np.float64],
    *,
    aspect: npt.ArrayLike = 1.0,
    angle: npt.ArrayLike = 0.0,
    roughness: float = 0.12,
) -> tuple[Points, ...]:
    """n uneven ellipses round ``centres`` (n×2): ``radii`` (n) long, ``aspect`` times as wide,
    the long axis at ``angle`` (radians)."""
    n = len(centres)
    phi = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    waves = np.arange(2, 6)[:, None]
    phase = rng.uniform(0, 2 * np.pi, (n, 4, 1))
    size = rng.normal(scale=2 * roughness, size=(n, 4, 1)) / waves
    r = radii[:, None] * (1 + (size * np.cos(waves * phi + phase)).sum(axis=1)).clip(0.4, 1.8)
    along, across = r * np.cos(phi), r * np.sin(phi) * np.broadcast_to(aspect, n)[:, None]
    turn = np.broadcast_to(angle, n)[:, None]
    x = along * np.cos(turn) - across * np.sin(turn)
    y = along * np.sin(turn) + across * np.cos(turn)
    return tuple(centres[:, None] + np.stack([x, y], axis=2))


def _marked(eye: Eye, marks: list[Marks], strength: float) -> Eye:
    faded = [replace(m, opacity=min(m.opacity * strength, 1.0)) for m in marks]
    return replace(eye, marks=eye.marks + tuple(faded))


def _place(rng: np.random.Generator, eye: Eye, n: int, centre: Points, spread: float) -> Points:
    """n points scattered round ``centre``, in the picture and off the disc."""
    candidates = centre + rng.normal(scale=spread, size=(40 * n, 2))
    return candidates[eye.free(candidates)][:n]


def _dots(
    rng: np.random.Generator,
    structure: str,
    eye: Eye,
    n: int,
    spread: float,
    radii: tuple[float, float],
    paint: Paint,
    depth: str = "surface",
) -> Marks:
    """Round spots about the macula, small ones more often than large ones."""
    centres = _place(rng, eye, n, eye.fovea, spread)
    small, large = radii
    size = small + (large - small) * rng.beta(1, 2, len(centres))
    return Marks(structure, blobs(rng, centres, size), paint, 0.95, 0.006, depth)


def _exudates(rng: np.random.Generator, eye: Eye, n: int) -> Marks:
    """Clusters of small bright spots, often in a ring (circinate)."""
    shapes: list[Points] = []
    for centre in _place(rng, eye, n, eye.fovea, 0.22):
        k = int(rng.integers(10, 32))
        angle = rng.uniform(0, 2 * np.pi) + rng.uniform(0, rng.uniform(2, 6), k)
        distance = rng.uniform(0.05, 0.14) * rng.normal(1, 0.2, k)
        spots = centre + distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        spots = spots[eye.free(spots, 0.06)]
        shapes += blobs(rng, spots, rng.uniform(0.006, 0.016, len(spots)))
    return Marks("EX", tuple(shapes), EXUDATE, 0.95, softness=0.003)


def _cotton(rng: np.random.Generator, eye: Eye, n: int) -> Marks:
    """Soft white spots round the disc and the arcades."""
    centres = _place(rng, eye, n, (eye.disc.centre + eye.fovea) / 2, 0.36)
    angle = rng.uniform(0, np.pi, len(centres))
    size = rng.uniform(0.028, 0.055, len(centres))
    spots = blobs(rng, centres, size, aspect=0.65, angle=angle, roughness=0.2)
    return Marks("SE", spots, COTTON, 0.9, softness=0.014)


def _along_vessels(
    rng: np.random.Generator, eye: Eye, n: int
) -> tuple[Points, npt.NDArray[np.float64]]:
    """n points on large vessels away from the disc, and the vessels' directions there."""
    paths = eye.vessels.paths[eye.vessels.widths.max(axis=1) > 0.012]
    steps = np.gradient(paths, axis=1).reshape(-1, 2)
    points = paths.reshape(-1, 2)
    distance = np.linalg.norm(points - eye.disc.centre, axis=1)
    rows = np.flatnonzero(eye.inside(points) & (distance > 0.22) & (distance < 0.85))
    rows = rng.permutation(rows)[:n]
    return points[rows], np.arctan2(steps[rows, 1], steps[rows, 0])


def _flames(rng: np.random.Generator, eye: Eye, n: int) -> Marks:
    """Haemorrhages in the nerve-fibre layer: streaks side by side along a vessel."""
    points, angle = _along_vessels(rng, eye, n)
    streaks = 6
    points, angle = np.repeat(points, streaks, axis=0), np.repeat(angle, streaks)
    size = np.repeat(rng.uniform(0.04, 0.095, len(points) // streaks), streaks)
    along = rng.normal(scale=0.25, size=len(points)) * size
    across = np.tile(np.linspace(-0.32, 0.32, streaks), len(points) // streaks) * size
    heading = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    sideways = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    centres = points + along[:, None] * heading + across[:, None] * sideways
    size = size * rng.uniform(0.6, 1.1, len(points))
    return Marks("HE", blobs(rng, centres, size, aspect=0.16, angle=angle), BLOOD, 0.9, 0.004)


def _new_vessels(rng: np.random.Generator, eye: Eye) -> Marks:
    """A tangle of fine vessels on an arcade."""
    root, _ = _along_vessels(rng, eye, 2)
    n, k = 18, 30
    heading = rng.uniform(0, 2 * np.pi, (n, 1)) + np.cumsum(rng.normal(scale=0.55, size=(n, k)), 1)
    step = 0.009 * np.stack([np.cos(heading), np.sin(heading)], axis=2)
    paths = root[np.arange(n) % len(root), None] + np.cumsum(step, axis=1)
    return Marks("NV", tuple(paths), BLOOD, 0.8, softness=0.0, width=0.006)


def _boat(rng: np.random.Generator, eye: Eye) -> Marks:
    """A preretinal haemorrhage: blood settled to a level."""
    (centre,) = _place(rng, eye, 1, eye.fovea + [0.0, 0.35], 0.12)
    angle = np.linspace(0, np.pi, 24)
    size = rng.uniform(0.10, 0.18)
    hull = np.stack([np.cos(angle), 0.7 * np.sin(angle)], axis=1) * size
    return Marks("HE", (centre + hull,), BLOOD, 1.0, softness=0.006)


def _laser(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """Scars of panretinal photocoagulation: rows of pale spots with pigment, sparing the pole."""
    pitch = rng.uniform(0.10, 0.15)
    axis = np.arange(-1, 1, pitch)
    grid = np.stack(np.meshgrid(axis, axis), axis=2).reshape(-1, 2)
    grid = grid + rng.normal(scale=0.2 * pitch, size=grid.shape)
    side = grid @ (lambda a: np.array([np.cos(a), np.sin(a)]))(rng.uniform(0, 2 * np.pi))
    far = np.linalg.norm(grid - (eye.fovea + eye.disc.centre) / 2, axis=1) > 0.5
    spots = grid[eye.free(grid, 0.04) & far & (side > rng.uniform(-0.8, 0.1))]
    size = rng.uniform(0.020, 0.034, len(spots))
    pale = blobs(rng, spots, size, roughness=0.15)
    dark = blobs(rng, spots + rng.normal(scale=0.006, size=spots.shape), 0.55 * size)
    return [
        Marks("OTHER", pale, ATROPHY, 0.75, 0.006, "deep"),
        Marks("OTHER", dark, PIGMENT, 0.8, 0.004, "deep"),
    ]


def _membrane(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """An epiretinal membrane: a sheen over the macula with radiating folds."""
    centre = eye.fovea + rng.normal(scale=0.08, size=2)
    sheet = blobs(rng, centre[None], rng.uniform(0.20, 0.32, 1), roughness=0.13)
    n = int(rng.integers(9, 18))
    angle = rng.uniform(0, 2 * np.pi, n)[:, None] + np.linspace(0, 0.35, 12)
    reach = np.linspace(0.03, 1, 12) * rng.uniform(0.14, 0.30, (n, 1))
    folds = centre + reach[:, :, None] * np.stack([np.cos(angle), np.sin(angle)], axis=2)
    return [
        Marks("OTHER", sheet, SHEEN, 0.9, softness=0.03),
        Marks("OTHER", tuple(folds), SHEEN, 0.9, softness=0.003, width=0.008),
    ]


def _naevus(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """A flat slate-grey spot of the choroid."""
    centre = _place(rng, eye, 1, (eye.fovea + eye.disc.centre) / 2, 0.45)
    shape = blobs(rng, centre, rng.uniform(0.08, 0.18, len(centre)), aspect=0.8, roughness=0.1)
    return [Marks("OTHER", shape, SLATE, 0.95, softness=0.015, depth="deep")]


def _asteroid(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """Asteroid hyalosis: bright bodies in the vitreous."""
    points = rng.uniform(-0.9, 0.9, (int(rng.integers(40, 110)), 2))
    points = points[eye.inside(points, 0.05)]
    shapes = blobs(rng, points, rng.uniform(0.008, 0.022, len(points)))
    return [Marks("OTHER", shapes, EXUDATE, 0.8, softness=0.006, depth="media")]


def _floaters(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """Opacities of the vitreous: dark blurred strands and clumps."""
    n, k = int(rng.integers(2, 5)), 30
    heading = rng.uniform(0, 2 * np.pi, (n, 1)) + np.cumsum(rng.normal(scale=0.3, size=(n, k)), 1)
    step = rng.uniform(0.015, 0.03) * np.stack([np.cos(heading), np.sin(heading)], axis=2)
    strands = rng.uniform(-0.45, 0.45, (n, 1, 2)) + np.cumsum(step, axis=1)
    clumps = blobs(rng, strands[:, k // 2], rng.uniform(0.03, 0.08, n), roughness=0.3)
    return [
        Marks("OTHER", tuple(strands), SHADOW, 0.8, softness=0.02, depth="media", width=0.03),
        Marks("OTHER", clumps, SHADOW, 0.8, softness=0.03, depth="media"),
    ]


def _myelinated(rng: np.random.Generator, eye: Eye) -> list[Marks]:
    """Myelinated nerve fibres: white feathery streaks from the rim of the disc."""
    n = 60
    middle = rng.choice([-1.0, 1.0]) * np.pi / 2 + rng.normal(scale=0.3)
    angle = middle + rng.normal(scale=0.30, size=n)
    heading = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    distance = eye.disc.radius * 1.0 + rng.uniform(0.0, 0.16, n)
    centres = eye.disc.centre + heading * distance[:, None]
    size = rng.uniform(0.03, 0.07, n)
    streaks = blobs(rng, centres, size, aspect=0.18, angle=angle)
    return [Marks("OTHER", streaks, COTTON, 0.95, softness=0.006)]
