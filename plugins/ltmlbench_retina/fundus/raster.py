"""From shapes in eye coordinates to coverage maps of pixels, the same eye at every size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""Coordinates, … × 2 (x, y)."""
Map = npt.NDArray[np.float32]
"""One number per pixel, size × size."""

REACH = 0.98
"""Radius of the aperture as a share of half the picture."""
_FRACTION_BITS = 4


@dataclass(frozen=True)
class Raster:
    """A picture's pixels, ``size`` × ``size``; shapes are drawn on a finer canvas.

    Args:
        mirrored: flip left and right (a left eye).
    """

    size: int
    mirrored: bool = False

    @property
    def fineness(self) -> int:
        """Canvas pixels per picture pixel: enough for thin vessels in small pictures."""
        return max(2, -(-512 // self.size))

    @property
    def radius(self) -> float:
        """Pixels of the picture per unit of eye coordinates."""
        return REACH * self.size / 2

    @cached_property
    def grid(self) -> tuple[Map, Map]:
        """Eye coordinates x, y of the pixel centres."""
        axis = ((np.arange(self.size) + 0.5) * 2 / self.size - 1) / REACH
        x, y = np.meshgrid(-axis if self.mirrored else axis, axis)
        return x.astype(np.float32), y.astype(np.float32)

    def distance(self, centre: Points) -> Map:
        """Distance of every pixel from a point."""
        x, y = self.grid
        return np.asarray(np.hypot(x - np.float32(centre[0]), y - np.float32(centre[1])))

    def fill(self, outlines: Iterable[Points]) -> npt.NDArray[np.uint8]:
        """Canvas with closed shapes (each k×2) filled: 255 inside."""
        canvas = self._canvas()
        for outline in outlines:
            cv2.fillPoly(canvas, [self._fixed(outline)], 255, shift=_FRACTION_BITS)
        return canvas

    def stroke(self, paths: Points, widths: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
        """Canvas with n paths (n×k×2) drawn as wide as ``widths`` (n×k) says, 0 for a gap.

            Fine canvases need no smooth edges, which take three times as long.
        A stroke finer than a canvas pixel is drawn one pixel wide and as much paler.
        """
        canvas = self._canvas()
        lines = np.stack([self._fixed(paths[:, :-1]), self._fixed(paths[:, 1:])], axis=2)
        pixels = (widths[:, 1:] + widths[:, :-1]) / 2 * self.radius * self.fineness
        pixels[widths[:, 1:] * widths[:, :-1] == 0] = 0
        thickness = np.where(pixels > 1, np.rint(pixels), np.ceil(pixels * 4) / 4)
        for value in np.unique(thickness[thickness > 0]):
            cv2.polylines(
                canvas,
                list(lines[thickness == value]),
                isClosed=False,
                color=255 * min(value, 1),
                thickness=max(int(value), 1),
                lineType=cv2.LINE_8 if self.fineness > 2 else cv2.LINE_AA,
                shift=_FRACTION_BITS,
            )
        return canvas

    def coverage(self, canvas: npt.NDArray[np.uint8], softness: float = 0) -> Map:
        """Share of every pixel that is covered, 0 to 1; edges ``softness`` (eye units) wide."""
        small = cv2.resize(canvas, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return self.blur(small.astype(np.float32) / np.float32(255), softness)

    def touched(self, canvas: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Pixels that the drawing touches: none of its shapes is lost, however small."""
        blocks = canvas.reshape(self.size, self.fineness, self.size, self.fineness)
        return np.asarray(blocks.max(axis=(1, 3)) > 127)

    def blur(self, image: Map, sigma: float) -> Map:
        """Gaussian blur, ``sigma`` in eye units."""
        pixels = sigma * self.radius
        if pixels < 0.25:
            return image
        return np.asarray(cv2.GaussianBlur(image, (0, 0), pixels), dtype=np.float32)

    def noise(self, rng: np.random.Generator, cells: int, channels: int = 1) -> Map:
        """Smooth noise, ``cells`` × ``cells`` normal values spread over the picture, the same at
        every size; size × size, or size × size × channels for more than one."""
        coarse = rng.standard_normal((cells, cells, channels), dtype=np.float32)
        shape = (self.size, self.size)
        method = cv2.INTER_AREA if cells > self.size else cv2.INTER_CUBIC
        field = np.asarray(cv2.resize(coarse, shape, interpolation=method), dtype=np.float32)
        return np.ascontiguousarray(field[:, ::-1]) if self.mirrored else field

    def _canvas(self) -> npt.NDArray[np.uint8]:
        side = self.size * self.fineness
        return np.zeros((side, side), dtype=np.uint8)

    def _fixed(self, points: Points) -> npt.NDArray[np.int32]:
        """Canvas coordinates in the fixed-point numbers that OpenCV draws with."""
        flip = np.array([-1.0 if self.mirrored else 1.0, 1.0])
        pixels = (points * flip * REACH + 1) / 2 * self.size * self.fineness - 0.5
        return np.asarray(np.rint(pixels * (1 << _FRACTION_BITS)), dtype=np.int32)
