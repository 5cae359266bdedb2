"""What dividing the labels changed, and what the teachers knew: the files of stages, for a page.

A stage that leaves ``subsets.json`` ([{"columns": [...]}, ...]) divides the labels; one that leaves
``teachers.csv`` (label, positives, ap_teacher, ap_plain) compared teachers with a plain training.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ltmlbench.results.folder import OutFolder

LINES = 12
"""Divisions that are drawn at most: one per fold, seed and generator."""


def divisions(folder: OutFolder, made: Mapping[str, str], n_labels: int) -> list[dict[str, Any]]:
    """Per division its title and the number of each label's subset (−1: in none)."""
    found: list[dict[str, Any]] = []
    for name, line in made.items():
        members = _members(folder, name, n_labels)
        if members and len(found) < LINES:
            home = [-1] * n_labels
            for k, block in enumerate(members):
                for column in block:
                    home[column] = k
            found.append({"title": line.partition(": ")[0], "home": home})
    return found


def _members(folder: OutFolder, name: str, n_labels: int) -> list[list[int]]:
    try:
        content = json.loads((folder.stage_folder(name) / "subsets.json").read_text())
        members = [[int(column) for column in entry["columns"]] for entry in content]
    except (OSError, ValueError, KeyError, TypeError):  # a picture less, and no number
        return []
    inside = all(0 <= column < n_labels for block in members for column in block)
    return members if inside else []


def together(truth: npt.NDArray[np.uint8]) -> list[list[tuple[int, float]]]:
    """C×C: how many samples hold both labels, and their share of those with the rarer one (NaN
    where it has none).

    Args:
        truth: N×C.
    """
    Y = truth.astype(np.int64)
    both, counts = Y.T @ Y, Y.sum(axis=0)
    rarer = np.minimum.outer(counts, counts)
    share = np.divide(both, rarer, out=np.full(both.shape, np.nan), where=rarer > 0)
    return [
        list(zip(*pair, strict=True)) for pair in zip(both.tolist(), share.tolist(), strict=True)
    ]


def taught(
    folder: OutFolder, made: Mapping[str, str], labels: Sequence[str]
) -> list[dict[str, Any]]:
    """Per label: average precision of its teacher and of a plain training on the same validation
    rows, the mean over folds and seeds where both are defined, and over how many positives."""
    frames = list(_teachers(folder, made))
    if not frames:
        return []
    table = pd.concat(frames).dropna(subset=["ap_teacher", "ap_plain"])
    found = []
    for label, part in table.groupby("label", sort=False):
        if label in labels:
            said = {"label": labels.index(str(label)), "positives": int(part["positives"].sum())}
            means = part[["ap_teacher", "ap_plain"]].mean()
            found.append({**said, "teacher": means["ap_teacher"], "plain": means["ap_plain"]})
    return found


def _teachers(folder: OutFolder, made: Mapping[str, str]) -> Iterator[pd.DataFrame]:
    columns = ["label", "positives", "ap_teacher", "ap_plain"]
    for name in made:
        path = folder.stage_folder(name) / "teachers.csv"
        try:
            frame = pd.read_csv(path, usecols=columns, dtype={"label": "str"}, na_values=[""],
                                keep_default_na=False)  # fmt: skip
            yield frame.assign(**{c: pd.to_numeric(frame[c]) for c in columns[1:]})
        except (OSError, ValueError):
            continue
