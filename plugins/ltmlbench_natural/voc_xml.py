"""VOC-MLT from the authors' appendix: a list of names, and VOC's own annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from ltmlbench.plugin import DataError, printable, refuse_unless_regular
from ltmlbench_natural.lists import Listed, read_names_of_pictures

TRAIN_LIST = "longtail2012/img_id.txt"
TEST_LIST = "VOC2007/ImageSets/Main/test.txt"


def annotated_parts(
    folder: Path, files: Sequence[Path], labels: Sequence[str]
) -> dict[str, list[Listed]]:
    """Train: the names of ``longtail2012/img_id.txt``. Test: VOC 2007's ``test.txt``. A picture has
    a label if its annotation holds an object of it, difficult ones included, as in the released
    code.

    Raises:
        DataError: a list or an annotation is missing or damaged, or names another object.
    """
    lists = {"train": _ending(files, TRAIN_LIST), "test": _ending(files, TEST_LIST)}
    if lists["train"] is None or lists["test"] is None:
        missing = TEST_LIST if lists["test"] is None else TRAIN_LIST
        raise DataError(f"{folder}: no {missing} in it: give the folder that holds both years")
    annotations = {
        path.stem: path
        for path in files
        if path.suffix == ".xml" and path.parent.name == "Annotations"
    }
    places = {name: place for place, name in enumerate(labels)}
    return {
        part: [_listed(path, name, annotations, places) for name in read_names_of_pictures(path)]
        for part, path in lists.items()
        if path
    }


def has_appendix(files: Sequence[Path]) -> bool:
    return _ending(files, TRAIN_LIST) is not None


def _ending(files: Sequence[Path], ending: str) -> Path | None:
    found = (path for path in files if path.as_posix().endswith(f"/{ending}"))
    return min(found, key=lambda path: (len(path.parts), str(path)), default=None)


def _listed(
    where: Path, name: str, annotations: Mapping[str, Path], places: Mapping[str, int]
) -> Listed:
    path = annotations.get(name)
    if path is None:
        raise DataError(f"{where}: no Annotations/{printable(name)}.xml below the folder")
    try:
        refuse_unless_regular(path)
        objects = ElementTree.parse(path).getroot().iterfind("object")
    except (OSError, ElementTree.ParseError) as error:
        raise DataError(f"{path}: damaged annotation ({error}): get the file again") from error
    found = {(each.findtext("name") or "").strip() for each in objects}
    unknown = sorted(found - set(places))
    if unknown:
        raise DataError(f"{path}: {printable(unknown[0])!r} is no object of VOC")
    return Listed(f"{name}.jpg", tuple(sorted(places[each] for each in found)))
