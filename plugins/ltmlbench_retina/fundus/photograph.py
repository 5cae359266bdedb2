"""The camera: an eye and a size in, a photograph or its masks out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from ltmlbench_retina.fundus.eye import Disc, Eye
from ltmlbench_retina.fundus.lesions import draw_patient_eye
from ltmlbench_retina.fundus.marks import Marks, Paint
from ltmlbench_retina.fundus.population import EyeSpec
from ltmlbench_retina.fundus.raster import Map, Raster
from ltmlbench_retina.fundus.vessels import choroid

Picture = npt.NDArray[np.float32]
"""3 × size × size: red, green, blue in about 0..1."""

VEIN = Paint((0.66, 0.42, 0.46))
ARTERY = Paint((0.84, 0.58, 0.60))
REFLEX = Paint((1.0, 1.0, 1.0), (0.10, 0.08, 0.05))
VEIL = (0.64, 0.52, 0.36)


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
    light = _light(raster, spec.rng("light", shared=True))
    picture = _ground(raster, eye, spec.rng("texture"))
    _paint_marks(picture, raster, eye.marks, "deep")
    _paint_marks(picture, raster, _disc_marks(eye.disc), "surface")
    _paint_vessels(picture, raster, eye)
    _paint_marks(picture, raster, eye.marks, "surface")
    picture *= light
    _paint_marks(picture, raster, eye.marks, "media")
    return _expose(picture, raster, eye, light, spec)


def masks(spec: EyeSpec, size: int) -> npt.NDArray[np.uint8]:
    """Where each of `FundusReader.structures` is, size × size × L uint8 (0 or 1)."""
    eye, raster = draw_patient_eye(spec), Raster(size, mirrored=spec.side == "left")
    index = {name: i for i, name in enumerate(FundusReader.structures)}
    layers = np.zeros((size, size, len(index)), dtype=np.uint8)
    for mark in (*eye.marks, *_disc_marks(eye.disc)):
        if mark.structure:
            layers[:, :, index[mark.structure]] |= raster.touched(_canvas(raster, mark))
    layers[:, :, index["CRESCENT"]] &= 1 - layers[:, :, index["DISC"]]
    layers *= (_aperture(raster, eye) > 0.5)[:, :, None]
    return layers


def _canvas(raster: Raster, mark: Marks) -> npt.NDArray[np.uint8]:
    if not mark.width:
        return raster.fill(mark.shapes)
    paths = np.stack(mark.shapes)
    return raster.stroke(paths, np.full(paths.shape[:2], mark.width))


def _colour(rgb: tuple[float, float, float]) -> Picture:
    """A colour that broadcasts over a picture, 3 × 1 × 1."""
    return np.array(rgb, dtype=np.float32)[:, None, None]


def _paint(picture: Picture, cover: Map, paint: Paint) -> None:
    """Turn what is covered into ``picture * tint + glow``, in place."""
    picture *= 1 + cover * (_colour(paint.tint) - 1)
    if any(paint.glow):
        picture += cover * _colour(paint.glow)


def _paint_marks(picture: Picture, raster: Raster, marks: tuple[Marks, ...], depth: str) -> None:
    for mark in marks:
        if mark.depth == depth:
            cover = raster.coverage(_canvas(raster, mark), mark.softness)
            _paint(picture, cover * np.float32(mark.opacity), mark.paint)


def _ground(raster: Raster, eye: Eye, rng: np.random.Generator) -> Picture:
    """Pigment, choroid and macula: the fundus before anything is painted on it."""
    grain = 1 + 0.05 * raster.noise(rng, 7) + 0.025 * raster.noise(rng, 90)
    picture = grain * eye.colour.astype(np.float32)[:, None, None]
    away = raster.distance(eye.fovea)
    layer = choroid(rng)
    bands = raster.coverage(raster.stroke(layer.paths, layer.widths), 0.010) - np.float32(0.4)
    bands *= np.float32(eye.tessellation) * (1 - 0.6 * _bump(away, 0.20))
    picture *= 1 + bands * _colour((0.26, 0.42, 0.36))
    dark = 0.42 * _bump(away, 0.13) + 0.30 * _bump(away, 0.34)
    picture *= 1 - dark * _colour((0.45, 0.68, 0.72))
    shine = np.float32(rng.uniform(0, 0.16)) * _bump(away, 0.022)
    shine += np.float32(rng.beta(1, 3) * 0.08) * _bump(away - 0.19, 0.05)
    shine += 0.10 * _bump(raster.distance(eye.disc.centre), 0.35)
    picture += shine * _colour((1.0, 0.85, 0.55))
    return picture


def _bump(distance: Map, width: float) -> Map:
    """1 at distance 0, falling to 1/e at ``width``."""
    return np.asarray(np.exp(-((distance / np.float32(width)) ** 2)))


def _disc_marks(disc: Disc) -> tuple[Marks, Marks]:
    """Neuroretinal rim and cup; pallor turns the rim from orange to white."""
    red, green, blue = np.array([0.74, 0.52, 0.26]) + disc.pallor * np.array([0.04, 0.16, 0.18])
    rim = Paint((0.34, 0.38, 0.38), (float(red), float(green), float(blue)))
    cup = Paint((0.12, 0.12, 0.12), (0.90, 0.84, 0.66))
    return (
        Marks("DISC", (disc.outline(),), rim, 1.0, softness=0.010),
        Marks("CUP", (disc.outline(disc.cup, disc.cup_shift),), cup, 0.9, softness=0.014),
    )


def _paint_vessels(picture: Picture, raster: Raster, eye: Eye) -> None:
    """Veins, arteries over them, and the light reflex along the large arteries."""
    arteries, veins = eye.vessels.of(artery=True), eye.vessels.of(artery=False)
    widths = arteries.widths * eye.artery_width
    artery = raster.stroke(arteries.paths, widths)
    vein = raster.stroke(veins.paths, veins.widths)
    if eye.nicking:
        vein = _nick(vein, artery, raster, eye)
    on_disc = raster.coverage(raster.fill([eye.disc.outline(0.95)]), 0.02)
    seen = 1 - 0.4 * on_disc
    over = raster.coverage(artery, 0.003) * seen
    _paint(picture, raster.coverage(vein, 0.003) * (seen - over), VEIN)
    _paint(picture, over, ARTERY)
    large = widths.max(axis=1) > 0.008
    reflex = raster.stroke(arteries.paths[large], 0.3 * widths[large])
    _paint(picture, raster.coverage(reflex) * seen, REFLEX)


def _nick(
    vein: npt.NDArray[np.uint8], artery: npt.NDArray[np.uint8], raster: Raster, eye: Eye
) -> npt.NDArray[np.uint8]:
    """Veins vanish beside the arteries that cross them, but not on the way out of the disc."""
    reach = 2 * round(0.022 * raster.radius * raster.fineness) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    beside = cv2.dilate(artery, kernel).astype(np.float32) / 255
    beside[raster.fill([eye.disc.outline(2.0)]) > 0] = 0
    return np.asarray(vein * (1 - eye.nicking * beside), dtype=np.uint8)


def _light(raster: Raster, rng: np.random.Generator) -> Map:
    """Illumination: brightest near the middle, darker to the rim, with a halo on one side."""
    x, y = raster.grid
    light = 1.08 - np.float32(rng.uniform(0.20, 0.50)) * (
        raster.distance(rng.normal(scale=0.16, size=2)) ** 2
    )
    angle = rng.uniform(0, 2 * np.pi)
    side = 0.5 + 0.5 * (x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle)))
    rim = np.clip((np.hypot(x, y) - 0.80) / 0.2, 0, 1) ** 2
    halo = np.float32(rng.beta(1, 2) * 0.55)
    return np.asarray(np.maximum(light, 0.15) + halo * rim * side, dtype=np.float32)


def _aperture(raster: Raster, eye: Eye) -> Map:
    """1 where the camera sees the eye, 0 in the black surround, one pixel of transition."""
    x, y = raster.grid
    inside = np.minimum(1 - np.hypot(x, y), eye.cut - np.abs(y))
    return np.asarray(np.clip(inside * np.float32(raster.radius) + 0.5, 0, 1))


def _expose(
    picture: Picture, raster: Raster, eye: Eye, light: Map, spec: EyeSpec
) -> npt.NDArray[np.uint8]:
    """Media, optics and sensor: haze, blur, noise, tone curve, aperture, 8 bits."""
    camera, rng = spec.rng("camera", shared=True), spec.rng("sensor")
    haze = np.float32(eye.haze)
    picture *= 1 - haze
    picture += _colour(VEIL) * np.float32(camera.uniform(0.8, 1.1)) * haze * (0.5 + 0.5 * light)
    image = raster.blur(np.ascontiguousarray(picture.transpose(1, 2, 0)), eye.blur)
    image += 0.012 * rng.standard_normal((raster.size, raster.size, 1), dtype=np.float32)
    image += 0.006 * raster.noise(rng, -(-raster.size // 8), channels=3)
    np.clip(image, 0, 1, out=image)
    image **= np.float32(camera.uniform(0.85, 1.15))
    image *= 255 * _aperture(raster, eye)[:, :, None]
    return np.rint(image).astype(np.uint8)
