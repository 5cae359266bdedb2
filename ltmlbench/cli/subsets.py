"""``ltmlbench subsets``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltmlbench.cli.arguments import path_argument
from ltmlbench.errors import DataError, RequestError
from ltmlbench.registry import load
from ltmlbench.spec import parse_spec

if TYPE_CHECKING:
    from ltmlbench.subsets import Subsets


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Divides the labels of a file into subsets and shows what that changes.

    FILE is .csv, .tsv, .parquet, .npz, .arff or .jsonl, or a folder of .jsonl files. It holds 0/1
    columns (every column of nothing but 0 and 1 is a label, unless --labels says which), or one
    column of tags (--column). Nothing about the samples but their labels is read.
    """
    parser.add_argument("file", type=path_argument, metavar="FILE")
    parser.add_argument("--generator", default="relational", help="see `ltmlbench list subsets`")
    parser.add_argument(
        "--n-subsets", type=int, metavar="K", help="how many; without, by the number of labels"
    )
    parser.add_argument(
        "--out", type=path_argument, metavar="DIR", help="write subsets, rows and picture"
    )
    parser.add_argument("--column", help="the column, or JSON key, that holds tags")
    parser.add_argument("--separator", help="between tags in one cell")
    parser.add_argument("--labels", metavar="WHICH", help="names, last N, first -N, or MULAN .xml")
    parser.add_argument(
        "--prototypes", type=path_argument, metavar="FILE", help=".npy: labels × features"
    )
    parser.add_argument("--negatives", type=float, default=1.0, help="negatives per positive row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--names-only", action="store_true", help="print the label sets, no more")
    arguments = parser.parse_args(given)

    from ltmlbench.data.label_files import Reading, read_labels
    from ltmlbench.subsets import Subsets

    if not 0 <= arguments.negatives < float("inf"):
        raise RequestError(f"--negatives={arguments.negatives}: has to be a number, 0 or more")
    if arguments.out and arguments.out.exists() and not arguments.out.is_dir():
        raise RequestError(f"--out {arguments.out}: there is a file of this name; name a folder")
    spec = parse_spec(arguments.generator)
    if arguments.n_subsets is not None:
        options = {**dict(spec.options), "n_subsets": str(arguments.n_subsets)}
        spec = replace(spec, options=tuple(options.items()))
    generator = load("subsets", str(spec))
    reading = Reading(arguments.column, arguments.separator, arguments.labels)
    labels = read_labels(arguments.file, reading)
    prototypes = _prototypes(arguments.prototypes, labels.n_labels)
    members = generator.generate(labels, prototypes=prototypes, seed=arguments.seed)
    if not members:
        raise DataError(f"{arguments.file}: {spec} made no subset of its labels")
    subsets = Subsets(labels, members)
    if arguments.names_only:
        print("\n".join("\t".join(map(_printable, names)) for names in subsets.names))
    else:
        _show(subsets, arguments.file, str(spec), prototypes)
        if hasattr(generator, "max_labels"):
            _point_out(subsets, spec.name)
    if arguments.out:
        _write(subsets, arguments, str(spec), prototypes)
    return 0


def _prototypes(path: Path | None, n_labels: int) -> Any:
    import numpy as np

    if path is None:
        return None
    try:
        rows = np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{path}: {error}; an .npy file of labels × features is needed") from None
    if not isinstance(rows, np.ndarray) or rows.dtype.kind not in "biuf":
        raise DataError(f"{path}: an .npy file of labels × features, all numbers, is needed")
    if rows.ndim != 2 or len(rows) != n_labels:
        shape = " × ".join(map(str, rows.shape))
        raise DataError(f"{path}: {shape} does not fit {n_labels} labels, one row each")
    return rows


def _show(subsets: Subsets, file: Path, generator: str, prototypes: Any) -> None:
    from tabulate import tabulate

    labels = subsets.labels
    print(
        f"{file}: {labels.n_samples} samples, {labels.n_labels} labels, cardinality "
        f"{labels.cardinality:.3f}, imbalance ratio {labels.imbalance_ratio:.1f}\n"
    )
    report = subsets.report(prototypes).iloc[: 1 + len(subsets)]
    rows = report.dropna(axis="columns", how="all").to_dict("records")
    shown = [{**row, "labels": _listed(row["labels"])} for row in rows]
    shown[0]["labels"] = ""
    print(tabulate(shown, headers="keys", floatfmt=".3f"))
    undivided, divided = rows[0], rows[1:]
    print(
        f"\n{generator}: samples with several labels {undivided['multi_label']} -> "
        f"{sum(row['multi_label'] for row in divided)} (summed over {len(divided)} subsets)"
    )
    if subsets.left_out:
        names = [f"{labels.names[c]} ({labels.counts[c]})" for c in subsets.left_out]
        number = f"{len(names)} of {labels.n_labels} labels"
        print(f"in no subset, {number} (samples): {_listed(names)}")


def _point_out(subsets: Subsets, generator: str) -> None:
    """That one subset holds most labels, and what to do about it."""
    sizes = [len(block) for block in subsets.members]
    if len(sizes) > 2 and 2 * max(sizes) > sum(sizes):
        roomy = -(-3 * sum(sizes) // (2 * len(sizes)))
        print(
            f"subset {sizes.index(max(sizes))} holds {max(sizes)} of {sum(sizes)} labels; to bound "
            f'that: --generator "{generator}[max_labels={roomy}]"'
        )


def _listed(names: Sequence[str], most: int = 60) -> str:
    """Names with commas between, as many as fit."""
    shown = [_shortened(_printable(name), 24) for name in names[:most]]
    return _shortened(", ".join(shown), most)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _printable(name: str) -> str:
    """Tabs, line ends and the like as they are written in Python."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _write(subsets: Subsets, arguments: argparse.Namespace, spec: str, prototypes: Any) -> None:
    import numpy as np
    import pandas as pd

    from ltmlbench.report.cooccurrence import cooccurrence_picture
    from ltmlbench.store import write_atomic, write_json

    out: Path = arguments.out
    report = subsets.report(prototypes).drop(columns=["labels"])
    rows = report.astype(object).where(report.notna(), None).to_dict("records")
    described = [
        {**row, "labels": list(names)}
        for row, names in zip(rows[1 : 1 + len(subsets)], subsets.names, strict=True)
    ]
    content = {
        "file": arguments.file.name,
        "generator": spec,
        "seed": arguments.seed,
        "negatives": arguments.negatives,
        "n_samples": subsets.labels.n_samples,
        "undivided": rows[0],
        "subsets": described,
        "left_out": [subsets.labels.names[c] for c in subsets.left_out],
    }
    write_json(out / "subsets.json", content)
    written = ["subsets.json"]
    if not arguments.names_only:
        for k in range(len(subsets)):
            chosen = subsets.rows(k, negatives=arguments.negatives, seed=arguments.seed)
            positive = (subsets.positives(k)[chosen] > 0).astype(np.uint8)
            frame = pd.DataFrame({"row": chosen, "positive": positive})
            write_atomic(out / f"subset-{k}.csv", frame.to_csv(index=False))
        title = f"{arguments.file.name}: {spec}"
        write_atomic(out / "cooccurrence.png", cooccurrence_picture(subsets, title))
        written += [f"subset-0.csv to subset-{len(subsets) - 1}.csv", "cooccurrence.png"]
    print(f"\nwritten: {out}/ {', '.join(written)}")
