"""EyePACS (Kaggle 2015) and APTOS 2019: photographs with a severity grade and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ltmlbench.plugin import file_below, pictures_in, squeezed, subfolders
from ltmlbench_retina.dr_files import listed, read_grades
from ltmlbench_retina.dr_source import DrSource, Photograph


class EyePacs(DrSource):
    """EyePACS (Kaggle's Diabetic Retinopathy Detection) as unpacked: ``trainLabels.csv`` with the
    pictures in ``train``; with ``retinopathy_solution.csv`` also those in ``test``.

    Both eyes of a patient (the number before ``_left`` and ``_right``) stay together.
    """

    name: ClassVar[str] = "eyepacs"
    holds: ClassVar[str] = "'trainLabels.csv' beside 'train'"

    def photographs(self, folder: Path) -> Iterator[Photograph]:
        for part, sheet in (("train", "trainlabelscsv"), ("test", "retinopathysolutioncsv")):
            for name, path, grade in _graded(folder, sheet, ("image", "level"), part):
                patient = name.partition("_")[0]
                yield Photograph(f"{part}/{name}", part, path, patient, grade)


class Aptos(DrSource):
    """APTOS 2019 (Kaggle's Blindness Detection) as unpacked: ``train.csv`` with the pictures in
    ``train_images``. The test part's grades were never released. Patients are not known; some
    photographs are there twice, and those are never parted."""

    name: ClassVar[str] = "aptos"
    holds: ClassVar[str] = "'train.csv' beside 'train_images'"

    def photographs(self, folder: Path) -> Iterator[Photograph]:
        for name, path, grade in _graded(
            folder, "traincsv", ("id_code", "diagnosis"), "trainimages"
        ):
            yield Photograph(name, "train", path, grade=grade)


def _graded(
    folder: Path, sheet: str, columns: tuple[str, str], images: str
) -> Iterator[tuple[str, Path, int]]:
    """Name, path and grade (-1 unknown) of the photographs of one sheet, if it is there."""
    found = file_below(folder, sheet)
    if found is None:
        return
    grades = read_grades(found, columns)
    folders = (s for s in subfolders(folder) if squeezed(s.name) == images and pictures_in(s))
    for name, path in listed(next(folders, found.parent / images), grades):
        yield name, path, grades.get(name, -1)
