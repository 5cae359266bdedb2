"""Picture files to square pictures: decoded at reduced scale, border cut away, resized."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltmlbench.errors import DataError

Image = npt.NDArray[np.uint8]

DECODER = "pillow-draft-1.5x/area/v2"
"""Decoder, scale rule and resize; part of the identity of decoded pictures, because a JPEG decoded
at reduced scale differs by about one grey level from one decoded in full."""


def read_rgb(path: Path, size: int) -> Image:
    """A picture H×W×3, RGB; JPEGs at the smallest power-of-two scale that keeps both sides at
    least 1.5 times ``size``, so that ``size`` pixels are left when the border has been cut away.

    Content narrower than 2/3 of the frame's shorter side is enlarged. Twice the size would differ
    by half a grey level less and cost 3 times as long (2592×1728 to 224 and 448 pixels).

    Grey, palette, CMYK, 16-bit and transparent pictures become RGB; EXIF rotation is not applied.

    Raises:
        DataError: the file cannot be read as a whole picture.
    """
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as file:
            if file.format == "JPEG" and file.mode in ("RGB", "L"):
                file.draft(file.mode, (3 * size // 2, 3 * size // 2))
            if file.mode.startswith("I") or file.mode == "F":
                return _from_deep(np.asarray(file))
            return np.asarray(file.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        cause = "empty file" if _is_empty(path) else " ".join(str(error).split())
        raise DataError(f"{path}: {cause}: get the file again, or remove it") from error


def _is_empty(path: Path) -> bool:
    try:
        return path.stat().st_size == 0
    except OSError:
        return False


def _from_deep(grey: npt.NDArray[np.generic]) -> Image:
    """16-bit or float grey to 8 bits by its own largest value."""
    values = grey.astype(np.float64)
    top = 65535.0 if values.max() > 255 else 255.0
    return np.repeat((values * (255 / top)).round().astype(np.uint8)[:, :, None], 3, axis=2)


def prepare(image: Image, size: int, border: int | None) -> Image:
    """A picture size×size×3: border cut away, padded to a square with black, resized.

    Args:
        border: rows and columns at the edge whose largest channel stays at or below this are
            border (a JPEG's black is not 0); None keeps the whole frame.
    """
    import cv2

    image = image[_frame(image, border)]
    height, width = image.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    square = cv2.copyMakeBorder(
        image, top, side - height - top, left, side - width - left, cv2.BORDER_CONSTANT, value=0
    )
    if side == size:
        return np.asarray(square)
    way = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size, size), interpolation=way))


def prepare_mask(
    mask: npt.NDArray[np.bool_], image: Image, size: int, border: int | None
) -> npt.NDArray[np.uint8]:
    """The mask size×size of 0 and 1 that lies on ``prepare(image, size, border)``.

    A pixel is set if the centre of any lesion pixel lies in it, so that lesions of one pixel stay;
    where the mask is made larger, also if its own centre lies in a lesion pixel.

    Args:
        mask: of the same scene as ``image``, at any resolution.
    """
    import cv2

    rows, columns = _frame(image, border)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    side = max(height, width)
    warp = np.zeros((2, 3))  # from positions in the mask to positions in the prepared picture
    content = []  # columns and rows of the result that are no padding
    for axis, (kept, length) in enumerate(((columns, width), (rows, height))):
        scale = image.shape[1 - axis] / mask.shape[1 - axis]
        first = (side - length) // 2
        warp[axis, axis] = scale * size / side
        warp[axis, 2] = (first - kept.start) * size / side
        content.append(slice(first * size // side, -(-(first + length) * size // side)))
    out = np.zeros((size, size), dtype=np.uint8)
    if warp[0, 0] > 1 or warp[1, 1] > 1:
        centred = warp.copy()  # pixel centres lie at +0.5
        centred[:, 2] += 0.5 * (warp[0, 0] - 1), 0.5 * (warp[1, 1] - 1)
        cv2.warpAffine(
            mask.astype(np.uint8), centred, (size, size), dst=out, flags=cv2.INTER_NEAREST
        )
    y, x = np.nonzero(mask)
    at_y = np.floor((y + 0.5) * warp[1, 1] + warp[1, 2]).astype(np.int64)
    at_x = np.floor((x + 0.5) * warp[0, 0] + warp[0, 2]).astype(np.int64)
    inside = (at_y >= 0) & (at_y < size) & (at_x >= 0) & (at_x < size)
    out[at_y[inside], at_x[inside]] = 1
    shown = np.zeros_like(out)  # what was marked in the border is not drawn on the padding
    shown[content[1], content[0]] = out[content[1], content[0]]
    return shown


def _frame(image: Image, border: int | None) -> tuple[slice, slice]:
    """The bounding box of what is not border; all of the picture without a ``border``. A few hot
    pixels make no row content: 1 % must be brighter (at least 2 pixels). A picture without content
    is kept whole."""
    whole = slice(0, image.shape[0]), slice(0, image.shape[1])
    if border is None:
        return whole
    bright = image.max(axis=2) > border
    box = []
    for axis in (1, 0):
        enough = np.flatnonzero(bright.sum(axis=axis) >= max(2, 0.01 * bright.shape[axis]))
        if len(enough) == 0:
            return whole
        box.append(slice(int(enough[0]), int(enough[-1]) + 1))
    return box[0], box[1]
