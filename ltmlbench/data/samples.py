"""What a data set gives the bench: samples, groups, labels, and how to read one."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from ltmlbench.arrays import Image
from ltmlbench.errors import DataError
from ltmlbench.labels import LabelMatrix, Shot

_TURNED = re.compile(r"(?<=^[0-9a-f]{64}):.*", re.DOTALL)


class Protocol(BaseModel):
    """How a data set is evaluated.

    Args:
        unit: what one sample is, e.g. ``"picture"``.
        group_unit: what one group is, e.g. ``"person"``; None if samples stand alone.
        group_all: labels that a group has only if all its samples have them (``"N"``); a group
            has any other label if one sample has it. Scores follow: minimum, else maximum.
        apart: labels that are put into no subset (``"N"``, ``"O"``: normal, other).
        prior_subsets: what is known of the labels beforehand: name of a division -> subset name ->
            label names (regions, features).
        evidence: label -> the structures (`Samples.structures`) that show it; labels that have no
            place, such as a haze over the whole picture, are left out.
        headline: the metrics of the table, in order.
        headline_unit: the unit of the table's first block (default: ``unit``).
        head, tail: thresholds of `LabelMatrix.shots`.
        counted_in: the official part whose positives are held against them; empty: all samples.
        simulated: everything made from the data has to say so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str = "sample"
    group_unit: str | None = None
    group_all: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    prior_subsets: Mapping[str, Mapping[str, tuple[str, ...]]] = {}
    evidence: Mapping[str, tuple[str, ...]] = {}
    headline: tuple[str, ...] = ("map", "macro_auc", "micro_f1", "macro_f1")
    headline_unit: str | None = None
    head: float = 100
    tail: float = 20
    counted_in: str = ""
    simulated: bool = False


@dataclass(frozen=True)
class Covariate:
    """What is known of each sample besides what a network is shown, such as an age.

    Args:
        values: N or N×F numbers; NaN where it is not known.
        oracle: labels follow from it. Whoever may not see the truth of a row may not see it
            either, so it can teach and never predict.
    """

    values: npt.NDArray[Any]
    oracle: bool = False

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float64)
        object.__setattr__(self, "values", values.reshape(len(values), -1))

    def without(self, rows: npt.NDArray[np.int64]) -> Covariate:
        """The same, what tells the truth of ``rows`` unknown."""
        if not self.oracle:
            return self
        values = self.values.copy()
        values[rows] = np.nan
        return replace(self, values=values)


