"""A data set's samples with its readers checked: what a plugin returns is a picture, or one line
says which sample of which data set is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Image
from ltmlbench.contracts import Dataset
from ltmlbench.data.samples import Samples
from ltmlbench.errors import DataError, LtmlbenchError


class ReaderError(LtmlbenchError):
    """A data set's reader does not keep its contract: its code is to be mended, not a picture."""


def load_samples(dataset: Dataset, folder: Path | None, name: str) -> Samples:
    """The samples of a data set as the bench uses them: readers checked, identical pictures noted.

    Args:
        name: what the user called the data set; begins the error lines of its readers.

    Raises:
        DataError: as `Dataset.load`, or it returned something else.
    """
    samples: Any = dataset.load(folder)
    if not isinstance(samples, Samples):
        raise DataError(f"{name}: load returned {type(samples).__name__}, not Samples")
    notes = repeated_content(samples)
    if notes and "drop_duplicates" in type(dataset).model_fields:
        notes = [f"{note}; drop_duplicates=true keeps the first of each" for note in notes]
    return checked(replace(samples, notes=(*samples.notes, *notes)), name)


def repeated_content(samples: Samples) -> list[str]:
    """A note if samples of different groups are the same file, byte for byte.

    One could then be trained on and its copy tested. A copy that was encoded again, cropped or
    mirrored in its file is another file, and out of reach of digests.
    """
    if len(set(samples.files)) == len(samples):
        return []
    rows: dict[str, list[int]] = {}
    for row, file in enumerate(samples.files):
        rows.setdefault(file, []).append(row)
    shared = [same for same in rows.values() if len({samples.groups[row] for row in same}) > 1]
    if not shared:
        return []
    unit, group = samples.protocol.unit, samples.protocol.group_unit or "group"
    examples = "; ".join(" = ".join(samples.ids[row] for row in same[:3]) for same in shared[:3])
    return [
        f"{sum(map(len, shared))} {unit}s of different {group}s are {len(shared)} files, byte for "
        f"byte ({examples}{'; ...' if len(shared) > 3 else ''}): one may be trained on and its "
        "copy tested"
    ]


def checked(samples: Samples, name: str = "") -> Samples:
    """The same samples; reading one gives what `Samples` promises or raises one line about it."""
    where = f"{name}: " if name else ""
    read, masks, vectors = samples.read, samples.masks, samples.vectors
    return replace(
        samples,
        read=read and CheckedReader(read, samples.ids, where),
        masks=masks and CheckedReader(masks, samples.ids, where, len(samples.structures)),
        vectors=vectors and CheckedVectors(vectors, where),
    )


@dataclass(frozen=True)
class _Sent:
    """Reaches worker processes although ``read`` is a lambda or a class of a script."""

    read: Callable[..., Any]

    def __getstate__(self) -> dict[str, Any]:
        import cloudpickle

        try:
            return {**self.__dict__, "read": cloudpickle.dumps(self.read)}
        except Exception as error:  # whatever the reader holds refuses in its own way
            raise ReaderError(
                f"{self._place}cannot be sent to worker processes ({error}): let it hold paths and "
                "numbers, and open files when it is called"
            ) from error

    def __setstate__(self, state: dict[str, Any]) -> None:
        import cloudpickle

        self.__dict__.update({**state, "read": cloudpickle.loads(state["read"])})

    @property
    def _place(self) -> str:
        return "its reader "

    def _called(self, place: str, *arguments: Any) -> Any:
        """What the reader returns, or one line about what it raises.

        Raises:
            DataError: the file is damaged, or cannot be read (its cause tells the two apart).
            ReaderError: the reader raised something else.
        """
        try:
            return self.read(*arguments)
        except LtmlbenchError:
            raise
        except (OSError, MemoryError) as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise DataError(f"{place}: {text}") from error
        except Exception as error:
            text = " ".join(str(error).split())
            raise ReaderError(f"{place} raised {type(error).__name__}: {text}") from error


@dataclass(frozen=True)
class CheckedReader(_Sent):
    """Reads a picture, or with ``layers`` the masks of a picture, and looks at what came."""

    ids: tuple[str, ...]
    where: str = ""
    layers: int | None = None

    def __call__(self, row: int, size: int) -> Image:
        """As `Samples.read`, or as `Samples.masks`.

        Raises:
            DataError: the file is damaged, or cannot be read.
            ReaderError: the reader raised something else, or returned no picture.
        """
        place = f"{self.where}sample {self.ids[row]}: {self._call}"
        image = self._called(place, row, size)
        wanted = self._wanted(image, size)
        if wanted:
            got = f"{image.shape} {image.dtype}" if isinstance(image, np.ndarray) else repr(image)
            raise ReaderError(f"{place} returned {got[:80]}, not {wanted}")
        return image  # type: ignore[no-any-return]

    @property
    def _call(self) -> str:
        return "read" if self.layers is None else "masks"

    @property
    def _place(self) -> str:
        return f"{self.where}{self._call} "

    def _wanted(self, image: Any, size: int) -> str:
        """What the result should have been; nothing if it is that."""
        right = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3
        if self.layers is None:
            return "" if right and image.shape[2] == 3 and image.size else "HxWx3 uint8"
        if right and image.shape == (size, size, self.layers) and image.max(initial=0) <= 1:
            return ""
        return f"({size}, {size}, {self.layers}) uint8 of 0 and 1"


@dataclass(frozen=True)
class CheckedVectors(_Sent):
    """Reads all vectors; what they have to be is checked by their feed."""

    where: str = ""

    def __call__(self) -> npt.NDArray[Any]:
        return np.asarray(self._called(self._place.rstrip()))

    @property
    def _place(self) -> str:
        return f"{self.where}vectors "


def finite_vectors(samples: Samples) -> npt.NDArray[np.float32]:
    """The vectors of a data set, N×D.

    Raises:
        DataError: there are none, they have another shape, or hold gaps or infinite numbers.
    """
    if samples.vectors is None:
        raise DataError("the data set has no vectors: another feed has to be asked for")
    values = np.asarray(samples.vectors(), dtype=np.float32)
    if values.ndim != 2 or len(values) != len(samples) or values.shape[1] == 0:
        raise DataError(
            f"features of shape {values.shape} for {len(samples)} samples: a row per sample, "
            "at least one column"
        )
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise DataError(
            f"the features of {len(bad)} samples hold gaps or infinite numbers, such as those "
            f"of {samples.ids[bad[0]]}: fill them in, or leave these samples out"
        )
    return values
