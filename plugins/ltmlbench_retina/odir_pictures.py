"""Finds the pictures that an ODIR-5K sheet names, and takes the originals of several copies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

from ltmlbench.plugin import printable
from ltmlbench_retina.odir_sheet import Sheet
from ltmlbench_retina.odir_table import first

_PROCESSED = re.compile(
    "process|clahe|resiz|crop|enhanc|augment|denois|normali|filter|gr[ae]y|mask|segment|thumb|small"
    r"|(?<!\d)(64|96|128|160|224|256|299|300|320|384|448|512|600|640|768|800|1024)(?!\d)",
    re.IGNORECASE,
)
"""What copies are called that somebody changed: by what was done, or by their size in pixels."""
_OFFICIAL = re.compile("train|test|images", re.IGNORECASE)


def file_name(cell: str) -> str:
    """The bare name of a picture, however the sheet writes its folder."""
    return PureWindowsPath(cell).name


def find_pictures(
    sheet: Sheet, folder: Path, files: Sequence[Path]
) -> tuple[dict[str, Path], list[str]]:
    """Name -> path of the pictures that a sheet names, and a note if there are several copies.

    They are looked for below the sheet's folder, else below the folder above it, but never outside
    ``folder``. Folders that are called like originals go before processed copies.
    """
    wanted = {file_name(cell) for side in ("left", "right") for cell in sheet.table[f"{side}_file"]}
    named = [path for path in files if path.name in wanted]
    for root in (sheet.path.parent, sheet.path.parent.parent):
        if root != folder and folder not in root.parents:
            break
        copies = [path for path in named if root in path.parents]
        if copies:
            return _originals(copies, root)
    return {}, []


def _originals(copies: Sequence[Path], root: Path) -> tuple[dict[str, Path], list[str]]:
    def rank(path: Path) -> tuple[bool, bool, int, str]:
        place = str(path.parent.relative_to(root))
        processed = _PROCESSED.search(place) is not None
        return processed, not _OFFICIAL.search(path.parent.name), len(path.parts), str(path)

    found: dict[str, Path] = {}
    for path in sorted(copies, key=rank):
        found.setdefault(path.name, path)
    if len(found) == len(copies):
        return found, []
    used = Counter(path.parent for path in found.values())
    unused = Counter(path.parent for path in copies) - used
    many = sum(number > 1 for number in Counter(path.name for path in copies).values())
    return found, [
        f"{many} pictures are there more than once: {_places(used, root)} are used, "
        f"{_places(unused, root)} are not; move away what should not be used"
    ]


def _places(folders: Counter[Path], root: Path) -> str:
    return first(
        f"{number} in {printable(folder.relative_to(root.parent))}"
        for folder, number in folders.most_common()
    )
