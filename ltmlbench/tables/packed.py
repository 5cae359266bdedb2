"""Opens a file, whatever it is packed in, and finds out what it is."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import re
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ltmlbench.errors import DataError
from ltmlbench.tables.words import listed

HEAD = 1 << 20

_PACKED = ((b"\x1f\x8b", "gzip"), (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "xz"), (b"(\xb5/\xfd", "zstd"))
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LIKELY = ["gb18030", "cp1252", "shift_jis", "cp1251", "euc_kr", "big5"]


@dataclass(frozen=True)
class Packed:
    """A file to read, unpacked on the way.

    Args:
        path: where it is.
        compression: what it is packed with.
        member: its name inside a zip.
    """

    path: Path
    compression: str | None = None
    member: str | None = None

    @property
    def suffix(self) -> str:
        """Of what is inside, in lower case."""
        name = Path(self.member or self.path.name)
        if self.compression in ("gzip", "bz2", "xz", "zstd"):
            name = Path(name.stem)
        return name.suffix.lower()

    def open(self) -> IO[bytes]:
        """The unpacked bytes, from the start."""
        if self.compression == "zip":
            return io.BufferedReader(_Member(self.path, self.member or ""))
        if self.compression == "zstd":
            import pyarrow as pa

            stream: IO[bytes] = pa.input_stream(str(self.path), compression="zstd")
            return stream
        openers: dict[str | None, Any] = {
            "gzip": gzip.open,
            "bz2": bz2.open,
            "xz": lzma.open,
            None: open,
        }
        opened: IO[bytes] = openers[self.compression](self.path, "rb")
        return opened

    def head(self, size: int = HEAD) -> bytes:
        with self.open() as stream:
            return bytes(stream.read(size))

    def content(self) -> bytes:
        """All of it; for formats that are no stream."""
        with self.open() as stream:
            return bytes(stream.read())


class _Member(io.RawIOBase):
    """A member of a zip that closes the archive with itself."""

    def __init__(self, path: Path, member: str) -> None:
        self._archive = zipfile.ZipFile(path)
        self._stream = self._archive.open(member)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        got = self._stream.read(len(buffer))
        buffer[: len(got)] = got
        return len(got)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._archive.close()
        super().close()


def packed_file(path: Path) -> Packed:
    """A file and what it is packed with.

    Raises:
        DataError: it is no regular file, is empty, or is a zip of several files.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would wait for ever
        raise DataError("is a pipe or a device, not a file")
    with open(path, "rb") as file:
        start = file.read(8)
    if not start:
        raise DataError("the file is empty")
    for magic, compression in _PACKED:
        if start.startswith(magic):
            return Packed(path, compression)
    if start.startswith(b"PK") and zipfile.is_zipfile(path):
        return _zipped(path)
    return Packed(path)


def _zipped(path: Path) -> Packed:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
    if "[Content_Types].xml" in names or (names and all(n.endswith(".npy") for n in names)):
        return Packed(path)  # .xlsx and .npz are zips of their own
    files = [n for n in names if not n.startswith("__MACOSX/") and "/." not in f"/{n}"]
    if len(files) != 1:
        raise DataError(f"the zip holds {len(files)} files, not one: {listed(files)}; unpack it")
    return Packed(path, "zip", files[0])


def encoding_of(packed: Packed) -> tuple[str, bool]:
    """The encoding of a text, and whether it is a guess.

    A byte-order mark says it; else UTF-8 if all of it is; else the likeliest of some.
    """
    head = packed.head()
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, False
    if wide := _wide(head):
        return wide, True
    decoder = codecs.getincrementaldecoder("utf-8")()
    seen = head
    try:
        with packed.open() as stream:
            while chunk := stream.read(HEAD):
                seen = chunk
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _guess(seen), True
    return "utf-8", False


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Western text is 0."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if 4 * max(even, odd) > len(head) > 8 * min(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    if even + odd:
        raise DataError("holds zero bytes: it is no text, and no format that is known by its start")
    return None


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    found = [match.encoding for match in from_bytes(data, cp_isolation=_LIKELY)]
    if not found:
        raise DataError("the encoding of the text cannot be told; say it with --encoding")
    # a few characters fit all three; of these GB is what label sheets are written in
    return "gb18030" if found[0] in ("euc_kr", "big5") and "gb18030" in found else found[0]


