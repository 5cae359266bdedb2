"""The camera: an eye and a size in, a photograph or its masks out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from ltmlbench_retina.fundus.eye import Disc, Eye, Marks, Paint
from ltmlbench_retina.fundus.lesions import draw_patient_eye
from ltmlbench_retina.fundus.population import EyeSpec
from ltmlbench_retina.fundus.raster import Map, Raster

Picture = npt.NDArray[np.float32]
"""size × size × 3, red green blue, about 0..1."""

VEIN = Paint((0.64, 0.38, 0.44))
ARTERY = Paint((0.82, 0.54, 0.56))
REFLEX = Paint((1.0, 1.0, 1.0), (0.10, 0.08, 0.05))
VEIL = np.array([0.62, 0.54, 0.38], dtype=np.float32)


@dataclass(frozen=True)
class FundusReader:
    """Reads simulated eyes: ``reader(row, size)`` is size × size × 3 uint8 RGB.

    ``masks(row, size)`` is size × size × L uint8, 1 where a pixel touches a structure of
    ``structures``. ``regions`` maps each label to the structures that show it; a label that has
    no place (normal, cataract) is left out.
    """

    eyes: tuple[EyeSpec, ...]

    structures: ClassVar[tuple[str, ...]] = (
        *("MA", "HE", "EX", "SE", "NV", "DRUSEN", "ATROPHY", "CRESCENT", "OTHER"),
        *("DISC", "CUP"),
    )
    regions: ClassVar[dict[str, tuple[str, ...]]] = {
        "D": ("MA", "HE", "EX", "SE", "NV"),
        "G": ("DISC",),
        "A": ("DRUSEN", "ATROPHY"),
        "H": ("HE", "SE"),
        "M": ("CRESCENT", "ATROPHY"),
        "O": ("OTHER",),
    }

    def __call__(self, row: int, size: int) -> npt.NDArray[np.uint8]:
        return photograph(self.eyes[row], size)

    def masks(self, row: int, size: int) -> npt.NDArray[np.uint8]:
        return masks(self.eyes[row], size)


def photograph(spec: EyeSpec, size: int) -> npt.NDArray[np.uint8]:
    """The photograph of an eye, size × size × 3 uint8 RGB, black outside the aperture."""
    eye, raster = draw_patient_eye(spec), Raster(size, mirrored=spec.side == "left")
    picture = _fundus(raster, eye, spec.rng("texture"))
    for mark in eye.marks:
        if mark.depth == "deep":
            _paint(picture, _cover(raster, mark), mark.paint)
    _draw_disc(picture, raster, eye.disc)
    _draw_vessels(picture, raster, eye)
    for mark in eye.marks:
        if mark.depth == "surface":
            _paint(picture, _cover(raster, mark), mark.paint)
    picture *= _light(raster, eye, spec.rng("light", shared=True))[:, :, None]
    for mark in eye.marks:
        if mark.depth == "media":
            _paint(picture, _cover(raster, mark), mark.paint)
    return _expose(picture, raster, eye, spec)


def masks(spec: EyeSpec, size: int) -> npt.NDArray[np.uint8]:
    """Where each of `FundusReader.structures` is, size × size × L uint8 (0 or 1)."""
    eye, raster = draw_patient_eye(spec), Raster(size, mirrored=spec.side == "left")
    layers = np.zeros((size, size, len(FundusReader.structures)), dtype=np.uint8)
    for mark in (*eye.marks, *_disc_marks(eye.disc)):
        if mark.structure:
            layer = layers[:, :, FundusReader.structures.index(mark.structure)]
            layer |= raster.touched(_canvas(raster, mark))
    crescent = layers[:, :, FundusReader.structures.index("CRESCENT")]
    crescent &= 1 - layers[:, :, FundusReader.structures.index("DISC")]
    layers *= (_aperture(raster, eye) > 0.5)[:, :, None]
    return layers


def _canvas(raster: Raster, mark: Marks) -> npt.NDArray[np.uint8]:
    if not mark.width:
        return raster.fill(mark.shapes)
    paths = np.stack(mark.shapes)
    return raster.stroke(paths, np.full(paths.shape[:2], mark.width))


def _cover(raster: Raster, mark: Marks) -> Map:
    return raster.coverage(_canvas(raster, mark), mark.softness) * np.float32(mark.opacity)


def _paint(picture: Picture, cover: Map, paint: Paint) -> None:
    """Turn what is covered into ``picture * tint + glow``, in place."""
    alpha = cover[:, :, None]
    picture *= 1 + alpha * (np.array(paint.tint, dtype=np.float32) - 1)
    if any(paint.glow):
        picture += alpha * np.array(paint.glow, dtype=np.float32)


def _fundus(raster: Raster, eye: Eye, rng: np.random.Generator) -> Picture:
    """The ground: pigment, choroid, macula, before anything is drawn on it."""
    ground = 1 + 0.05 * raster.noise(rng, 7) + 0.025 * raster.noise(rng, 90)
    picture = ground[:, :, None] * eye.colour.astype(np.float32)
    away = raster.distance(eye.fovea)
    macula = np.exp(-((away / 0.20) ** 2))
    choroid = np.exp(-((raster.noise(rng, 20) / 0.45) ** 2))
    choroid = np.maximum(choroid, 0.7 * np.exp(-((raster.noise(rng, 34) / 0.4) ** 2)))
    shine = np.float32(eye.tessellation) * (1 - 0.6 * macula) * (choroid - 0.45)
    picture *= 1 + shine[:, :, None] * np.array([0.50, 0.80, 0.75], dtype=np.float32)
    dark = 0.55 * np.exp(-((away / 0.13) ** 2)) + 0.30 * np.exp(-((away / 0.34) ** 2))
    picture *= 1 - dark[:, :, None] * np.array([0.45, 0.68, 0.72], dtype=np.float32)
    reflex = rng.uniform(0, 0.16) * np.exp(-((away / 0.022) ** 2))
    ring = rng.beta(1, 3) * 0.09 * np.exp(-(((away - 0.19) / 0.03) ** 2))
    nerve = 0.14 * np.exp(-((raster.distance(eye.disc.centre) / 0.30) ** 2))
    picture += (reflex + ring + nerve)[:, :, None] * np.array([1.0, 0.85, 0.55], dtype=np.float32)
    return picture


def _disc_marks(disc: Disc) -> tuple[Marks, Marks]:
    rim = np.array([0.70, 0.42, 0.20]) + disc.pallor * np.array([0.02, 0.16, 0.18])
    rim_paint = Paint((0.28, 0.28, 0.28), (float(rim[0]), float(rim[1]), float(rim[2])))
    cup_paint = Paint((0.12, 0.12, 0.12), (0.88, 0.80, 0.60))
    cup = disc.outline(disc.cup, shift=disc.cup_shift)
    return (
        Marks("DISC", (disc.outline(),), rim_paint, 1.0, softness=0.010),
        Marks("CUP", (cup,), cup_paint, 0.9, softness=0.014),
    )


def _draw_disc(picture: Picture, raster: Raster, disc: Disc) -> None:
    for mark in _disc_marks(disc):
        _paint(picture, _cover(raster, mark), mark.paint)


def _draw_vessels(picture: Picture, raster: Raster, eye: Eye) -> None:
    arteries, veins = eye.vessels.of(artery=True), eye.vessels.of(artery=False)
    widths = arteries.widths * eye.artery_width
    artery = raster.stroke(arteries.paths, widths)
    vein = raster.stroke(veins.paths, veins.widths)
    if eye.nicking:
        vein = _nick(vein, artery, raster, eye)
    over = raster.coverage(artery, 0.003)
    _paint(picture, raster.coverage(vein, 0.003) * (1 - over), VEIN)
    _paint(picture, over, ARTERY)
    _paint(picture, raster.coverage(raster.stroke(arteries.paths, 0.3 * widths)), REFLEX)


def _nick(
    vein: npt.NDArray[np.uint8], artery: npt.NDArray[np.uint8], raster: Raster, eye: Eye
) -> npt.NDArray[np.uint8]:
    """Veins vanish beside the arteries that cross them, but not on the way out of the disc."""
    reach = 2 * round(0.022 * raster.radius * raster.fineness) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    beside = cv2.dilate(artery, kernel).astype(np.float32) / 255
    near_disc = cv2.resize(raster.fill([eye.disc.outline(2.0)]), beside.shape[::-1])
    beside[near_disc > 0] = 0
    return np.asarray(vein * (1 - eye.nicking * beside), dtype=np.uint8)


def _light(raster: Raster, eye: Eye, rng: np.random.Generator) -> Map:
    """Illumination: brighter in the middle of the flash, darker to the rim, sometimes a halo."""
    x, y = raster.grid
    centre = rng.normal(scale=0.16, size=2)
    fall = rng.uniform(0.20, 0.50)
    light = 1.08 - np.float32(fall) * raster.distance(centre) ** 2
    direction = rng.uniform(0, 2 * np.pi)
    side = 0.5 + 0.5 * (x * np.float32(np.cos(direction)) + y * np.float32(np.sin(direction)))
    rim = np.clip((np.hypot(x, y) - 0.80) / 0.2, 0, 1) ** 2
    halo = rng.beta(1, 2) * 0.55
    return np.asarray(np.maximum(light, 0.15) + np.float32(halo) * rim * side, dtype=np.float32)


def _aperture(raster: Raster, eye: Eye) -> Map:
    """1 where the camera sees the eye, 0 in the black surround, one pixel of transition."""
    x, y = raster.grid
    inside = np.minimum(1 - np.hypot(x, y), eye.cut - np.abs(y))
    return np.clip(inside * np.float32(raster.radius) + 0.5, 0, 1)


def _expose(
    picture: Picture, raster: Raster, eye: Eye, spec: EyeSpec
) -> npt.NDArray[np.uint8]:
    """Media, optics and sensor: haze, blur, colour balance, noise, aperture, 8 bits."""
    camera, rng = spec.rng("camera", shared=True), spec.rng("sensor")
    veil = VEIL * np.float32(camera.uniform(0.8, 1.1))
    bright = (0.75 + 0.25 * _light(raster, eye, camera))[:, :, None]
    picture = picture * (1 - np.float32(eye.haze)) + veil * bright * np.float32(eye.haze)
    picture = raster.blur(picture, eye.blur)
    grain = rng.normal(scale=0.012, size=(raster.size, raster.size, 1)).astype(np.float32)
    chroma = 0.006 * raster.noise(rng, max(raster.size // 8, 1), channels=3)
    picture = np.clip(picture + grain + chroma, 0, 1) ** np.float32(camera.uniform(0.85, 1.15))
    return np.rint(picture * _aperture(raster, eye)[:, :, None] * 255).astype(np.uint8)