@dataclass(frozen=True)
class Samples:
    """N samples in a fixed order.

    Args:
        ids: N unique names.
        groups: N group names; samples of one group (a person) never straddle a split.
        labels: N×C.
        content: N digests of what the samples are: the sha256 of a file's bytes and, after a colon,
            how it is turned (``"9f86...:mirrored"``).
        read: of pictures: ``read(row, size)`` gives that of ``row`` as H×W×3 uint8 RGB, both sides
            at least ``size`` pixels where the source has them. Must be picklable.
        vectors: of feature vectors: ``vectors()`` gives all of them, N×D numbers. Must be
            picklable.
        feed: the component of kind "feed" that makes batches of them.
        protocol: how results are evaluated.
        border: pixels whose largest channel is at most this are border and cut away; None: keep.
        official: N names of the official part ("train", "test", ...) where there is one.
        notes: what was left out or found odd, one line each.
        extras: per-sample arrays, N rows each: ``grade`` (int, -1 unknown), ``annotated`` (N×L
            bool: whether each of ``structures`` was looked for).
        structures: L names of what ``masks`` shows.
        masks: ``masks(row, size)`` gives size×size×L uint8, 1 where a structure is, in the geometry
            of the decoded picture; None if there are none. Must be picklable.
        mask_content: N digests of what ``masks`` reads; empty where ``content`` covers it.
        covariates: by name, what else is known of each sample.
    """

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    labels: LabelMatrix
    content: tuple[str, ...]
    read: Callable[[int, int], Image] | None = None
    vectors: Callable[[], npt.NDArray[Any]] | None = None
    feed: str = "pictures"
    protocol: Protocol = field(default_factory=Protocol)
    border: int | None = None
    official: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    extras: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    structures: tuple[str, ...] = ()
    masks: Callable[[int, int], Image] | None = None
    mask_content: tuple[str, ...] = ()
    covariates: Mapping[str, Covariate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.labels, LabelMatrix):
            raise DataError(f"labels: {type(self.labels).__name__} given, a LabelMatrix is needed")
        for name in ("ids", "groups", "content", "official", "notes", "structures", "mask_content"):
            value = getattr(self, name)
            if value is not None:  # lists and numbers would give another fingerprint
                object.__setattr__(self, name, tuple(map(str, value)))
        lengths = {len(self.ids), len(self.groups), len(self.labels), len(self.content)}
        if self.official is not None:
            lengths.add(len(self.official))
        if len(lengths) != 1:
            raise DataError(f"ids, groups, labels and content differ in length: {sorted(lengths)}")
        for name, known in self.covariates.items():
            if len(known.values) != len(self.ids):
                raise DataError(
                    f"covariate {name!r} is of {len(known.values)} samples, there are "
                    f"{len(self.ids)}"
                )
        if len(set(self.ids)) != len(self.ids):
            twice = next(name for name, times in Counter(self.ids).items() if times > 1)
            raise DataError(f"sample ids repeat, such as {twice!r}")

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """N digests of the samples' files alone, however they are turned."""
        return tuple(_TURNED.sub("", digest) for digest in self.content)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of what a method is given: ids, groups, labels, content, official parts."""
        digest = hashlib.sha256()
        for part in (self.ids, self.groups, self.labels.names, self.content, self.official or ()):
            digest.update(repr(part).encode())
        digest.update(self.labels.dense.tobytes())
        return digest.hexdigest()

    @property
    def evidence_fingerprint(self) -> str:
        """sha256 of what says where a label shows: `structures`, `mask_content`, and what was
        looked for (``extras["annotated"]``). For stages that read masks; `fingerprint` is without
        it."""
        annotated = self.extras.get("annotated")
        digest = hashlib.sha256(repr((self.structures, self.mask_content)).encode())
        if annotated is not None:
            digest.update(np.asarray(annotated, dtype=bool).tobytes())
        return digest.hexdigest()

    @cached_property
    def covariates_fingerprint(self) -> str:
        """sha256 of `covariates`, for stages that read them; `fingerprint` is without them."""
        digest = hashlib.sha256()
        for name, known in sorted(self.covariates.items()):
            digest.update(repr((name, known.oracle, known.values.shape)).encode())
            digest.update(known.values.tobytes())
        return digest.hexdigest()

    @property
    def counted(self) -> LabelMatrix:
        """The labels of the part that decides what is head and what is tail
        (`Protocol.counted_in`); of all samples where there is no such part."""
        part = self.protocol.counted_in
        if not part or part not in (self.official or ()):
            return self.labels
        return self.labels.take(np.array(self.official) == part)

    @property
    def shots(self) -> tuple[Shot, ...]:
        """Head, medium or tail per label."""
        return self.counted.shots(self.protocol.head, self.protocol.tail)

    @property
    def reader(self) -> Callable[[int, int], Image]:
        """What reads a picture.

        Raises:
            DataError: the samples are no pictures.
        """
        if self.read is None:
            raise DataError("these samples are no pictures: there is nothing to look at")
        return self.read

    def without_truth(self, rows: npt.NDArray[np.int64]) -> Samples:
        """The same samples, ``rows`` without labels and oracles. The fingerprints stay those of the
        truth, so that identities do not depend on who is looking."""
        hidden = replace(
            self,
            labels=self.labels.without(rows),
            covariates={name: known.without(rows) for name, known in self.covariates.items()},
        )
        hidden.__dict__["fingerprint"] = self.fingerprint
        if any(known.oracle for known in self.covariates.values()):
            hidden.__dict__["covariates_fingerprint"] = self.covariates_fingerprint
        return hidden

    def take(self, rows: npt.NDArray[np.int64]) -> Samples:
        """Some samples, in the given order."""
        index = [int(row) for row in rows]
        return replace(
            self,
            ids=tuple(self.ids[i] for i in index),
            groups=tuple(self.groups[i] for i in index),
            labels=self.labels.take(rows),
            read=None if self.read is None else _Taken(self.read, tuple(index)),
            vectors=None if self.vectors is None else _TakenVectors(self.vectors, tuple(index)),
            content=tuple(self.content[i] for i in index),
            official=None if self.official is None else tuple(self.official[i] for i in index),
            extras={name: values[rows] for name, values in self.extras.items()},
            masks=None if self.masks is None else _Taken(self.masks, tuple(index)),
            mask_content=tuple(self.mask_content[i] for i in index) if self.mask_content else (),
            covariates={
                name: replace(known, values=known.values[rows])
                for name, known in self.covariates.items()
            },
        )


@dataclass(frozen=True)
class _Taken:
    """Reads row i of a selection; a class so that worker processes can receive it."""

    read: Callable[[int, int], Image]
    rows: tuple[int, ...]

    def __call__(self, row: int, size: int) -> Image:
        return self.read(self.rows[row], size)


@dataclass(frozen=True)
class _TakenVectors:
    """The vectors of a selection."""

    vectors: Callable[[], npt.NDArray[Any]]
    rows: tuple[int, ...]

    def __call__(self) -> npt.NDArray[Any]:
        return self.vectors()[list(self.rows)]