def open_text(packed: Packed, encoding: str) -> io.TextIOWrapper:
    """The text of a file; line ends as they are, so that quoted ones stay."""
    marked = {"utf-8": "utf-8-sig"}.get(codecs.lookup(encoding).name, encoding)
    return io.TextIOWrapper(packed.open(), encoding=marked, newline="")


def text_of(packed: Packed, encoding: str | None) -> tuple[str, str, bool]:
    """The whole text, its encoding, and whether that is a guess."""
    name, guessed = (encoding, False) if encoding else encoding_of(packed)
    with open_text(packed, name) as stream:
        return stream.read(), name, guessed


def spoken(encoding: str) -> str:
    """An encoding as people write it."""
    return "UTF-8" if encoding in ("utf-8", "utf-8-sig") else encoding


def format_of(packed: Packed) -> str:
    """One of `FORMATS`: by the first bytes, then the suffix, then the first lines of text."""
    head = packed.head(1 << 16)
    for magic, form in ((b"PAR1", "parquet"), (b"\x93NUMPY", "npy"), (b"ARROW1", "arrow")):
        if head.startswith(magic):
            return form
    if head.startswith(b"PK"):
        return "xlsx" if b"[Content_Types].xml" in head or packed.suffix == ".xlsx" else "npz"
    if refused := _REFUSED.get(packed.suffix):
        raise DataError(refused)
    if head.startswith(b"\xff\xff\xff\xff") and packed.suffix == ".arrow":
        return "arrow"
    if packed.suffix in _BINARY:
        raise DataError(f"cannot be read: it is no {packed.suffix} file by its first bytes")
    return _SUFFIXES.get(packed.suffix) or _format_of_text(head)


_BINARY = (".parquet", ".npz", ".npy", ".xlsx", ".feather", ".arrow")
_SUFFIXES = {".arff": "arff", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}
_SUFFIXES |= {".tsv": "csv", ".csv": "csv", ".svm": "svmlight", ".libsvm": "svmlight"}
_REFUSED = {
    ".xls": "old Excel files are not read: save it as .xlsx or .csv",
    ".ods": "OpenDocument files are not read: save it as .xlsx or .csv",
    ".pkl": "a pickle can run any code: save it as .parquet, .csv or .npz",
    ".pickle": "a pickle can run any code: save it as .parquet, .csv or .npz",
    ".pt": "a pickle can run any code: save it as .parquet, .csv or .npz",
    ".h5": "HDF5 files are not read: save it as .parquet, .csv or .npz",
    ".hdf5": "HDF5 files are not read: save it as .parquet, .csv or .npz",
    ".mat": "MATLAB files are not read: save it as .npz (scipy.io.loadmat, then numpy.savez)",
    ".xml": "an .xml names labels, it holds none: give the .arff beside it, and --labels FILE.xml",
}
_SVM = re.compile(r"([-+]?[\d.]+(,[-+]?[\d.]+)*)?((^|\s+)\d+:[-+.\deE]+)+\s*(#.*)?")
_LIST = re.compile(r"\S+(\s+\d+)*\s*")


def _format_of_text(head: bytes) -> str:
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    text = head.decode(marked or _wide(head) or "latin-1", errors="ignore")
    lines = [line for line in text.splitlines() if line.strip()][:50]
    if len(head) >= 1 << 16 and len(lines) > 1:
        lines = lines[:-1]  # the last may be cut
    if re.search(r"(?im)^\s*@relation\b", text):
        return "arff"
    if text.lstrip().startswith(("{", "[")):
        return "json"
    if lines and re.fullmatch(r"\d+ \d+ \d+\s*", lines[0]) and ":" in "".join(lines[1:]):
        return "svmlight"
    if lines and all(_SVM.fullmatch(line) for line in lines):
        return "svmlight"
    if len({len(line.split()) for line in lines}) > 1 and all(map(_LIST.fullmatch, lines)):
        return "lists"
    return "csv"
