"""VOC-MLT and COCO-MLT, from the plain lists in which they are handed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ltmlbench.plugin import (
    DataError,
    Dataset,
    ListedPicture,
    PictureFiles,
    Protocol,
    PublishedRow,
    Samples,
    file_below,
    given_folder,
    listed_samples,
    squeezed,
    walk,
)
from ltmlbench_natural.lists import Listed, read_list, read_names
from ltmlbench_natural.names import COCO, VOC
from ltmlbench_natural.voc_xml import annotated_parts, has_appendix

PROTOCOL = Protocol(
    unit="picture",
    headline=("map", "micro_f1", "macro_f1"),
    head=100,
    tail=20,
    counted_in="train",
)
"""Head, medium and tail as in the paper: counted among the training pictures."""

PARTS = ("train", "test")


class Mlt(Dataset):
    """What the two share: a list of pictures and label numbers for each part."""

    defaults: ClassVar[Mapping[str, Any]] = {"image_size": 224, "folds": "official", "epochs": 8}
    name: ClassVar[str]
    prefix: ClassVar[str]
    """How the files of lists begin."""
    labels: ClassVar[Sequence[str]]
    printed: ClassVar[Mapping[str, float]]
    """What the paper prints for its loss, as shares."""

    def load(self, folder: Path | None) -> Samples:
        folder = given_folder(folder, self.name, self._wanted)
        notes: list[str] = []
        names = self._names(folder)
        files = list(walk(folder))
        parts = self._parts(folder, files, names, notes)
        pictures = PictureFiles(files)
        listed = [
            ListedPicture(
                id=f"{part}/{Path(row.path).stem}",
                path=pictures.find(row.path),
                labels=tuple(names[index] for index in row.indices),
                part=part,
            )
            for part, rows in parts.items()
            for row in rows
        ]
        notes += pictures.repeats()
        return listed_samples(listed, names, PROTOCOL, folder=folder, notes=notes)

    def _parts(
        self, folder: Path, files: Sequence[Path], names: Sequence[str], notes: list[str]
    ) -> dict[str, list[Listed]]:
        """Part -> its pictures."""
        found = {part: file_below(folder, squeezed(self._file(part))) for part in PARTS}
        missing = [self._file(part) for part, path in found.items() if path is None]
        if missing:
            raise DataError(
                f"{folder}: no {' and no '.join(missing)} in it: give the folder that holds "
                f"{self._wanted} and, anywhere below, the pictures they name"
            )
        return {part: read_list(path, len(names), notes) for part, path in found.items() if path}

    def _names(self, folder: Path) -> list[str]:
        path = file_below(folder, squeezed(f"{self.prefix}_labels.txt"))
        return list(self.labels) if path is None else read_names(path, len(self.labels))

    def _file(self, part: str) -> str:
        return f"{self.prefix}_lt_{part}.txt"

    @property
    def _wanted(self) -> str:
        return " and ".join(map(self._file, PARTS))

    def published(self) -> tuple[PublishedRow, ...]:
        return (
            PublishedRow(
                source="Wu et al., ECCV 2020, as in the released code's README (mAP)",
                backbone="resnet50",
                method="db",
                values={name: (value, None) for name, value in self.printed.items()},
                note="ResNet-50 of ImageNet, 224 pixels, class-aware sampling, 8 epochs of SGD",
                test_set="test",
            ),
        )

    def remarks(self, run: Mapping[str, Any], samples: Samples) -> list[str]:
        if run["folds"] == "official":
            return []
        return [
            "Split: the paper tests on the official test part (--folds official); here both parts "
            "are mixed."
        ]


class VocMlt(Mlt):
    """VOC-MLT: ``voc_lt_train.txt`` and ``voc_lt_test.txt`` with the pictures of VOC 2012 and
    VOC 2007 below the same folder (links will do). ``voc_labels.txt`` is used where it is there.
    Without the lists, the authors' ``appendix/VOCdevkit/longtail2012/img_id.txt`` is read with the
    annotations of VOC. No pickle is opened: the counts follow from the labels.

    One sample per picture; nothing groups them. Published values stand beside ours with
    ``--folds official``.
    """

    name: ClassVar[str] = "voc-mlt"
    prefix: ClassVar[str] = "voc"
    labels: ClassVar[Sequence[str]] = VOC
    printed: ClassVar[Mapping[str, float]] = {
        "map": 0.7894,
        "map_head": 0.7322,
        "map_medium": 0.8418,
        "map_tail": 0.7930,
    }

    def _parts(
        self, folder: Path, files: Sequence[Path], names: Sequence[str], notes: list[str]
    ) -> dict[str, list[Listed]]:
        listed = file_below(folder, squeezed(self._file("train")))
        if listed is None and has_appendix(files):
            return annotated_parts(folder, files, names)
        return super()._parts(folder, files, names, notes)


class CocoMlt(Mlt):
    """COCO-MLT: ``coco_lt_train.txt`` and ``coco_lt_test.txt`` with the pictures of train2017 and
    val2017 below the same folder (links will do). ``coco_labels.txt`` is used where it is there.

    One sample per picture; nothing groups them. 48 test pictures have none of the labels: they
    stay, as negatives of all.
    """

    name: ClassVar[str] = "coco-mlt"
    prefix: ClassVar[str] = "coco"
    labels: ClassVar[Sequence[str]] = COCO
    printed: ClassVar[Mapping[str, float]] = {
        "map": 0.5355,
        "map_head": 0.5113,
        "map_medium": 0.5705,
        "map_tail": 0.5106,
    }
