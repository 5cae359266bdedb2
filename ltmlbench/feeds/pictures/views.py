"""Random views of pictures: cheap, per sample, and the same for every method of a fold.

The parameters of a view are a hash of (seed, epoch, sample, how often the sample came before in
this epoch): neither batches, order nor processes change them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from ltmlbench.contracts.feed import ByteBatch
from ltmlbench.feeds.draws import uniform

Images = npt.NDArray[np.uint8]
Batch = npt.NDArray[np.float32]
VIEWS = "affine+colour/v1"
"""How views are made; part of the identity: to be changed when the same options give others."""
BYTES = "colours-on-device/v1"
"""How the colours of bytes are changed on the device (`training.views.shown`)."""
_LUMA = np.array([0.299, 0.587, 0.114])


class Augment(BaseModel):
    """Ranges of the random views. Flip, rotation, scale and shift in one affine warp; brightness,
    contrast and saturation in one linear map of the colours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flip: bool = Field(True, description="mirror half of the views left to right")
    rotate: float = Field(15.0, ge=0, le=180, description="degrees, each way")
    scale: float = Field(0.1, ge=0, lt=1, description="relative size, each way")
    shift: float = Field(0.05, ge=0, lt=1, description="share of the side, each way")
    brightness: float = Field(0.1, ge=0, lt=1, description="share of full white, each way")
    contrast: float = Field(0.15, ge=0, lt=1, description="relative, about mid-grey")
    saturation: float = Field(0.15, ge=0, lt=1, description="relative, each way")

    def __call__(
        self,
        images: Images,
        rows: npt.NDArray[np.int64],
        occurrence: npt.NDArray[np.int64],
        *,
        seed: int,
        epoch: int,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> Batch:
        """Normalised views B×3×S×S of B×S×S×3 pictures (channels-last in memory: that is how the
        pictures lie, and what convolutions here are quickest with).

        Args:
            rows: B, which sample each picture is.
            occurrence: B, how often the sample came earlier in this epoch.
        """
        import cv2

        warped, colours = self.as_bytes(
            images, rows, occurrence, seed=seed, epoch=epoch, mean=mean, std=std
        )
        views = np.empty(images.shape, dtype=np.float32)
        for view, image, colour in zip(views, warped, colours, strict=True):
            cv2.transform(image.astype(np.float32), colour, dst=view)
        return views.transpose(0, 3, 1, 2)

    def as_bytes(
        self,
        images: Images,
        rows: npt.NDArray[np.int64],
        occurrence: npt.NDArray[np.int64],
        *,
        seed: int,
        epoch: int,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> ByteBatch:
        """The same views, warped; their colours are still to be mapped."""
        import cv2

        cv2.setNumThreads(0)  # batches have their own threads; more would fight with torch
        draws = uniform(seed, epoch, rows, occurrence, 8) * 2 - 1  # each in [-1, 1)
        warps = self._warps(draws, images.shape[1])
        views, size = np.empty(images.shape, dtype=np.uint8), (images.shape[2], images.shape[1])
        for view, image, warp in zip(views, images, warps, strict=True):
            cv2.warpAffine(image, warp, size, dst=view, flags=cv2.INTER_LINEAR)
        return ByteBatch(views, self._colours(draws, mean, std))

    def warp_masks(
        self,
        masks: Images,
        rows: npt.NDArray[np.int64],
        occurrence: npt.NDArray[np.int64],
        *,
        seed: int,
        epoch: int,
    ) -> Batch:
        """B×L×S×S masks of the same views, from B×S×S×L masks of 0 and 1 (nearest neighbour)."""
        import cv2

        warps = self._warps(uniform(seed, epoch, rows, occurrence, 8) * 2 - 1, masks.shape[1])
        size = (masks.shape[2], masks.shape[1])
        warped = np.zeros((len(masks), masks.shape[3], *masks.shape[1:3]), dtype=np.float32)
        for b, c in np.argwhere(masks.any(axis=(1, 2))):
            layer = np.ascontiguousarray(masks[b, :, :, c])
            warped[b, c] = cv2.warpAffine(layer, warps[b], size, flags=cv2.INTER_NEAREST)
        return warped

    def _warps(self, draws: npt.NDArray[np.float64], side: int) -> npt.NDArray[np.float64]:
        """B×2×3 affine maps about the centre."""
        angle = np.deg2rad(self.rotate) * draws[:, 0]
        zoom = 1 + self.scale * draws[:, 1]
        mirror = np.where(self.flip & (draws[:, 2] < 0), -1.0, 1.0)
        cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
        centre = (side - 1) / 2
        warps = np.empty((len(draws), 2, 3))
        warps[:, 0, 0], warps[:, 0, 1] = cos * mirror, -sin
        warps[:, 1, 0], warps[:, 1, 1] = sin * mirror, cos
        middle = warps[:, :, :2] @ np.array([centre, centre])
        warps[:, :, 2] = centre - middle + self.shift * side * draws[:, 3:5]
        return warps

    def _colours(
        self, draws: npt.NDArray[np.float64], mean: Sequence[float], std: Sequence[float]
    ) -> npt.NDArray[np.float32]:
        """B×3×4 maps from pixels in 0..255 to normalised values; pixels are not clipped between."""
        contrast = (1 + self.contrast * draws[:, 6])[:, None, None]
        saturation = (1 + self.saturation * draws[:, 7])[:, None, None]
        mix = saturation * np.identity(3) + (1 - saturation) * _LUMA  # grey stays grey
        linear = contrast * mix / 255
        offset = 0.5 * (1 - contrast[:, 0]) + self.brightness * draws[:, 5, None]
        scale = 1 / np.asarray(std)
        maps = np.empty((len(draws), 3, 4), dtype=np.float32)
        maps[:, :, :3] = linear * scale[:, None]
        maps[:, :, 3] = (offset - np.asarray(mean)) * scale
        return maps


def plain(images: Images, mean: Sequence[float], std: Sequence[float]) -> Batch:
    """Normalised pictures B×3×S×S (channels-last in memory) without any change of view."""
    import cv2

    scale = (1 / (255 * np.asarray(std))).astype(np.float32)
    offset = (-np.asarray(mean) / np.asarray(std)).astype(np.float32)
    table = np.arange(256, dtype=np.uint8)[:, None] * scale + offset  # 256×3, all there can be
    flat = cv2.LUT(images.reshape(-1, images.shape[2], 3), table[None])
    return np.asarray(flat, dtype=np.float32).reshape(images.shape).transpose(0, 3, 1, 2)


def plain_bytes(images: Images, mean: Sequence[float], std: Sequence[float]) -> ByteBatch:
    """The same pictures; their colours are still to be mapped."""
    scale = 1 / np.asarray(std)
    one = np.hstack([np.diag(scale / 255), (-np.asarray(mean) * scale)[:, None]])
    return ByteBatch(images, np.broadcast_to(one, (len(images), 3, 4)).astype(np.float32))
