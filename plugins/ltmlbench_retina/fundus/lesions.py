"""What each disease does to an eye, where medicine puts it (schematic, ours).

A finding takes an eye and returns it diseased. ``strength`` is 0 (invisible) to about 1; it moves
contrasts and the shape of the disc, never how many lesions there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from ltmlbench_retina.fundus import marks as m
from ltmlbench_retina.fundus.eye import Eye, draw_eye
from ltmlbench_retina.fundus.incidental import draw_incidental
from ltmlbench_retina.fundus.marks import Marks, blobs, directions
from ltmlbench_retina.fundus.population import EyeSpec
from ltmlbench_retina.fundus.raster import Points

Finding = Callable[[Eye, np.random.Generator, float], Eye]


def draw_patient_eye(spec: EyeSpec) -> Eye:
    """The eye of a specification with everything its labels say."""
    eye = draw_eye(spec)
    findings: dict[str, Finding] = {**FINDINGS, "D": partial(diabetic, grade=spec.grade)}
    for label in spec.labels.replace("N", ""):
        rng = spec.rng(label)
        eye = findings[label](eye, rng, spec.visibility * rng.uniform(0.6, 1.0))
    return eye


def diabetic(eye: Eye, rng: np.random.Generator, strength: float, *, grade: int) -> Eye:
    """Microaneurysms from grade 1, blots and exudates from 2, all quadrants in 3, new vessels
    and a preretinal haemorrhage in 4."""
    spread = 0.30 if grade < 3 else 0.50
    number = {1: (5, 12), 2: (12, 28), 3: (28, 50), 4: (15, 40)}[grade]
    spots = _spots(rng, eye, number, spread, (0.010, 0.015))
    found = [Marks("MA", spots, m.CAPILLARY, 0.95)]
    if grade > 1:
        number = {2: (5, 16), 3: (22, 40), 4: (14, 30)}[grade]
        blots = _spots(rng, eye, number, spread, (0.014, 0.042))
        found.append(Marks("HE", blots, m.BLOOD, 0.95))
        found.append(_exudates(rng, eye, int(rng.integers(1, 4 if grade == 2 else 6))))
        if rng.random() < (0.3 if grade == 2 else 0.8):
            found.append(_cotton_wool(rng, eye, int(rng.integers(1, 5))))
    if grade == 4:
        roots = np.repeat(eye.along_vessels(rng, 2)[0], 9, axis=0)
        tangle = m.strands(rng, roots, knots=30, step=0.009, curl=0.55)
        found.append(Marks("NV", tangle, m.BLOOD, 0.8, width=0.006, softness=0.0))
        found.append(_preretinal(rng, eye))
    return _with(eye, found, strength)


def glaucoma(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """A large pale cup, notched above or below, and a wedge of thinned nerve fibres there."""
    side = rng.choice([-1.0, 1.0], p=[0.35, 0.65])
    firm, healthy, cup = min(1.2 * strength, 1.0), eye.disc, float(rng.uniform(0.76, 0.92))
    notched = np.array([-0.06, side * (0.5 - cup / 2)])
    disc = replace(
        healthy,
        cup=healthy.cup + (cup - healthy.cup) * firm,
        cup_shift=healthy.cup_shift + (notched - healthy.cup_shift) * firm,
        pallor=healthy.pallor + (float(rng.uniform(0.6, 1.0)) - healthy.pallor) * firm,
    )
    t = np.linspace(0, 1, 24)[:, None]
    reach, height = rng.uniform(0.7, 1.0), rng.uniform(0.36, 0.5)
    arc = np.concatenate([-reach * t, side * height * np.sin(2.2 * t)], axis=1)
    arc += disc.centre + np.array([0.0, 0.6 * side * disc.radius])
    half = rng.uniform(0.04, 0.08) * t * [[0.4, 1.0]]
    wedge = np.concatenate([arc - half, (arc + half)[::-1]])
    found = [Marks("", (wedge,), m.THINNED, 1.0, softness=0.03, depth="deep")]
    return _with(replace(eye, disc=disc), found, strength)


def cataract(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """Clouded media: a yellowish veil, little contrast, a blurred picture."""
    haze = 1 - (1 - eye.haze) * (1 - min(rng.uniform(0.20, 0.80) * strength, 0.9))
    return replace(eye, haze=haze, blur=eye.blur + rng.uniform(0.005, 0.040) * strength)


def macular(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """Drusen round the fovea; geographic atrophy in two eyes of five."""
    drusen = _spots(rng, eye, (22, 80), 0.14, (0.011, 0.034))
    found = [Marks("DRUSEN", drusen, m.DRUSEN, 0.95, depth="deep")]
    if rng.random() < 0.4:
        centre = eye.fovea + rng.normal(scale=0.04, size=(1, 2))
        patch = blobs(rng, centre, rng.uniform(0.09, 0.17, 1))
        found.append(Marks("ATROPHY", patch, m.ATROPHY, 0.85, softness=0.008, depth="deep"))
    return _with(eye, found, strength)


def hypertensive(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """Narrowed arteries that nick the veins they cross, flame-shaped haemorrhages along the
    vessels, cotton-wool spots."""
    found = [_flames(rng, eye, int(rng.integers(4, 11)))]
    if rng.random() < 0.7:
        found.append(_cotton_wool(rng, eye, int(rng.integers(2, 7))))
    firm = min(strength, 1.0)
    narrowed = eye.artery_width * (1 - float(rng.uniform(0.35, 0.55)) * firm)
    return _with(replace(eye, artery_width=narrowed, nicking=firm), found, strength)


def myopic(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """A tilted disc with a temporal crescent, choroidal vessels shining through, sometimes
    patches of atrophy."""
    firm = min(strength, 1.0)
    disc = replace(
        eye.disc,
        aspect=eye.disc.aspect * (1 - float(rng.uniform(0.10, 0.30)) * firm),
        tilt=eye.disc.tilt + float(rng.uniform(-0.5, 0.5)) * firm,
    )
    scale = rng.uniform(1.15, 1.55)
    crescent = disc.outline(scale, (1 - scale - rng.uniform(0.1, 0.4), 0.0))
    found = [Marks("CRESCENT", (crescent,), m.SCLERA, 0.95, softness=0.012, depth="deep")]
    if rng.random() < 0.35:
        centres = eye.scatter(rng, int(rng.integers(1, 5)), eye.fovea, 0.28)
        patches = blobs(rng, centres, rng.uniform(0.04, 0.12, len(centres)))
        found.append(Marks("ATROPHY", patches, m.SCLERA, 0.8, softness=0.01, depth="deep"))
    shining = eye.tessellation + (float(rng.uniform(0.7, 1.0)) - eye.tessellation) * firm
    return _with(replace(eye, disc=disc, tessellation=shining), found, strength)


def other(eye: Eye, rng: np.random.Generator, strength: float) -> Eye:
    """One of the things that make up "other diseases", at random."""
    return _with(eye, draw_incidental(rng, eye), strength)


FINDINGS: Mapping[str, Finding] = {
    "G": glaucoma,
    "C": cataract,
    "A": macular,
    "H": hypertensive,
    "M": myopic,
    "O": other,
}


def _with(eye: Eye, found: list[Marks], strength: float) -> Eye:
    faded = (replace(mark, opacity=min(mark.opacity * strength, 1.0)) for mark in found)
    return replace(eye, marks=(*eye.marks, *faded))


def _spots(
    rng: np.random.Generator,
    eye: Eye,
    number: tuple[int, int],
    spread: float,
    radii: tuple[float, float],
) -> tuple[Points, ...]:
    """Round spots about the macula, small ones more often than large ones."""
    centres = eye.scatter(rng, int(rng.integers(*number)), eye.fovea, spread)
    small, large = radii
    return blobs(rng, centres, small + (large - small) * rng.beta(1, 2, len(centres)))


def _exudates(rng: np.random.Generator, eye: Eye, n: int) -> Marks:
    """Clusters of small bright spots on an arc or a ring (circinate)."""
    shapes: list[Points] = []
    for centre in eye.scatter(rng, n, eye.fovea, 0.22):
        k = int(rng.integers(10, 32))
        angle = rng.uniform(0, 2 * np.pi) + rng.uniform(0, rng.uniform(2, 6), k)
        distance = rng.uniform(0.05, 0.14) * rng.normal(1, 0.2, k)
        spots = centre + distance[:, None] * directions(angle)
        spots = spots[eye.free(spots, 0.06)]
        shapes += blobs(rng, spots, rng.uniform(0.006, 0.016, len(spots)))
    return Marks("EX", tuple(shapes), m.EXUDATE, 0.95, softness=0.003)


def _cotton_wool(rng: np.random.Generator, eye: Eye, n: int) -> Marks:
    """Soft white spots round the disc and the arcades."""
    centres = eye.scatter(rng, n, eye.pole, 0.36)
    angle = rng.uniform(0, np.pi, len(centres))
    size = rng.uniform(0.028, 0.055, len(centres))
    spots = blobs(rng, centres, size, aspect=0.65, angle=angle, roughness=0.15)
    return Marks("SE", spots, m.COTTON, 0.9, softness=0.014)


def _flames(rng: np.random.Generator, eye: Eye, n: int, streaks: int = 6) -> Marks:
    """Haemorrhages in the nerve-fibre layer: streaks side by side along a vessel."""
    points, angles = eye.along_vessels(rng, n)
    points, angle = np.repeat(points, streaks, axis=0), np.repeat(angles, streaks)
    size = np.repeat(rng.uniform(0.04, 0.095, len(angles)), streaks)
    along = size * rng.normal(scale=0.25, size=len(size))
    across = size * np.tile(np.linspace(-0.32, 0.32, streaks), len(angles))
    centres = points + along[:, None] * directions(angle)
    centres += across[:, None] * directions(angle + np.pi / 2)
    size *= rng.uniform(0.6, 1.1, len(size))
    shapes = blobs(rng, centres, size, aspect=0.16, angle=angle)
    return Marks("HE", shapes, m.BLOOD, 0.9, softness=0.004)


def _preretinal(rng: np.random.Generator, eye: Eye) -> Marks:
    """A boat-shaped haemorrhage: blood settled to a level."""
    centre = eye.scatter(rng, 1, eye.fovea + np.array([0.0, 0.35]), 0.12)
    hull = rng.uniform(0.10, 0.18) * directions(np.linspace(0, np.pi, 24)) * [1.0, 0.7]
    return Marks("HE", tuple(centre[:, None] + hull), m.BLOOD, 1.0)
