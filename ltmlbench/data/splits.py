"""Folds stratified on the group × label matrix; a group (a person) never straddles a split.

Iterative stratification (Sechidis, Tsoumakas & Vlahavas, ECML PKDD 2011) on groups instead of
samples: the rarest label first, each of its groups to the part that still wants it most.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from ltmlbench.arrays import Rows
from ltmlbench.data.samples import Samples
from ltmlbench.errors import DataError, RequestError
from ltmlbench.labels import LabelMatrix
from ltmlbench.seeding import derive_seed


@dataclass(frozen=True)
class Split:
    """Row indices (sorted) of the training, validation and test samples.

    ``fingerprint``: sha256 over the sample ids of each part, so machines can be compared.
    """

    name: str
    train: Rows
    val: Rows
    test: Rows
    ids: tuple[str, ...]

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for part in (self.train, self.val, self.test):
            digest.update(repr(sorted(self.ids[row] for row in part)).encode())
        return digest.hexdigest()


def make_splits(
    samples: Samples, *, folds: int | Literal["official"], validation: float, seed: int
) -> tuple[Split, ...]:
    """K folds, each with validation rows held out of its training part; or the official parts.

    Args:
        folds: K, or "official": training on the part "train", one split per other part.
        validation: share of the training rows, again by whole groups.

    Raises:
        RequestError: more folds than groups, or no official parts.
        DataError: the official parts share groups.
    """
    if folds == "official":
        parts = np.array(samples.official or ())
        names = [name for name in dict.fromkeys(samples.official or ()) if name != "train"]
        if not names or "train" not in parts:
            raise RequestError("the data set has no official test part here: give --folds K")
        train = np.flatnonzero(parts == "train")
        refuse_straddling(samples)
        return tuple(
            _split(
                samples, f"official {name}", train, np.flatnonzero(parts == name), validation, seed
            )
            for name in names
        )
    fold = grouped_kfold(samples.labels, samples.groups, folds, seed)
    return tuple(
        _split(
            samples,
            f"fold {k + 1} of {folds}",
            np.flatnonzero(fold != k),
            np.flatnonzero(fold == k),
            validation,
            seed,
        )
        for k in range(folds)
    )


def refuse_straddling(samples: Samples) -> None:
    """Checks that no group is in the official training part and in another.

    Raises:
        DataError: some are.
    """
    if samples.official is None:
        return
    groups, train = np.asarray(samples.groups), np.array(samples.official) == "train"
    both = np.intersect1d(groups[train], groups[~train])
    if len(both):
        raise DataError(
            f"{len(both)} groups are in the official training and test parts alike "
            f"(such as {both[0]}): results would be too good; give --folds K"
        )


def _split(
    samples: Samples, name: str, train: Rows, test: Rows, validation: float, seed: int
) -> Split:
    groups = [samples.groups[row] for row in train]
    held = holdout(samples.labels.take(train), groups, validation, derive_seed(seed, "validation"))
    return Split(name, train[~held], train[held], test, samples.ids)


def grouped_kfold(
    labels: LabelMatrix, groups: Sequence[str], n_folds: int, seed: int
) -> npt.NDArray[np.int64]:
    """Fold 0..K−1 per sample, balanced in every label; the order of the rows does not matter.

    Raises:
        RequestError: fewer than 2 folds, or more folds than groups.
    """
    n_groups = len(set(groups))
    if not 2 <= n_folds <= n_groups:
        raise RequestError(f"{n_folds} folds of {n_groups} groups: K is between 2 and {n_groups}")
    return _stratify(labels, groups, np.full(n_folds, 1 / n_folds), seed)


def holdout(
    labels: LabelMatrix, groups: Sequence[str], share: float, seed: int
) -> npt.NDArray[np.bool_]:
    """True for about ``share`` of the samples, whole groups, balanced in every label."""
    if share == 0:
        return np.zeros(len(groups), dtype=np.bool_)
    return np.equal(_stratify(labels, groups, np.array([share, 1 - share]), seed), 0)


def _stratify(
    labels: LabelMatrix, groups: Sequence[str], shares: npt.NDArray[np.float64], seed: int
) -> npt.NDArray[np.int64]:
    """Part per sample; part p gets about ``shares[p]`` of the samples and of every label."""
    from scipy import sparse

    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    rows = np.arange(len(groups))
    into = sparse.csr_array((np.ones(len(groups)), (member, rows)), (len(names), len(groups)))
    held = (into @ labels.sparse).tocsr()  # groups × labels: positives
    sizes: npt.NDArray[np.float64] = np.asarray(into.sum(axis=1)).ravel()
    rng = np.random.default_rng(seed)
    # larger holders of a label first: what is large is hard to place late; equals in random order
    rank = rng.permutation(len(names))
    columns = held.tocsc()
    wanted = np.outer(shares, np.asarray(held.sum(axis=0)).ravel())  # parts × labels
    room = shares * sizes.sum()
    part = np.full(len(names), -1)
    left = np.diff(columns.indptr).astype(np.float64)  # groups not yet placed, per label
    left[left == 0] = np.inf

    def place(group: int, label: int | None) -> None:
        # to the part that wants the label most, then to the emptiest; what is left is drawn, so
        # that the first part is not favoured (1e-9: sums of shares differ in their last digits)
        want = wanted[:, label] if label is not None else room
        best = np.flatnonzero(want >= want.max() - 1e-9)
        best = best[room[best] >= room[best].max() - 1e-9]
        chosen = int(best[0] if len(best) == 1 else rng.choice(best))
        part[group] = chosen
        mine = slice(held.indptr[group], held.indptr[group + 1])
        wanted[chosen, held.indices[mine]] -= held.data[mine]
        room[chosen] -= sizes[group]
        left[held.indices[mine]] -= 1
        left[left == 0] = np.inf

    # the rarest label first: when few of its groups are left, no choice is left either
    while np.isfinite(left).any():
        label = int(left.argmin())
        mine = slice(columns.indptr[label], columns.indptr[label + 1])
        holders = columns.indices[mine]
        for group in holders[np.lexsort((rank[holders], -columns.data[mine]))]:
            if part[group] < 0:
                place(int(group), label)
    bare = np.flatnonzero(part < 0)
    for group in bare[np.lexsort((rank[bare], -sizes[bare]))]:
        place(int(group), None)
    return part[member].astype(np.int64)
