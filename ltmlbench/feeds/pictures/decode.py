"""Picture files to square pictures: decoded at reduced scale, border cut away, resized."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ltmlbench.data.files import refuse_unless_regular
from ltmlbench.errors import DataError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

Image = npt.NDArray[np.uint8]

DECODER = "pillow-draft-1.5x/own-range/area-pad/v3"
"""Decoder, rule for deep pictures, resize; part of the identity of decoded pictures, because a JPEG
decoded at reduced scale differs by about one grey level from one decoded in full."""

MOST_PIXELS = 100_000_000
"""A picture of more pixels is refused: decoded, it needs 3 bytes each in every worker (ours)."""

FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""No others are tried: some decoders start other programs (PostScript)."""

MEND = "get the file again, or remove it"


@contextmanager
def open_picture(path: Path, mend: str = MEND) -> Iterator[ImageFile]:
    """A picture file, its head read; decode it inside the context.

    Args:
        mend: what to do about a damaged file, the end of the error line.

    Raises:
        DataError: not a regular file, not a picture, damaged, or too large. Where the system could
            not read it, the cause is the `OSError` (see `files.may_pass`).
    """
    from PIL import Image as Pillow

    try:
        refuse_unless_regular(path)
        with warnings.catch_warnings():  # the limit is checked below, in one line
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            file = Pillow.open(path, formats=FORMATS)
        with file:
            _refuse_absurd(path, file.size)
            yield file
    except DataError:
        raise
    except Exception as error:  # a damaged file makes a decoder raise anything
        raise DataError(f"{path}: {_cause(path, error, mend)}") from error


