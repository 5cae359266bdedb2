"""What each teacher knows better and worse than a plain network, before it is distilled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ltmlbench.plugin import (
    Fit,
    Floats,
    Stage,
    Work,
    as_cell,
    average_precision,
    read_examples,
    roc_auc,
    write_json,
)


class TeacherReport(Stage):
    """Teachers beside a plain training on the same validation rows (ours): where a teacher ranks
    a label worse, distilling it cannot help that label.

    Args:
        teachers: each knows the labels of its examples.
        plain: knows all labels.

    Writes ``teachers.csv`` (per teacher and label: positives among the validation rows, average
    precision and AUC of the teacher and of the plain network; empty where a label has no positive
    or no negative there) and ``verdict.json`` (labels better, worse, undecided by average
    precision).
    """

    shown: ClassVar[tuple[str, ...]] = ("teachers.csv", "verdict.json")

    teachers: tuple[Fit, ...]
    plain: Fit

    @property
    def title(self) -> str:
        return "teachers beside a plain training"

    def summary(self, folder: Path) -> str:
        found = json.loads((folder / "verdict.json").read_text())
        parts = []
        for word in ("better", "worse"):
            labels = [f"{n} {by:+.3f} ({count})" for n, (by, count) in found[word].items()]
            parts += [f"{word} on {', '.join(labels)}"] if labels else []
        unknown = f"; not measured: {', '.join(found['unknown'])}" if found["unknown"] else ""
        return (
            f"average precision on {found['rows']} validation rows, teacher minus plain network "
            f"(positives): {'; '.join(parts) or 'no difference'}{unknown}"
        )

    def run(self, work: Work) -> None:
        import pandas as pd

        rows = work.task.split.val
        labels = work.task.samples.labels
        truth = labels.take(rows).dense
        plain = self.plain.logits(work, work.input(self.plain), rows)
        lines: list[dict[str, Any]] = []
        for index, teacher in enumerate(self.teachers):
            logits = teacher.logits(work, work.input(teacher), rows)
            assert teacher.examples is not None, "a teacher learns the labels of its examples"
            _, columns = read_examples(work.input(teacher.examples))
            for s, c in enumerate(columns):
                y = truth[:, c].astype(np.float64)
                lines.append(
                    {"teacher": index, "label": labels.names[c], "positives": int(y.sum())}
                    | _scores("teacher", y, logits[:, s].astype(np.float64))
                    | _scores("plain", y, plain[:, c].astype(np.float64))
                )
        table = pd.DataFrame(lines).map(as_cell)
        table.to_csv(work.folder / "teachers.csv", index=False)
        write_json(work.folder / "verdict.json", verdict(lines) | {"rows": len(rows)})


def _scores(who: str, y: Floats, scores: Floats) -> dict[str, float]:
    return {
        f"ap_{who}": float(average_precision(y, scores)),
        f"auc_{who}": float(roc_auc(y, scores)),
    }


def verdict(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """By how much the average precision of each label's teacher differs from the plain network's:
    ``better``, ``worse`` (label -> [difference, positives], largest first), ``unknown`` (names)."""
    by = {
        line["label"]: (float(line["ap_teacher"] - line["ap_plain"]), line["positives"])
        for line in lines
    }
    ordered = sorted(by.items(), key=lambda item: -abs(item[1][0]))
    return {
        "better": {name: found for name, found in ordered if found[0] > 0},
        "worse": {name: found for name, found in ordered if found[0] < 0},
        "unknown": [name for name, (difference, _) in by.items() if np.isnan(difference)],
    }
