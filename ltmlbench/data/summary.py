"""A data set's labels as a table, and what can be said of them in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tabulate import tabulate

from ltmlbench.cells import as_cell
from ltmlbench.data.groups import to_groups
from ltmlbench.data.samples import Samples

if TYPE_CHECKING:
    import pandas as pd


def labels_frame(samples: Samples) -> pd.DataFrame:
    """One row per sample: ``image_id, group_id, split`` (where there are official parts) and a 0/1
    column per label, as a spreadsheet may show them (`ltmlbench.cells`)."""
    import pandas as pd

    columns: dict[str, tuple[str, ...]] = {"image_id": samples.ids, "group_id": samples.groups}
    if samples.official is not None:
        columns["split"] = samples.official
    texts = {name: [as_cell(value) for value in column] for name, column in columns.items()}
    names = map(as_cell, samples.labels.names)
    return pd.DataFrame({**texts, **dict(zip(names, samples.labels.dense.T, strict=True))})


def summarize(samples: Samples) -> str:
    """Counts, head/medium/tail, cardinality, density, imbalance, co-occurrence; and what copying a
    group's labels to its samples would get wrong."""
    labels, protocol = samples.labels, samples.protocol
    counts = [
        [name, int(n), f"{n / max(len(samples), 1):.3f}", shot]
        for name, n, shot in zip(labels.names, labels.counts, samples.shots, strict=True)
    ]
    per_sample = np.bincount(labels.per_sample)
    sizes = ", ".join(f"{n} with {k}" for k, n in enumerate(per_sample) if n)
    lines = [
        f"{len(samples)} {protocol.unit}s"
        + (f" of {len(set(samples.groups))} {protocol.group_unit}s" if protocol.group_unit else ""),
        "",
        tabulate(counts, ["label", f"{protocol.unit}s", "share", "shot"], disable_numparse=True),
        *_counted(samples),
        "",
        f"labels per {protocol.unit}: {sizes}",
        f"cardinality {labels.cardinality:.4f}, density {labels.density:.4f}, "
        f"imbalance ratio {labels.imbalance_ratio:.2f}",
        *_copied(samples),
        *_looked_for(samples),
        "",
        "co-occurrence:",
        tabulate(
            [
                [name, *map(int, row)]
                for name, row in zip(labels.names, labels.cooccurrence, strict=True)
            ],
            ["", *labels.names],
        ),
        *(["", *samples.notes] if samples.notes else []),
    ]
    title = ["SIMULATED data"] if protocol.simulated else []
    return "\n".join([*title, *lines])


def _counted(samples: Samples) -> list[str]:
    """Which samples decide what is head and what is tail, if not all do."""
    if samples.counted is samples.labels:
        return []
    part, n = samples.protocol.counted_in, len(samples.counted)
    return [f"head, medium and tail by the {n} {samples.protocol.unit}s of {part!r} alone"]


def _looked_for(samples: Samples) -> list[str]:
    """Which structures have masks, and of how many samples."""
    if not samples.structures or "annotated" not in samples.extras:
        return []
    numbers = samples.extras["annotated"].sum(axis=0)
    known = [f"{name} {int(n)}" for name, n in zip(samples.structures, numbers, strict=True) if n]
    return [f"structures looked for, {samples.protocol.unit}s: {', '.join(known) or 'none'}"]


def _copied(samples: Samples) -> list[str]:
    """How many samples the group's label vector would mislabel."""
    protocol = samples.protocol
    if protocol.group_unit is None:
        return []
    names, member = np.unique(np.asarray(samples.groups), return_inverse=True)
    groups, _ = to_groups(samples.labels, samples.labels.dense, samples.groups, protocol)
    wrong = (groups.dense[member] != samples.labels.dense).any(axis=1)
    uneven = len(np.unique(member[wrong]))
    return [
        f"copying the {protocol.group_unit}'s labels to each {protocol.unit} would mislabel "
        f"{int(wrong.sum())} of {len(samples)} ({100 * wrong.mean():.1f} %); "
        f"the {protocol.unit}s of {uneven} of {len(names)} {protocol.group_unit}s differ"
    ]