def _refuse_absurd(path: Path, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise DataError(
            f"{path}: {width}×{height} pixels, at most {MOST_PIXELS // 10**6} million are read: "
            "make it smaller, or remove it"
        )


def _cause(path: Path, error: Exception, mend: str) -> str:
    from PIL import UnidentifiedImageError
    from PIL.Image import DecompressionBombError

    if isinstance(error, MemoryError):
        return "not enough memory to decode it: make it smaller, or use fewer workers"
    if isinstance(error, OSError) and error.errno is not None:
        return f"cannot be read ({error.strerror})"
    if isinstance(error, DecompressionBombError):
        return f"more than {MOST_PIXELS // 10**6} million pixels: make it smaller, or remove it"
    if isinstance(error, UnidentifiedImageError):
        empty = path.stat().st_size == 0
        cause = "empty file" if empty else f"not a picture in a known format ({', '.join(FORMATS)})"
    else:
        cause = " ".join(str(error).split()) or type(error).__name__
    return f"{cause}: {mend}"


def read_rgb(path: Path, size: int) -> Image:
    """A picture H×W×3, RGB; JPEGs at the smallest power-of-two scale that keeps both sides at
    least 1.5 times ``size``, so that ``size`` pixels are left when the border has been cut away.

    Content narrower than 2/3 of the frame's shorter side is enlarged. Twice the size would differ
    by half a grey level less and cost 3 times as long (2592×1728 to 224 and 448 pixels).

    Grey, palette, CMYK and transparent pictures become RGB; of more than 8 bits per channel, the
    picture's own lowest to highest value become 0 to 255, because files of 10, 12 and 16 bits do
    not say which they are. EXIF rotation is not applied.

    Raises:
        DataError: the file cannot be read as a whole picture.
    """
    with open_picture(path) as file:
        if file.format == "JPEG" and file.mode in ("RGB", "L"):
            file.draft(file.mode, (3 * size // 2, 3 * size // 2))
        if file.mode.startswith("I") or file.mode == "F":
            return _own_range(np.asarray(file)[:, :, None])
        if _has_deep_channels(file):
            return _own_range(_deep_channels(path))
        return np.asarray(file.convert("RGB"))


def _has_deep_channels(file: ImageFile) -> bool:
    """16 bits per colour, of which Pillow would keep the upper 8 alone."""
    return any(";16" in str(tile.args) for tile in file.tile)


def _deep_channels(path: Path) -> npt.NDArray[np.generic]:
    """H×W×3 in RGB order, 16 bits; transparency is left out, as it is for 8 bits."""
    import cv2

    data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image: Any = cv2.imdecode(data, flags)
    if image is None:
        raise ValueError("damaged 16-bit picture")
    return np.asarray(image[:, :, ::-1])  # its own change to RGB leaves TIFFs as they are


def _own_range(values: npt.NDArray[np.generic]) -> Image:
    """H×W×1 or H×W×3 to H×W×3 of 8 bits: lowest to highest value of all channels become 0 to 255;
    a picture of one value takes the range of its type."""
    deep = values.astype(np.float64)
    if not np.isfinite(deep).all():
        raise ValueError("holds values that are not finite")
    low, high = float(deep.min()), float(deep.max())
    if low == high:
        low, high = 0.0, 65535.0 if high > 255 else 255.0
    grey = ((deep - low) * (255 / (high - low))).round().clip(0, 255).astype(np.uint8)
    return np.broadcast_to(grey, (*grey.shape[:2], 3)).copy()


def squared(image: Image, size: int, border: int | None) -> Image:
    """A picture size×size×3: border cut away, resized, padded to a square with black.

    Args:
        border: rows and columns at the edge whose largest channel stays at or below this are
            border (a JPEG's black is not 0); None keeps the whole frame.
    """
    import cv2

    image = image[_frame(image, border)]
    height, width = image.shape[:2]
    rows, columns = _placed(height, width, size)
    square = np.zeros((size, size, 3), dtype=np.uint8)
    if max(height, width) == size:
        square[rows, columns] = image
        return square
    way = cv2.INTER_AREA if max(height, width) > size else cv2.INTER_LINEAR
    wanted = (columns.stop - columns.start, rows.stop - rows.start)
    square[rows, columns] = cv2.resize(image, wanted, interpolation=way)
    return square


def _placed(height: int, width: int, size: int) -> tuple[slice, slice]:
    """Rows and columns of the square that content of this shape fills. It is resized before it is
    padded: the square around a strip of 900,000 pixels would not fit into memory."""
    side = max(height, width)
    placed = []
    for length in (height, width):
        filled = max(1, round(length * size / side))
        first = (size - filled) // 2
        placed.append(slice(first, first + filled))
    return placed[0], placed[1]


def squared_mask(
    mask: npt.NDArray[np.bool_], image: Image, size: int, border: int | None
) -> npt.NDArray[np.uint8]:
    """The mask size×size of 0 and 1 that lies on ``squared(image, size, border)``.

    A pixel is set if the centre of any pixel of the mask lies in it, so that structures of one
    pixel stay; where the mask is made larger, also if its own centre lies in a pixel of it.

    Args:
        mask: of the same scene as ``image``, at any resolution.
    """
    import cv2

    rows, columns = _frame(image, border)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    content = _placed(height, width, size)  # rows and columns of the result that are no padding
    warp = np.zeros((2, 3))  # from positions in the mask to positions in the prepared picture
    for axis, (kept, length) in enumerate(((columns, width), (rows, height))):
        filled = content[1 - axis]
        scale = (filled.stop - filled.start) / length
        warp[axis, axis] = scale * image.shape[1 - axis] / mask.shape[1 - axis]
        warp[axis, 2] = filled.start - kept.start * scale
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
    shown[content] = out[content]
    return shown


def _frame(image: Image, border: int | None) -> tuple[slice, slice]:
    """The bounding box of what is not border; all of the picture without a ``border``. A few hot
    pixels make no row content: 1 % must be brighter (at least 2 pixels). A picture without content
    is kept whole."""
    whole = slice(0, image.shape[0]), slice(0, image.shape[1])
    if border is None:
        return whole
    red, green, blue = (image[:, :, c] for c in range(3))
    bright = np.maximum(np.maximum(red, green), blue) > border  # max(axis=2) takes 5 times as long
    box = []
    for axis in (1, 0):
        enough = np.flatnonzero(bright.sum(axis=axis) >= max(2, 0.01 * bright.shape[axis]))
        if len(enough) == 0:
            return whole
        box.append(slice(int(enough[0]), int(enough[-1]) + 1))
    return box[0], box[1]
