"""Which artifacts of a store an output folder refers to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ltmlbench.errors import DataError
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import read_json


@dataclass(frozen=True)
class Used:
    """What an output folder refers to.

    Args:
        identities: of its runs, and of all stages and samples its commands laid out.
        whole: False of a folder of an earlier version, which does not say which samples it used.
    """

    identities: frozenset[str]
    whole: bool


def used_by(folder: OutFolder) -> Used:
    """What an output folder refers to: all that its commands used, and what its runs were made of.

    Raises:
        DataError: it holds no benchmark, or a record that cannot be read: what it needs is unknown.
    """
    benchmark = folder.benchmark()
    noted = folder.uses()
    found = set(noted or ())
    for name in folder.run_names():
        if folder.begun(name, whole=False):
            run = folder.run(name)
            looked = run.explanation.identity if run.explanation else ""
            found |= {run.identity, run.model, looked, *run.inputs}
    found |= set(_shown(folder, benchmark.stages))
    return Used(frozenset(found - {""}), noted is not None)


def _shown(folder: OutFolder, stages: Sequence[str]) -> Iterator[str]:
    for name in stages:
        try:
            yield str(read_json(folder.stage_folder(name) / "stage.json").get("identity", ""))
        except (DataError, AttributeError):  # not made yet
            continue
