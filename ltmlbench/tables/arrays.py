"""NumPy's .npz and .npy and SciPy's sparse .npz.

Sizes and indices are checked before NumPy makes room and SciPy's compiled code follows an index:
a damaged or hostile file would end the process otherwise.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import IO, Any

import numpy as np

from ltmlbench.errors import DataError
from ltmlbench.tables.options import FileOptions
from ltmlbench.tables.packed import Packed
from ltmlbench.tables.table import HowRead, Table
from ltmlbench.tables.words import listed

_MOST_ROWS = 1_000_000_000


class Arrays(Mapping[str, Any]):
    """The arrays of an .npz, each loaded when it is asked for."""

    def __init__(self, packed: Packed) -> None:
        self._content: Any = packed.path if packed.compression is None else packed.content()
        with self._archive() as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
        self._names = [name.removesuffix(".npy") for name in names]

    def _archive(self) -> zipfile.ZipFile:
        packed = isinstance(self._content, bytes)
        return zipfile.ZipFile(io.BytesIO(self._content) if packed else self._content)

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        with self._archive() as archive, archive.open(f"{name}.npy") as stream:
            return _load(stream, archive.getinfo(f"{name}.npy").file_size, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def shape(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Shape and type of an array that is not loaded."""
        with self._archive() as archive, archive.open(f"{name}.npy") as stream:
            return _header(stream)


def read_npz(packed: Packed, options: FileOptions, texts: Collection[str]) -> Table:
    """Arrays by name, or one sparse matrix of SciPy, called ``Y``."""
    import pandas as pd

    raw = io.BytesIO(packed.content()) if packed.compression else packed.path
    if not zipfile.is_zipfile(raw):
        raise DataError("cannot be read: no zip archive of arrays, as numpy.savez writes it")
    arrays: Mapping[str, Any] = Arrays(packed)
    if not arrays:
        raise DataError("holds no array")
    form = "NumPy arrays"
    if "format" in arrays and "shape" in arrays:
        arrays, form = {"Y": _sparse(arrays)}, "SciPy sparse matrix"
    return Table(packed.path, HowRead(form), pd.DataFrame(), arrays=arrays)


def read_npy(packed: Packed, options: FileOptions, texts: Collection[str]) -> Table:
    """One array, called ``Y``."""
    import pandas as pd

    content = None if packed.compression is None else packed.content()
    size = packed.path.stat().st_size if content is None else len(content)
    with packed.open() if content is None else io.BytesIO(content) as stream:
        array = _load(stream, size, "the array")
    if array.dtype.names:
        frame = pd.DataFrame({str(name): array[name] for name in array.dtype.names})
        return Table(packed.path, HowRead("NumPy record array"), frame)
    return Table(packed.path, HowRead("NumPy array"), pd.DataFrame(), arrays={"Y": array})


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise DataError(f"NumPy format {version} is not known")
    return shape, dtype


def _load(stream: IO[bytes], size: int, name: str) -> Any:
    """An array whose header claims no more than the file holds."""
    shape, dtype = _header(stream)
    if dtype.hasobject:
        raise DataError(f"cannot be read: {name}: an array of objects is a pickle; save strings")
    claimed = int(np.prod([int(n) for n in shape], dtype=object)) * dtype.itemsize
    if claimed > size or min(shape, default=1) < 0:
        raise DataError(f"cannot be read: {name} is cut: {' × '.join(map(str, shape))} of {dtype}")
    stream.seek(0)
    return np.load(io.BytesIO(stream.read()) if isinstance(stream, zipfile.ZipExtFile) else stream)


def _sparse(arrays: Mapping[str, Any]) -> Any:
    """A CSR matrix out of what ``scipy.sparse.save_npz`` wrote."""
    form = arrays["format"].item()
    form = form.decode("ascii", "replace") if isinstance(form, bytes) else str(form)
    shape = np.asarray(arrays["shape"])
    if shape.shape != (2,) or shape.dtype.kind not in "iu" or (shape < 0).any():
        raise DataError("the sparse matrix has no shape of two numbers")
    n, m = int(shape[0]), int(shape[1])
    if n > _MOST_ROWS:
        raise DataError(f"the sparse matrix claims {n} rows: more than there can be")
    needed = {
        "csr": ("indptr", "indices", "data"),
        "csc": ("indptr", "indices", "data"),
        "bsr": ("indptr", "indices", "data"),
        "coo": ("row", "col", "data"),
        "dia": ("offsets", "data"),
    }
    if form not in needed:
        raise DataError(f"a sparse matrix of format {form!r}, not {', '.join(needed)}")
    if missing := [name for name in needed[form] if name not in arrays]:
        raise DataError(f"the sparse matrix lacks {listed(missing)}")
    parts = [np.asarray(arrays[name]) for name in needed[form]]
    *indices, values = (part.dtype.kind for part in parts)
    if not set(indices) <= set("iu") or values not in "biuf":
        raise DataError("the sparse matrix holds indices or values that are no numbers")
    return _built(form, (n, m), parts)


def _built(form: str, shape: tuple[int, int], parts: Sequence[Any]) -> Any:
    """CSR, once the parts are known to fit the shape."""
    from scipy import sparse

    n, m = shape
    if form == "coo":
        rows, columns, data = parts
        if not (rows.shape == columns.shape == data.shape) or data.ndim != 1:
            raise DataError("rows, columns and values of the sparse matrix differ in number")
        _within(rows, n)
        _within(columns, m)
        return sparse.coo_array((data, (rows, columns)), shape=(n, m)).tocsr()
    if form == "dia":
        offsets, data = parts
        if data.ndim != 2 or offsets.shape != data.shape[:1] or len(set(offsets)) < len(offsets):
            raise DataError("offsets and values of the sparse matrix differ in number")
        return sparse.dia_array((data, offsets), shape=(n, m)).tocsr()
    indptr, indices, data = parts
    if form == "bsr":
        if data.ndim != 3 or 0 in data.shape[1:] or n % data.shape[1] or m % data.shape[2]:
            raise DataError("the blocks of the sparse matrix do not fit its shape")
        major, minor = n // data.shape[1], m // data.shape[2]
    else:
        major, minor = (n, m) if form == "csr" else (m, n)
        if data.ndim != 1:
            raise DataError("the values of the sparse matrix are no list")
    if indptr.shape != (major + 1,) or indptr[0] != 0 or (indptr[1:] < indptr[:-1]).any():
        raise DataError("the row pointers of the sparse matrix do not fit its shape")
    if indices.ndim != 1 or not int(indptr[-1]) == len(indices) == len(data):
        raise DataError("row pointers, indices and values of the sparse matrix differ in number")
    _within(indices, minor)
    build = {"csr": sparse.csr_array, "csc": sparse.csc_array, "bsr": sparse.bsr_array}[form]
    return build((data, indices, indptr), shape=(n, m)).tocsr()


def _within(indices: Any, size: int) -> None:
    if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < size:
        raise DataError(
            f"indices of the sparse matrix lie between {indices.min()} and {indices.max()}, its "
            f"size is {size}: the file is damaged"
        )
