"""The data set `table`: any file that holds labels, and features or names of pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from ltmlbench.plugin import (
    Dataset,
    FileOptions,
    LabelOptions,
    Protocol,
    RequestError,
    Samples,
    read_labels,
)
from ltmlbench_tabular.features import Features, features_of
from ltmlbench_tabular.parts import groups_of, ids_of, parts_of
from ltmlbench_tabular.pictures import pictures_of


class Table(Dataset):
    """Any file with labels in it: CSV, Excel, parquet, npz, ARFF, JSON lines and others, as
    ``ltmlbench subsets`` reads them. ``--data-dir`` names the file.

    Labels are columns of 0 and 1, one column of tags (``column``), or an array. Features are all
    other columns of numbers, an array (``X``), or what ``features`` names; ``pictures`` names a
    column of picture files instead. Names in the options are separated by commas within brackets:
    ``table[labels=[sport,music],group=singer]``. What was taken for what is printed.
    """

    defaults: ClassVar[Mapping[str, Any]] = {
        "backbones": ("mlp",),
        "epochs": 30,
        "explanation": "none",
    }

    labels: str | None = Field(None, description="columns of 0 and 1, or with column: its tags")
    column: str | None = Field(None, description="column or array that holds tags")
    without: str | None = Field(None, description="columns or tags that are not labels")
    separator: str | None = Field(None, description="between the tags of one cell")
    uncertain: Literal["0", "1", "drop"] | None = Field(None, description="what -1 counts as")
    gaps: Literal["0", "drop"] | None = Field(None, description="what an empty label counts as")
    features: str | None = Field(None, description="columns or array; else all other numbers")
    pictures: str | None = Field(None, description="column of picture files, beside the table")
    group: str | None = Field(None, description="column of what must not straddle a split")
    split: str | None = Field(None, description="column (train, test, ...) or array of the parts")
    id: str | None = Field(None, description="column that names samples; rows of one id are one")
    format: str | None = Field(None, description="of the file, where its name does not say it")
    delimiter: str | None = Field(None, description="between fields, one character or tab")
    encoding: str | None = Field(None, description="of text")
    header: bool | None = Field(None, description="whether the first line names the columns")

    @field_validator("labels", "without", "features", mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
            return value[1:-1]
        return value

    def load(self, folder: Path | None) -> Samples:
        if folder is None:
            raise RequestError("data set 'table' needs a file: --data-dir /path/to/file.csv")
        found = read_labels(folder, self._labels(), self._file())
        groups, group_note = groups_of(found, self.group)
        parts, part_note = parts_of(found, self.split)
        ids, id_note = ids_of(found)
        used = {name for _, name in (group_note, part_note, id_note) if name}
        told = [note for note, _ in (group_note, part_note, id_note) if note]
        notes = [*found.account.lines(), *told]
        given: dict[str, Any] = {
            "ids": ids,
            "labels": found.labels,
            "groups": groups or ids,
            "official": parts,
            "protocol": Protocol(unit="sample", group_unit="group" if groups else None),
        }
        if self.pictures is not None:
            read, content, note = pictures_of(found, self.pictures, folder.parent)
            return Samples(**given, content=content, read=read, notes=(*notes, note))
        features = features_of(found, self.features, used)
        return Samples(
            **given,
            content=_digests(features),
            vectors=_Given(features.values),
            feed="vectors",
            notes=(*notes, features.note),
        )

    def _labels(self) -> LabelOptions:
        return LabelOptions(
            column=self.column,
            labels=self.labels,
            without=self.without,
            id=self.id,
            separator=self.separator,
            uncertain=self.uncertain,
            gaps=self.gaps,
        )

    def _file(self) -> FileOptions:
        return FileOptions(
            format=self.format,
            delimiter=self.delimiter,
            encoding=self.encoding,
            header=self.header,
        )


def _digests(features: Features) -> tuple[str, ...]:
    """A digest per row; which column a number stands in is part of it."""
    start = hashlib.sha256(repr(features.names).encode())
    digests = []
    for row in features.values:
        digest = start.copy()
        digest.update(row.tobytes())
        digests.append(digest.hexdigest())
    return tuple(digests)


@dataclass(frozen=True)
class _Given:
    """Vectors that lie in memory; a class so that worker processes can receive it."""

    values: npt.NDArray[np.float32]

    def __call__(self) -> npt.NDArray[np.float32]:
        return self.values
