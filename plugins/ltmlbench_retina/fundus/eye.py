"""One eye, drawn once: where its parts lie and how they look, free of pixels and of disease."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ltmlbench_retina.fundus.marks import Marks
from ltmlbench_retina.fundus.population import EyeSpec
from ltmlbench_retina.fundus.raster import Points
from ltmlbench_retina.fundus.vessels import Vessels, grow

Colour = npt.NDArray[np.float64]

PALETTE = np.array(
    [
        [0.84, 0.62, 0.46],  # fair
        [0.80, 0.46, 0.26],  # orange
        [0.68, 0.35, 0.18],  # red-brown
        [0.50, 0.29, 0.16],  # dark
    ]
)


@dataclass(frozen=True)
class Disc:
    """The optic disc: a tilted ellipse with a cup of ``cup`` times its height."""

    centre: Points
    radius: float
    aspect: float
    tilt: float
    cup: float
    cup_shift: Points
    pallor: float

    def outline(self, scale: float = 1.0, shift: npt.ArrayLike = (0.0, 0.0)) -> Points:
        """An ellipse ``scale`` times the disc, ``shift`` (x, y) radii off its centre; k×2."""
        angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        upright = np.stack([self.aspect * np.cos(angle), np.sin(angle)], axis=1)
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        turned = scale * upright @ np.array([[cos, sin], [-sin, cos]])
        return np.asarray(self.centre + self.radius * (turned + np.asarray(shift)))


@dataclass(frozen=True)
class Eye:
    """What a photograph shows.

    Args:
        colour: of the fundus, red, green, blue in 0..1.
        cut: half-height of the picture; 1 where the camera shows the whole circle.
        tessellation: 0..1, how far the choroidal vessels shine through.
        artery_width, nicking: 1 and 0 in health; hypertension narrows arteries and nicks veins.
        haze, blur: clouding of the media, 0..1, and the spread (eye units) of a point of light.
    """

    disc: Disc
    fovea: Points
    vessels: Vessels
    colour: Colour
    cut: float
    tessellation: float
    artery_width: float = 1.0
    nicking: float = 0.0
    haze: float = 0.0
    blur: float = 0.0
    marks: tuple[Marks, ...] = ()

    @property
    def pole(self) -> Points:
        """The middle of the posterior pole, between disc and fovea."""
        return (self.disc.centre + self.fovea) / 2

    def inside(self, points: Points, margin: float = 0.1) -> npt.NDArray[np.bool_]:
        """Which points (n×2) the picture shows, ``margin`` from its border."""
        seen = np.hypot(points[:, 0], points[:, 1]) < 1 - margin
        return np.asarray(seen & (np.abs(points[:, 1]) < self.cut - margin))

    def free(self, points: Points, margin: float = 0.1) -> npt.NDArray[np.bool_]:
        """Which points (n×2) lie inside the picture and off the disc."""
        off = np.linalg.norm(points - self.disc.centre, axis=1) > 1.35 * self.disc.radius
        return np.asarray(off & self.inside(points, margin))

    def scatter(self, rng: np.random.Generator, n: int, centre: Points, spread: float) -> Points:
        """n free points, normally scattered round ``centre``."""
        candidates = centre + rng.normal(scale=spread, size=(40 * n, 2))
        return candidates[self.free(candidates)][:n]

    def along_vessels(
        self, rng: np.random.Generator, n: int
    ) -> tuple[Points, npt.NDArray[np.float64]]:
        """n points on large vessels, off the disc, and the vessels' directions there (radians)."""
        paths = self.vessels.paths[self.vessels.widths.max(axis=1) > 0.01]
        steps = np.gradient(paths, axis=1).reshape(-1, 2)
        points = paths.reshape(-1, 2)
        distance = np.linalg.norm(points - self.disc.centre, axis=1)
        rows = np.flatnonzero(self.inside(points) & (distance > 0.22) & (distance < 0.85))
        rows = rng.permutation(rows)[:n]
        return points[rows], np.arctan2(steps[rows, 1], steps[rows, 0])


def draw_eye(spec: EyeSpec) -> Eye:
    """The healthy eye of a specification. Pigment, camera and the build of the disc are the
    patient's; the rest is the eye's own."""
    patient, rng = spec.rng("patient", shared=True), spec.rng("anatomy")
    pigment = patient.beta(1.4, 1.6) * (len(PALETTE) - 1)
    colour = np.array([np.interp(pigment, range(len(PALETTE)), c) for c in PALETTE.T])
    colour *= patient.normal(1, [0.04, 0.04, 0.08]) * patient.uniform(0.85, 1.1)
    cut = float(patient.uniform(0.80, 0.93)) if patient.random() < 0.25 else 1.0
    tessellation = float(patient.beta(1.2, 5) * 0.6)
    radius = float(np.clip(patient.normal(0.148, 0.009), 0.125, 0.17))
    cup = float(np.clip(patient.normal(0.34, 0.08), 0.12, 0.55))

    centring = rng.normal(0, (0.06, 0.035))
    disc = centring + rng.uniform((0.44, -0.06), (0.56, 0.03))
    fovea = disc + rng.uniform((-0.74, 0.03), (-0.66, 0.10))
    return Eye(
        disc=Disc(
            centre=disc,
            radius=radius,
            aspect=float(rng.uniform(0.86, 0.98)),
            tilt=float(rng.normal(scale=0.15)),
            cup=float(np.clip(cup + rng.normal(scale=0.04), 0.1, 0.60)),
            cup_shift=rng.normal((-0.08, 0.0), 0.05),
            pallor=float(rng.uniform(0, 0.3)),
        ),
        fovea=fovea,
        vessels=grow(rng, disc, fovea),
        colour=colour,
        cut=cut,
        tessellation=tessellation,
        artery_width=float(rng.normal(1, 0.06)),
        haze=float(rng.beta(1, 6) * 0.35),
        blur=float(rng.beta(1.2, 5) * 0.012),
    )
