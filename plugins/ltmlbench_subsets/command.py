"""``ltmlbench subsets``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltmlbench.plugin import DataError, RequestError, load, parse_spec, path_argument

if TYPE_CHECKING:
    import pandas as pd

    from ltmlbench.plugin import Division


def command(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """Divides the labels of a file into subsets and shows what that changes.

    FILE is CSV or the like (also packed, in any encoding), Excel, JSON, parquet, Arrow, npz, npy,
    ARFF or LibSVM text, or a folder of parts. It holds 0/1 columns (every column of nothing but 0
    and 1 is a label, unless --labels or --without says otherwise), or one column of tags
    (--column). What was taken for labels, what was not and why is printed first.

    Example: ltmlbench subsets songs.csv --column tags --out subsets
    """
    from ltmlbench.plugin import add_reading_flags, read_labels, reading_options

    parser.add_argument("file", type=path_argument, metavar="FILE")
    parser.add_argument("--generator", default="relational", help="see `ltmlbench list subsets`")
    parser.add_argument(
        "--n-subsets",
        type=int,
        metavar="K",
        help="how many (default: chosen from the label counts)",
    )
    parser.add_argument(
        "--out", type=path_argument, metavar="DIR", help="write subsets, rows and picture"
    )
    parser.add_argument(
        "--prototypes", type=path_argument, metavar="FILE", help=".npy: labels × features"
    )
    parser.add_argument("--negatives", type=float, default=1.0, help="negatives per positive row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--names-only", action="store_true", help="print only the label sets")
    add_reading_flags(parser)
    arguments = parser.parse_args(given)

    from ltmlbench.plugin import Division

    if not 0 <= arguments.negatives < float("inf"):
        raise RequestError(f"--negatives={arguments.negatives}: has to be a number, 0 or more")
    if arguments.out and arguments.out.exists() and not arguments.out.is_dir():
        raise RequestError(f"--out {arguments.out}: there is a file of this name; name a folder")
    spec = parse_spec(arguments.generator)
    if arguments.n_subsets is not None:
        options = {**dict(spec.options), "n_subsets": str(arguments.n_subsets)}
        spec = replace(spec, options=tuple(options.items()))
    generator = load("subsets", str(spec))
    file_options, label_options = reading_options(arguments)
    labelled = read_labels(arguments.file, label_options, file_options)
    labels = labelled.labels
    prototypes = _prototypes(arguments.prototypes, labels.n_labels)
    members = generator.generate(labels, prototypes=prototypes, seed=arguments.seed)
    if not members:
        raise DataError(f"{arguments.file}: {spec} made no subset of its labels")
    division = Division(labels, members)
    report = division.report(prototypes)
    account = "\n".join(labelled.account.lines())
    print(account + "\n", file=sys.stderr if arguments.names_only else sys.stdout)
    if arguments.names_only:
        print("\n".join("\t".join(map(_printable, names)) for names in division.names))
    else:
        _show(division, report, arguments.file, str(spec))
    if arguments.out:
        _write(division, report, arguments, str(spec))
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


def _show(division: Division, report: pd.DataFrame, file: Path, generator: str) -> None:
    from tabulate import tabulate

    labels = division.labels
    print(
        f"{file}: {labels.n_samples} samples, {labels.n_labels} labels, cardinality "
        f"{labels.cardinality:.3f}, imbalance ratio {labels.imbalance_ratio:.1f}\n"
    )
    table = report[report["subset"] != "left out"].dropna(axis="columns", how="all")
    table = table.astype(object).where(table.notna(), "")
    names = [_listed(n, 36) if k.isdigit() else "" for k, n in table[["subset", "labels"]].values]
    shown = table.assign(labels=names).rename(columns=_HEADERS)
    print(tabulate(shown.to_dict("list"), "keys", floatfmt=".3f", disable_numparse=[1]))
    print(f"\n{generator}: {verdict(report)}")
    if division.left_out:
        names = [f"{labels.names[c]} ({labels.counts[c]})" for c in division.left_out]
        number = f"{len(names)} of {labels.n_labels} labels"
        print(f"in no subset, {number} (samples): {_listed(names)}")


_HEADERS = {
    "n_labels": "n",
    "several_before": "several\nbefore",
    "several": "several\nafter",
    "r_co": "R_co",
    "r_im": "R_im",
    "r_sem": "R_sem",
}


def verdict(report: pd.DataFrame) -> str:
    """What a division gains, from `Division.report`, in words; and plainly if that is little."""
    rows: Any = report.to_dict("records")
    named = {row["subset"]: row for row in rows}
    before, after, chance = named["undivided"], named["all"], named["by chance"]
    parts = [row for row in rows if row["subset"].isdigit()]
    worst = max(parts, key=lambda row: row["several"])
    most = worst["several"]
    text = (
        f"samples with several labels {before['several']} -> {after['several']} (summed over "
        f"{len(parts)} subsets; at most {most} in one), imbalance {before['imbalance']:.1f} -> "
        f"{after['imbalance']:.1f}"
    )
    if not before["several"]:
        return text + "\nno sample has several labels: only the imbalance can become less"
    if 2 * most > before["several"]:
        return text + (
            "\nthis gains little: labels that all meet cannot be separated by so few subsets; "
            f"{most} of {before['several']} samples keep several labels in subset "
            f"{worst['subset']} alone"
        )
    if after["r_co"] > 0.9 * chance["r_co"]:
        return text + (
            f"\nthis separates no better than chance: {after['r_co']:.3f} of the co-occurrences "
            f"are left, {chance['r_co']:.3f} by a random division into subsets of these sizes"
        )
    return text


def _listed(names: Sequence[str], most: int = 60) -> str:
    """Names with commas between, as many as fit."""
    shown = [_shortened(_printable(name), 24) for name in names[:most]]
    return _shortened(", ".join(shown), most)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _printable(name: str) -> str:
    """Tabs, line ends and the like as they are written in Python."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _write(
    division: Division, report: pd.DataFrame, arguments: argparse.Namespace, spec: str
) -> None:
    import numpy as np
    import pandas as pd

    from ltmlbench.plugin import write_atomic, write_json
    from ltmlbench_subsets.picture import cooccurrence_picture

    out: Path = arguments.out
    plain = report.drop(columns=["labels"]).astype(object)
    rows = plain.where(report.notna(), None).to_dict("records")
    found = {row["subset"]: row for row in rows}
    described = [{**found[str(k)], "labels": list(names)} for k, names in enumerate(division.names)]
    content = {
        "file": arguments.file.name,
        "generator": spec,
        "seed": arguments.seed,
        "negatives": arguments.negatives,
        "n_samples": division.labels.n_samples,
        "undivided": found["undivided"],
        "all": found["all"],
        "by chance": found["by chance"],
        "subsets": described,
        "left_out": [division.labels.names[c] for c in division.left_out],
    }
    write_json(out / "subsets.json", content)
    written = ["subsets.json"]
    if not arguments.names_only:
        for k in range(len(division)):
            chosen = division.rows(k, negatives=arguments.negatives, seed=arguments.seed)
            positive = (division.positives(k)[chosen] > 0).astype(np.uint8)
            frame = pd.DataFrame({"row": chosen, "positive": positive})
            write_atomic(out / f"subset-{k}.csv", frame.to_csv(index=False))
        title = f"{arguments.file.name}: {spec}"
        write_atomic(out / "cooccurrence.png", cooccurrence_picture(division, title))
        written += [f"subset-0.csv to subset-{len(division) - 1}.csv", "cooccurrence.png"]
    print(f"\nwritten: {out}/ {', '.join(written)}")
