"""ChestMNIST: pictures and labels in one npz file."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ltmlbench.plugin import (
    DataError,
    Dataset,
    Image,
    LabelMatrix,
    Protocol,
    RequestError,
    Samples,
    refuse_unless_regular,
)

LABELS = (
    "atelectasis",
    "cardiomegaly",
    "effusion",
    "infiltration",
    "mass",
    "nodule",
    "pneumonia",
    "pneumothorax",
    "consolidation",
    "edema",
    "emphysema",
    "fibrosis",
    "pleural",
    "hernia",
)
PARTS = ("train", "val", "test")
PROTOCOL = Protocol(
    unit="picture",
    headline=("macro_auc", "map", "micro_f1", "macro_f1"),
    head=1000,
    tail=100,
    counted_in="train",
)
"""Head and tail as NIH-CXR-LT parts the same pictures (ours)."""

NO_PATIENTS = (
    "ChestMNIST names no patients, so pictures of one patient cannot be kept together in folds; "
    "its parts are not NIH's official lists: its scores and those of nih-cxr cannot be compared"
)


class ChestMnist(Dataset):
    """ChestMNIST: ``chestmnist.npz`` (28 pixels) or ``chestmnist_64.npz``, ``_128``, ``_224``;
    ``--data-dir`` names the file or the folder with one of them.

    Parts train, val and test are MedMNIST's own. The file names no patients.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 64, "folds": "official", "epochs": 8}

    def load(self, folder: Path | None) -> Samples:
        if folder is None:
            raise RequestError("chestmnist needs its file: --data-dir /path/to/chestmnist.npz")
        path = _file(folder.absolute())
        _arrays.cache_clear()  # the file may have been got again
        pictures, Y, parts = _arrays(path)
        ids = tuple(f"{part}/{row}" for part in PARTS for row in range(parts.count(part)))
        return Samples(
            ids=ids,
            groups=ids,
            labels=LabelMatrix(Y, LABELS),
            content=tuple(_digest(picture) for picture in pictures),
            read=_Reader(path),
            protocol=PROTOCOL,
            official=parts,
            notes=(NO_PATIENTS,),
        )


@dataclass(frozen=True)
class _Reader:
    """Reads the picture of a row; every process opens the file once."""

    path: Path

    def __call__(self, row: int, size: int) -> Image:
        picture = _arrays(self.path)[0][row]
        if picture.ndim == 2:
            picture = np.repeat(picture[:, :, None], 3, axis=2)
        return np.ascontiguousarray(picture)


def _file(given: Path) -> Path:
    if given.suffix == ".npz" or given.is_file():
        return given
    found = sorted(given.glob("chestmnist*.npz")) if given.is_dir() else []
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        problem = f"several files are in it ({names})" if found else "no chestmnist.npz is in it"
        raise DataError(f"{given}: {problem}: name one, --data-dir /path/to/chestmnist.npz")
    return found[0]


@lru_cache(maxsize=1)
def _arrays(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any], tuple[str, ...]]:
    """Pictures N×H×W (grey) or N×H×W×3, labels N×14, and the part of each.

    Raises:
        DataError: it is no npz file of ChestMNIST.
    """
    try:
        refuse_unless_regular(path)
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        cause = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: cannot be read ({cause}): get the file again") from error
    wanted = [f"{part}_{kind}" for part in PARTS for kind in ("images", "labels")]
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise DataError(f"{path}: no {', '.join(missing)} in it: not the file of ChestMNIST")
    pictures = [arrays[f"{part}_images"] for part in PARTS]
    labels = [arrays[f"{part}_labels"] for part in PARTS]
    for part, shown, told in zip(PARTS, pictures, labels, strict=True):
        if shown.dtype != np.uint8 or shown.ndim not in (3, 4) or len(shown) != len(told):
            raise DataError(f"{path}: {part}_images are no 8-bit pictures, one per row of labels")
        if told.shape[1:] != (len(LABELS),):
            raise DataError(
                f"{path}: {part}_labels has the shape {told.shape}, N×{len(LABELS)} is needed: "
                "not the file of ChestMNIST"
            )
    parts = tuple(part for part, told in zip(PARTS, labels, strict=True) for _ in told)
    return np.concatenate(pictures), np.concatenate(labels), parts


def _digest(picture: npt.NDArray[np.uint8]) -> str:
    return hashlib.sha256(repr(picture.shape).encode() + picture.tobytes()).hexdigest()
