"""How much of a map lies inside the lesions: energy, and the pointing game."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import POINTING, OpenedPictures, Ready, Rows, Work
from ltmlbench_vision.cam import Maps, enlarge

if TYPE_CHECKING:
    import pandas as pd

Mask = npt.NDArray[np.bool_]


BLACK = 10
"""Pixels whose largest channel is at most this show nothing: the surround of a photograph."""


def pointing_game(
    work: Work, rows: Rows, labels: Rows, packed: npt.NDArray[np.uint8], cams: Maps
) -> pd.DataFrame:
    """One row per label, means over its pictures.

    ``energy`` is the share of the enlarged CAM inside the lesion (the energy-based pointing game of
    Wang et al., Score-CAM, 2020); ``hits`` the share of pictures where the strongest cell of the
    feature map holds a part of the lesion (the pointing game of Zhang et al., Excitation Backprop,
    2016, with the cell as its tolerance, which is ours). The same of a map that is uniform over
    what the picture shows: ``energy_uniform``, ``hits_uniform``. A CAM that is 0 everywhere points
    nowhere: it is counted in ``empty`` and left out of ``energy`` and ``hits``.

    Args:
        rows, labels, packed: as `ltmlbench_vision.gradcam.Evidence` leaves them.
        cams: M×h×w.
    """
    import pandas as pd

    opened = Ready().opened(work)
    assert isinstance(opened, OpenedPictures), "planned only where there are pictures"
    pixels = opened.array
    size = pixels.shape[1]
    h, w = cams.shape[1:]
    found = []
    for row, c, bits, cam in zip(rows, labels, packed, cams, strict=True):
        mask = np.unpackbits(bits, axis=1, count=size).astype(bool)
        seen = pixels[row].max(axis=2) > BLACK
        found.append((c, *score(cam, mask, seen)))
    frame = pd.DataFrame(found, columns=["label", *POINTING[3:7]])
    groups = frame.groupby("label")
    table = groups.mean()
    table.insert(0, "samples", groups.size())
    table.insert(1, "empty", frame["energy"].isna().groupby(frame["label"]).sum())
    table["cells"] = f"{h}×{w}"
    table.index = table.index.map(dict(enumerate(work.task.samples.labels.names)))
    return table.reset_index()


def score(cam: Maps, mask: Mask, seen: Mask) -> tuple[float, float, float, float]:
    """``energy``, ``energy_uniform``, ``hits``, ``hits_uniform`` of one picture; see
    `pointing_game`. NaN for the energy and hit of an empty CAM.

    Args:
        cam: h×w; mask, seen: S×S, the lesion and what the picture shows.
    """
    cells = holding(mask, cam.shape)
    uniform = float((mask & seen).sum() / max(seen.sum(), 1))
    chance = float(cells.sum() / max((holding(seen, cam.shape) | cells).sum(), 1))
    if cam.max() <= 0:
        return float("nan"), uniform, float("nan"), chance
    large = enlarge(cam[None], len(mask))[0].astype(np.float64)
    return float(large[mask].sum() / large.sum()), uniform, float(cells.flat[cam.argmax()]), chance


def holding(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """h×w cells: whether the centre of a pixel of the S×S mask is in them."""
    h, w = shape
    y, x = np.nonzero(mask)
    cells = np.zeros((h, w), dtype=bool)
    cells[(2 * y + 1) * h // (2 * len(mask)), (2 * x + 1) * w // (2 * len(mask))] = True
    return cells
